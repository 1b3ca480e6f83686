//! Events of skills: which skills existed, and which agents and tickets had them.
//!
//! Source: Zendesk, Incremental Exports, "Incremental Skill-Based Routing".

use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::{Feed, Order};
use super::prose::prose;
use super::routing::SKILLS;
use super::schema::schema;
use super::stream::Stream;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// An export of events. It begins at the first event, and its events are not in the order of their
/// times. Zendesk does not say whether the limit of incremental exports counts these requests.
/// Their path suggests it.
const fn events(name: &'static str, path: &'static str, list: &'static [&'static str]) -> Feed {
    Feed {
        paging: Paging::UntilEmpty,
        order: Order::ByCursor,
        buckets: &[Bucket::Account, Bucket::Incremental],
        ..Feed::listing(name, path, list)
    }
}

static ATTRIBUTES: Feed =
    events("routing_attribute_events", "incremental/routing/attributes.json", &["attributes"]);

static VALUES: Feed = events(
    "routing_attribute_value_events",
    "incremental/routing/attribute_values.json",
    &["attribute_values"],
);

static INSTANCES: Feed = events(
    "routing_instance_value_events",
    "incremental/routing/instance_values.json",
    &["instance_values"],
);

const DOCS: &str = "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_skill_based_routing/";

/// The limitations of all three streams.
const UNSEEN: &str = "Zendesk does not document how long it keeps these events, and how long it \
    accepts a cursor.";

pub(super) fn streams() -> Vec<Stream> {
    let of = |name, feed, schema| Stream {
        primary_key: &["id", "type", "time"],
        cursor: Cursor::of("time", CursorFormat::Iso),
        access: SKILLS,
        deleted_rows: DeletedRows::None,
        documentation: prose(DOCS),
        limitations: prose(UNSEEN),
        ..Stream::listed(name, feed, schema)
    };
    vec![
        Stream {
            about: prose("Events of kinds of skills: created, updated or deleted."),
            ..of("routing_attribute_events", &ATTRIBUTES, schema!("routing_attribute_events"))
        },
        Stream {
            about: prose("Events of skills: created, updated or deleted."),
            ..of(
                "routing_attribute_value_events",
                &VALUES,
                schema!("routing_attribute_value_events"),
            )
        },
        Stream {
            about: prose(
                "Skills that were added to agents and tickets, or removed from them. \
                 `instance_id` is the agent or the ticket, as `type` says. No other stream \
                 reports which skills a ticket needed.",
            ),
            ..of(
                "routing_instance_value_events",
                &INSTANCES,
                schema!("routing_instance_value_events"),
            )
        },
    ]
}
