//! Omnichannel routing: which agents are available, their capacity, and their engagements.
//!
//! Sources: Zendesk, Agent Availability API; Unified Agent Statuses; Capacity Rules; Omnichannel
//! Engagements.

use super::access::{ADMIN, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::Feed;
use super::prose::prose;
use super::rows::{Lists, RowsAt, Step};
use super::schema::schema;
use super::sources::Source::{Included, ListName, Of, TimeOf};
use super::stream::Stream;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

const DEFAULT_STATUSES: &[&str] = &["default"];
const CUSTOM_STATUSES: &[&str] = &["custom"];

static AGENT_STATUSES: Feed =
    Feed::listing("agent_statuses", "agent_availabilities/agent_statuses", DEFAULT_STATUSES);

static AGENT_AVAILABILITIES: Feed = Feed {
    buckets: &[Bucket::Account, Bucket::AgentAvailabilities],
    ..Feed::listing("agent_availabilities", "agent_availabilities", &["data"])
};

/// Zendesk's page shows a bare list. Programs that read the listing expect `data`.
static CAPACITY_RULES: Feed =
    Feed { or_at: &[&[]], ..Feed::single("capacity_rules", "capacity/rules", &["data"]) };

static CAPACITY_RULE_ASSIGNEES: Feed =
    Feed::listing("capacity_rule_assignees", "capacity/rules/assignees", &["assignees"]);

/// An engagement is listed when it has ended. Zendesk may notice the end late.
const NOTICED_LATE_SECONDS: i64 = 3600;

/// The listing accepts a start time. Zendesk does not document whether that is unix seconds or a
/// text. In the wrong format it might leave rows out, so it is not sent.
static ENGAGEMENTS: Feed = Feed {
    paging: Paging::NextUrl,
    or_at: &[&["data"]],
    settles_in_seconds: NOTICED_LATE_SECONDS,
    kept_days: Some(90),
    ..Feed::listing("engagements", "engagements", &["agent_engagement_data"])
};

const ROUTING: AccessRule = AccessRule {
    plan: Some("Suite or Support Professional"),
    feature: Some("omnichannel routing"),
    ..ADMIN
};

pub(super) fn streams() -> Vec<Stream> {
    vec![statuses(), availabilities(), rules(), assignees(), engagements()]
}

fn statuses() -> Stream {
    Stream {
        rows: RowsAt {
            lists: Lists::Several(&[("default", DEFAULT_STATUSES), ("custom", CUSTOM_STATUSES)]),
            ..RowsAt::inside(&[Step::Into("attributes")])
        },
        splice: &[("id", Of(0, "id")), ("kind", ListName), ("type", Of(0, "type"))],
        access: AccessRule { feature: Some("unified agent statuses"), ..ROUTING },
        documentation: prose(
            "https://developer.zendesk.com/api-reference/agent-availability/unified-agent-status-api/unified_agent_statuses/",
        ),
        about: prose(
            "Statuses that agents can choose, with the channels that each one opens. `kind` is \
             `default` for Zendesk's own and `custom` for the account's.",
        ),
        limitations: prose("Deleted statuses; a full refresh drops them."),
        ..Stream::listed("agent_statuses", &AGENT_STATUSES, schema!("agent_statuses"))
    }
}

fn availabilities() -> Stream {
    Stream {
        rows: RowsAt::inside(&[Step::Into("attributes")]),
        primary_key: &["agent_id"],
        splice: &[("id", Of(0, "id")), ("channels", Included("channels"))],
        deleted_rows: DeletedRows::None,
        access: ADMIN,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/agent-availability/agent-availability-api/agent_availabilities/",
        ),
        about: prose(
            "Current availability of each agent: the status, and for each channel its status, \
             the current work and the capacity. If you append the rows of each sync, you get a \
             history.",
        ),
        limitations: prose(
            "Changes between two syncs. The work items: Zendesk sends only some of \
             them. The status if omnichannel routing is off. Zendesk does not document how many \
             rows a page may have.",
        ),
        ..Stream::listed(
            "agent_availabilities",
            &AGENT_AVAILABILITIES,
            schema!("agent_availabilities"),
        )
    }
}

fn rules() -> Stream {
    Stream {
        cursor: Cursor::of("last_updated_at", CursorFormat::Iso),
        access: ROUTING,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/agent-availability/capacity-rules/capacity_rules_api/",
        ),
        about: prose(
            "Capacity rules: how much work of each channel an agent gets at the same \
            time.",
        ),
        limitations: prose(
            "Deleted rules; a full refresh drops them. The full list of assignees of a rule, \
             which `capacity_rule_assignees` has.",
        ),
        ..Stream::listed("capacity_rules", &CAPACITY_RULES, schema!("capacity_rules"))
    }
}

fn assignees() -> Stream {
    Stream {
        primary_key: &["agent_id", "capacity_rule_id"],
        access: ROUTING,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/agent-availability/capacity-rules/assignees_api/",
        ),
        about: prose("Which agent has which capacity rule."),
        limitations: prose("Removed assignments; a full refresh drops them."),
        ..Stream::listed(
            "capacity_rule_assignees",
            &CAPACITY_RULE_ASSIGNEES,
            schema!("capacity_rule_assignees"),
        )
    }
}

fn engagements() -> Stream {
    Stream {
        primary_key: &["engagement_id"],
        cursor: Cursor::of("engagement_end_time", CursorFormat::Iso),
        dated: true,
        // Zendesk's times are UTC and do not say so.
        splice: &[
            ("engagement_start_time", TimeOf(0, "engagement_start_time")),
            ("engagement_end_time", TimeOf(0, "engagement_end_time")),
        ],
        access: ROUTING,
        deleted_rows: DeletedRows::None,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/agent-availability/omnichannel-engagements/omnichannel_engagements/",
        ),
        about: prose(
            "Engagements: the work of an agent on a ticket of messaging or e-mail, from the \
             assignment to the end, with messages, replies and waiting times. Zendesk keeps them \
             for 90 days.",
        ),
        limitations: prose(
            "Engagements that have not ended, that are older than 90 days, or that are listed \
             more than an hour after their end. The listing was not tried on a real account. \
             Each sync reads all 90 days, because the format of the start time is not known. It \
             is not known either whether the administrator's role is needed.",
        ),
        ..Stream::listed("engagements", &ENGAGEMENTS, schema!("engagements"))
    }
}
