//! Fetches all rows of a small listing, such as the account's custom objects, custom fields or
//! brands.

use serde_json::Value;

use crate::config::Config;
use crate::streams::ResolvedFeed;
use crate::sync::WalkError;
use crate::sync::listing::pager::{Listing, Pager};
use zendesk::client::Client;
use zendesk::error::{ApiError, ErrorKind};
use zendesk::page::Page;

/// All rows of a listing at the main host.
///
/// # Errors
/// [`WalkError`] when the listing cannot be read to its end, or one of its rows is not valid JSON.
pub async fn rows(
    client: &Client,
    feed: &ResolvedFeed,
    path: String,
    config: &Config,
) -> Result<Vec<Value>, WalkError> {
    let listing = Listing::new(feed, path, &[], client.new_walk(), config);
    let (start, size) = (feed.paging.start(None), feed.page_size(config));
    let mut pager = Pager::new(client, listing, start, size);
    let mut rows = Vec::new();
    while let Some(fetched) = pager.next().await? {
        let page = &fetched.page;
        is_whole(page, feed)?;
        let listed = page.lists.iter().flat_map(|list| &list.rows);
        rows.extend(listed.filter_map(|row| serde_json::from_slice(page.text.raw(row.span)).ok()));
    }
    Ok(rows)
}

/// Refuses a page if one of its rows was held back. What that row says is not known, and the caller
/// needs all rows.
///
/// # Errors
/// [`WalkError`] that names the row.
fn is_whole(page: &Page, feed: &ResolvedFeed) -> Result<(), WalkError> {
    let mending = page.mending.as_ref().filter(|mending| mending.lost > 0);
    let Some(row) = mending.and_then(|mending| mending.named.last()) else { return Ok(()) };
    let id = row.id.as_ref().map(|id| format!(" with id {id}")).unwrap_or_default();
    Err(WalkError::Api(ApiError {
        kind: ErrorKind::Unreadable,
        status: None,
        request: format!("GET /api/v2/{}", feed.path()),
        detail: format!("row {}{id} is not valid JSON", row.index + 1),
        again_in: None,
        is_zendesks: false,
    }))
}
