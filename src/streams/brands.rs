//! Brands, and what each of them has of its own: a help center with its community, which answers at
//! the brand's own host.
//!
//! Source: Zendesk, "Brands" and "Help Center: Articles". The main host has one brand's help center.

use super::feed::Feed;
use super::rows::Splice;
use super::stream::Stream;
use crate::zendesk::budget::Bucket;

pub static BRANDS: Feed = Feed::listing("brands", "brands.json", &["brands"]);

/// The column, and the placeholder, that tell whose help center a row is of.
pub const BRAND_ID: &str = "brand_id";

/// Rows of help centers do not say which they are of.
pub(super) const BRAND: Splice = Splice::Filled { key: BRAND_ID, placeholder: BRAND_ID };

impl Feed {
    /// Whether each brand has a listing of its own: those that draw on the help center's pool.
    #[must_use]
    pub fn is_of_brands(&self) -> bool {
        self.buckets.contains(&Bucket::HelpCenter)
    }
}

impl Stream {
    /// A stream of the listed rows of help centers.
    pub(super) fn of_help_centers(
        name: &'static str,
        feed: &'static Feed,
        schema: &'static str,
    ) -> Self {
        Self { splice: &[BRAND], scope: "hc:read", ..Self::listed(name, feed, schema) }
    }
}
