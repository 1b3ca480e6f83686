//! Organizations that were merged into others.
//! Source: Zendesk, Organizations, "List Organization Merges".

use super::{Resource, Stamp, child};
use crate::account::table::Order;
use crate::listings::{ADMINS, Dialect, Listing, View, pages, scope};
use crate::rows::merges;

pub(super) const RESOURCES: &[Resource] = &[Resource {
    tiny: 15,
    stamp: Stamp::None,
    listings: &[Listing {
        dialect: Dialect::Cursor,
        view: View::Children,
        gate: scope(ADMINS, "organizations"),
        ..pages("organizations/{}/merges", "organization_merges", Order::Id)
    }],
    ..child("organization_merges", "organizations", merges::organization_merge)
}];
