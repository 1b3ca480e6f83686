//! Organizations that were merged into others.
//!
//! Source: Zendesk, Organizations, "List Organization Merges".

use super::access::ADMIN;
use super::cursor::{Cursor, CursorFormat};
use super::feed::{Feed, Parent};
use super::people::INCREMENTAL_ORGANIZATIONS;
use super::prose::prose;
use super::schema::schema;
use super::sources::Source::Filled;
use super::stream::Stream;

/// The key that makes an organization a parent. A merge deletes the organization that is merged
/// into the other, so only deleted organizations are asked for merges.
const DELETED: &str = "deleted_at";

static ORGANIZATION_MERGES: Feed = Feed {
    parent: Some(Parent {
        only_with: Some(DELETED),
        ..Parent::of(
            &INCREMENTAL_ORGANIZATIONS,
            // No merge tells a time of its own.
            &[("organization_id", "id"), ("organization_deleted_at", DELETED)],
        )
    }),
    ..Feed::listing(
        "organization_merges",
        "organizations/{organization_id}/merges",
        &["organization_merges"],
    )
};

pub(super) fn streams() -> Vec<Stream> {
    vec![Stream {
        cursor: Some(Cursor {
            field: "organization_deleted_at",
            format: CursorFormat::Unix,
            formerly: &[],
            parents: &[("organizations", "updated_at")],
        }),
        splice: &[
            ("organization_id", Filled("organization_id")),
            ("organization_deleted_at", Filled("organization_deleted_at")),
        ],
        access: ADMIN,
        scope: "organizations:read",
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#list-organization-merges",
        ),
        about: prose(
            "Merges of organizations. A merge deletes the losing organization, \
             so the stream takes one request for each deleted organization and none for the \
             others. A merge comes again when the winning organization is deleted too.",
        ),
        limitations: prose(
            "Merges that have not yet deleted an organization, and failed merges. Merges of \
             deleted organizations for which Zendesk gives no answer; the log says how many. \
             Zendesk does not document whether it answers.",
        ),
        ..Stream::listed(
            "organization_merges",
            &ORGANIZATION_MERGES,
            schema!("organization_merges"),
        )
    }]
}
