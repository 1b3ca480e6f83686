//! Brands, and what each of them has of its own: a help center with its community, which answers at
//! the brand's own host.
//!
//! Source: Zendesk, "Brands" and "Help Center: Articles". The main host has one brand's help center.

use super::feed::{Feed, Host};
use super::sources::{Source, Splice};
use super::stream::Stream;
use zendesk::budget::Bucket;

pub static BRANDS: Feed = Feed::listing("brands", "brands.json", &["brands"]);

/// The column, and the placeholder, that tell whose help center a row is of.
pub const BRAND_ID: &str = "brand_id";

/// Rows of help centers do not say which they are of.
pub(super) const BRAND: Splice = (BRAND_ID, Source::Filled(BRAND_ID));

impl Feed {
    /// A listing that the help center of each brand has. All of them draw on the help centers' pool.
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
