//! Small listings that say how others are read: which custom objects there are, which brands.

use serde_json::Value;

use crate::config::Config;
use crate::streams::Feed;
use crate::sync::WalkError;
use crate::sync::pager::{Listing, Pager};
use crate::zendesk::client::Client;
use crate::zendesk::paging::Token;

/// All rows of a listing at the main host.
///
/// # Errors
/// [`WalkError`] when it cannot be read to its end.
pub async fn rows(
    client: &Client,
    feed: &'static Feed,
    path: String,
    walk: u64,
    config: &Config,
) -> Result<Vec<Value>, WalkError> {
    let listing = Listing::new(feed, path, &[], walk, config);
    let mut pager = Pager::new(client, &listing, Token::First, feed.page_size(config));
    let mut rows = Vec::new();
    while let Some(fetched) = pager.next().await? {
        let page = &fetched.page;
        let listed = page.lists.iter().flat_map(|list| &list.rows);
        rows.extend(listed.filter_map(|row| serde_json::from_slice(page.text.raw(row.span)).ok()));
    }
    Ok(rows)
}
