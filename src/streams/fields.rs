//! The listings of fields. They have a file of their own because they are streams, and other
//! streams read their rows with them.

use super::feed::Feed;
use zendesk::budget::Bucket;

pub(super) static USER_FIELDS: Feed =
    Feed::listing("user_fields", "user_fields.json", &["user_fields"]);

pub(super) static ORGANIZATION_FIELDS: Feed =
    Feed::listing("organization_fields", "organization_fields.json", &["organization_fields"]);

pub(super) static TICKET_FIELDS: Feed = Feed {
    buckets: &[Bucket::Account, Bucket::TicketFields],
    ..Feed::listing("ticket_fields", "ticket_fields.json", &["ticket_fields"])
};
