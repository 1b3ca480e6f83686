//! Data around tickets: their fields and forms, ratings, skips, activities, side conversations.

use super::access::{ADMIN, ANY_AGENT, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::{DeletedRows, Deletion, DeletionMarker};
use super::feed::{ChangeSource, Feed, Order, Parent, TimeFilter};
use super::fields::TICKET_FIELDS;
use super::prose::prose;
use super::rows::{Lists, RowsAt, Step};
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;
use super::support::INCREMENTAL_TICKETS;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// A rating that changes within this time after its creation is seen by the next read.
const RATINGS_OVERLAP_SECONDS: i64 = 86_400;

const LIST_OF_TICKET_FIELDS: &[&str] = &["ticket_fields"];
const LIST_OF_USER_FIELDS: &[&str] = &["user_fields"];
const LIST_OF_ORGANIZATION_FIELDS: &[&str] = &["organization_fields"];

/// Zendesk lists the options of one field at a time, and has no such listing for fields of
/// organizations. But each field carries all its options (Zendesk, "Ticket Fields": up to 2,000 of
/// them).
static FIELD_OPTIONS: Feed = Feed {
    more: &[
        ("user_fields.json", LIST_OF_USER_FIELDS),
        ("organization_fields.json", LIST_OF_ORGANIZATION_FIELDS),
    ],
    buckets: &[Bucket::Account, Bucket::TicketFields],
    ..Feed::listing("field_options", "ticket_fields.json", LIST_OF_TICKET_FIELDS)
};

/// The listing's rows are under the key that holds links of paging in other listings.
static JIRA_LINKS: Feed = Feed::listing("jira_links", "jira/links", &["links"]);

static TICKET_FORM_STATUSES: Feed =
    Feed::single("ticket_form_statuses", "ticket_form_statuses.json", &["ticket_form_statuses"]);

pub(super) static TICKET_FORMS: Feed =
    Feed::single("ticket_forms", "ticket_forms.json", &["ticket_forms"]);

static TICKET_SKIPS: Feed = Feed::listing("ticket_skips", "skips.json", &["skips"]);

static TICKET_ACTIVITIES: Feed = Feed {
    kept_days: Some(30),
    ..Feed::listing("ticket_activities", "activities.json", &["activities"])
};

pub(super) static SATISFACTION_RATINGS: Feed = Feed {
    since: TimeFilter::Created { overlap_seconds: RATINGS_OVERLAP_SECONDS },
    ..Feed::listing("satisfaction_ratings", "satisfaction_ratings.json", &["satisfaction_ratings"])
};

static SIDE_CONVERSATIONS: Feed = Feed {
    paging: Paging::Offset,
    order: Order::Other,
    parent: Some(Parent {
        told_by: Some(ChangeSource::Events(&SIDE_CONVERSATION_EVENTS)),
        ..Parent::of(&INCREMENTAL_TICKETS, &[("ticket_id", "id")])
    }),
    ..Feed::listing(
        "side_conversations",
        "tickets/{ticket_id}/side_conversations.json",
        &["side_conversations"],
    )
};

pub(super) static SIDE_CONVERSATION_EVENTS: Feed = Feed {
    paging: Paging::Since,
    buckets: &[Bucket::Account, Bucket::SideConversationEvents],
    ..Feed::listing("side_conversation_events", "tickets/side_conversations/events", &["events"])
};

static CUSTOM_STATUSES: Feed =
    Feed::single("custom_statuses", "custom_statuses.json", &["custom_statuses"]);

/// Source: Zendesk, "Managing suspended tickets". Suspended tickets are deleted after 14 days.
static SUSPENDED_TICKETS: Feed = Feed {
    kept_days: Some(14),
    ..Feed::listing("suspended_tickets", "suspended_tickets.json", &["suspended_tickets"])
};

static SATISFACTION_REASONS: Feed =
    Feed::single("satisfaction_reasons", "satisfaction_reasons.json", &["reasons"]);

/// No key of a row says when the row changed.
static CSAT_SURVEY_RESPONSES: Feed =
    Feed::listing("csat_survey_responses", "guide/survey_responses", &["survey_responses"]);

/// The path has a language. The account's languages are not requested, because each language should
/// have the same surveys.
static CSAT_SURVEYS: Feed = Feed {
    query: &[("filter[types]", "CUSTOMER_SATISFACTION")],
    ..Feed::listing("csat_surveys", "guide/en-us/surveys", &["surveys"])
};

/// The access for several ticket forms and their settings.
pub(super) const SEVERAL_FORMS: AccessRule =
    AccessRule { plan: Some("Suite Growth or Support Enterprise"), ..ANY_AGENT };

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            count: Some("ticket_fields/count.json"),
            cursor: Cursor::UPDATED,
            scope: "tickets:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/",
            ),
            about: prose("System and custom fields of tickets, with the options to choose from."),
            limitations: prose("Deleted fields; a full refresh drops them."),
            ..Stream::listed("ticket_fields", &TICKET_FIELDS, schema!("ticket_fields"))
        },
        Stream {
            rows: RowsAt {
                lists: Lists::Several(&[
                    ("ticket", LIST_OF_TICKET_FIELDS),
                    ("user", LIST_OF_USER_FIELDS),
                    ("organization", LIST_OF_ORGANIZATION_FIELDS),
                ]),
                ..RowsAt::inside(&[Step::Each("custom_field_options")])
            },
            primary_key: &["object_type", "field_id", "id"],
            splice: &[
                ("object_type", Source::ListName),
                ("field_id", Source::Of(0, "id")),
                ("field_key", Source::Of(0, "key")),
                ("field_title", Source::Of(0, "title")),
                ("field_type", Source::Of(0, "type")),
            ],
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/",
            ),
            about: prose(
                "Options of every custom dropdown and multiselect field of tickets, users and \
                 organizations, with one row for each option. Inactive fields are included.",
            ),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "ticket_field_options",
                &FIELD_OPTIONS,
                schema!("ticket_field_options"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: SEVERAL_FORMS,
            scope: "tickets:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_forms/",
            ),
            about: prose("Ticket forms, inactive ones included, with their fields and conditions."),
            limitations: prose("Deleted forms; a full refresh drops them."),
            ..Stream::listed("ticket_forms", &TICKET_FORMS, schema!("ticket_forms"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            dated: true,
            scope: "tickets:read",
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_skips/",
            ),
            about: prose("Tickets that agents skipped in guided mode, and why."),
            limitations: prose(
                "Skips of archived tickets, which Zendesk's listing leaves out in every mode. \
                 Older skips of a deleted ticket that was restored.",
            ),
            ..Stream::listed("ticket_skips", &TICKET_SKIPS, schema!("ticket_skips"))
        },
        Stream {
            count: Some("activities/count.json"),
            cursor: Cursor::UPDATED,
            dated: true,
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/activity_stream/",
            ),
            about: prose(
                "Activities on the signed-in user's tickets: assignments, comments and \
                priorities.",
            ),
            limitations: prose(
                "Activities of other users. Activities older than thirty days, \
                which Zendesk drops.",
            ),
            ..Stream::listed("ticket_activities", &TICKET_ACTIVITIES, schema!("ticket_activities"))
        },
        Stream {
            count: Some("satisfaction_ratings/count.json"),
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            access: ADMIN,
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_ratings/",
            ),
            about: prose(
                "Satisfaction ratings that were offered to requesters or given by them, with \
                 score, reason and comment.",
            ),
            limitations: prose(
                "Ratings created more than a day before the start date. Changes of ratings that \
                 were created more than a day before the last read arrive within a week, when \
                 all ratings are read again.",
            ),
            ..Stream::listed(
                "satisfaction_ratings",
                &SATISFACTION_RATINGS,
                schema!("satisfaction_ratings"),
            )
        },
        Stream {
            cursor: Cursor::below(&[("tickets", "generated_timestamp")], CursorFormat::Iso),
            dated: true,
            access: AccessRule { feature: Some("side conversations"), ..ADMIN },
            scope: "tickets:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/side_conversation/side_conversation/",
            ),
            about: prose("Side conversations of every ticket, closed ones included."),
            limitations: prose(
                "Deletions. If Zendesk gives no answer for the events of side conversations, \
                 changes that do not update the ticket arrive within a week.",
            ),
            ..Stream::listed(
                "side_conversations",
                &SIDE_CONVERSATIONS,
                schema!("side_conversations"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "tickets:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/custom_ticket_statuses/",
            ),
            about: prose(
                "Statuses that tickets can have, inactive ones included, with their names for agents and for end users.",
            ),
            limitations: prose("Deleted statuses; a full refresh drops them."),
            ..Stream::listed("custom_statuses", &CUSTOM_STATUSES, schema!("custom_statuses"))
        },
        Stream {
            access: AccessRule { feature: Some("custom ticket statuses"), ..ANY_AGENT },
            scope: "tickets:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_form_statuses/",
            ),
            about: prose("Which statuses a ticket can have in which form."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "ticket_form_statuses",
                &TICKET_FORM_STATUSES,
                schema!("ticket_form_statuses"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { feature: Some("the Jira integration"), ..ADMIN },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/jira/links/",
            ),
            about: prose("Which ticket is linked to which issue of Jira."),
            limitations: prose(
                "Removed links; a full refresh drops them. The largest size of a page is not \
                 known, so each request asks for 100 rows.",
            ),
            ..Stream::listed("jira_links", &JIRA_LINKS, schema!("jira_links"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            dated: true,
            access: AccessRule {
                feature: Some("the permission to manage suspended tickets"),
                ..ANY_AGENT
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/suspended_tickets/",
            ),
            about: prose("E-mail that did not become a ticket, and why."),
            limitations: prose(
                "Recovered or deleted suspended tickets; a full refresh drops them. Suspended \
                 tickets older than fourteen days, which Zendesk drops.",
            ),
            ..Stream::listed("suspended_tickets", &SUSPENDED_TICKETS, schema!("suspended_tickets"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            deletion: Some(Deletion { sign: DeletionMarker::Time("deleted_at"), at: "deleted_at" }),
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_reasons/",
            ),
            about: prose("Reasons that requesters can give for a bad rating."),
            limitations: prose("Reasons that Zendesk no longer lists; a full refresh drops them."),
            ..Stream::listed(
                "satisfaction_reasons",
                &SATISFACTION_REASONS,
                schema!("satisfaction_reasons"),
            )
        },
        Stream {
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/csat_survey_responses/",
            ),
            about: prose(
                "Responses to the account's own satisfaction surveys, by ticket or conversation.",
            ),
            limitations: prose(
                "There is no incremental read, because a row has no time of its last change.",
            ),
            ..Stream::listed(
                "csat_survey_responses",
                &CSAT_SURVEY_RESPONSES,
                schema!("csat_survey_responses"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ANY_AGENT },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/csat_surveys/",
            ),
            about: prose(
                "Satisfaction surveys with their questions. `csat_survey_responses` has the \
                 answers.",
            ),
            limitations: prose(
                "Deleted surveys; a full refresh drops them. Older versions of a survey, because \
                 Zendesk lists only the newest. Texts in languages other than English (`en-us`). \
                 It is not known what an account without `en-us` answers.",
            ),
            ..Stream::listed("csat_surveys", &CSAT_SURVEYS, schema!("csat_surveys"))
        },
    ]
}
