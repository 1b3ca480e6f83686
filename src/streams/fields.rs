//! The listings of fields. They stand apart, because rows are read by them and they are streams too.

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
