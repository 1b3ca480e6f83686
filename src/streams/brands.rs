//! Brands, and the feeds that each brand has of its own. A brand can have a help center with a
//! community, which answers at the brand's own host.
//!
//! Source: Zendesk, "Brands" and "Help Center: Articles". The main host has one brand's help
//! center.

use super::feed::{Feed, Host};
use super::sources::{Source, Splice};
use super::stream::Stream;
use zendesk::budget::Bucket;

pub static BRANDS: Feed = Feed::listing("brands", "brands.json", &["brands"]);

/// The column, and the placeholder, for the brand whose help center has the row.
pub const BRAND_ID: &str = "brand_id";

/// Adds the brand to a row. Rows of help centers do not name their help center.
pub(super) const BRAND: Splice = (BRAND_ID, Source::Filled(BRAND_ID));

impl Feed {
    /// A listing that each brand's help center has. All of them draw on the help centers' bucket.
    pub(super) const fn of_help_centers(
        name: &'static str,
        path: &'static str,
        list: &'static [&'static str],
    ) -> Self {
        Self {
            host: Host::EachBrand,
            buckets: &[Bucket::HelpCenter],
            ..Self::listing(name, path, list)
        }
    }
}

impl Stream {
    /// A stream of the listed rows of help centers.
    pub(super) const fn of_help_centers(
        name: &'static str,
        feed: &'static Feed,
        schema: &'static str,
    ) -> Self {
        Self { splice: &[BRAND], scope: "hc:read", ..Self::listed(name, feed, schema) }
    }
}
