//! Approval requests. Source: Zendesk, Approval Requests.

use super::{Resource, Stamp, plain};
use crate::account::table::Order;
use crate::listings::{ADMINS, Dialect, Listing, pages};
use crate::rows::approvals;

pub(super) const RESOURCES: &[Resource] = &[Resource {
    tiny: 11,
    stamp: Stamp::None,
    listings: &[Listing {
        dialect: Dialect::AfterCursor,
        gate: ADMINS,
        ..pages("approval_requests", "approval_requests", Order::Created)
    }],
    ..plain("approval_requests", "subject", approvals::approval_request)
}];
