//! How the account is set up.

use super::{Cursor, CursorFormat, Feed, Gate, Order, PageRows, Role, RowsAt, Stream};
use crate::zendesk::budget::Bucket;
use crate::zendesk::paging::Paging;

static CUSTOM_ROLES: Feed = Feed {
    name: "custom_roles",
    path: "custom_roles.json",
    query: &[],
    paging: Paging::Single,
    order: Order::Other,
    list: &["custom_roles"],
    buckets: &[Bucket::Account],
    page: PageRows::Most,
    parent: None,
};

pub(super) fn streams() -> Vec<Stream> {
    vec![Stream {
        name: "custom_roles",
        feed: &CUSTOM_ROLES,
        rows: RowsAt::Listed,
        include: None,
        primary_key: &["id"],
        cursor: Some(Cursor {
            field: "updated_at",
            format: CursorFormat::Iso,
            formerly: &[],
            parents: &[],
        }),
        dated: false,
        drop: &[],
        splice: &[],
        deletion: None,
        gate: Gate { role: Role::Agent, plan: Some("Enterprise"), feature: None },
        scope: "read",
        schema: include_str!("../../schemas/custom_roles.json"),
        documentation: "https://developer.zendesk.com/api-reference/ticketing/account-configuration/custom_roles/",
        about: "Custom agent roles and what each may do.",
        unseen: "Deleted roles; a full refresh drops them.",
    }]
}
