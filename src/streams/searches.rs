//! Streams of the user's own searches: one declaration, with the texts of each search.

use std::borrow::Cow;

use serde_json::json;

use super::family::Family;
use super::feed::Feed;
use super::prose::prose;
use super::resolved::ResolvedStream;
use super::resolved_feed::{FeedWords, ResolvedFeed};
use super::rows::Column;
use super::schema::schema;
use super::stream::Stream;
use crate::config::{Config, Search, SearchType};
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

pub(super) const DOCS: &str = "https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results";

/// The extra column of a found row: the type of the row.
pub(super) const RESULT_TYPE: Column =
    Column { name: "result_type", schema: || json!({ "type": ["null", "string"] }) };

/// Source: Zendesk, "Export Search Results".
static SEARCH: Feed = Feed {
    words_of: Some("search_queries"),
    paging: Paging::LargeCursor,
    buckets: &[Bucket::Account, Bucket::SearchExport],
    ..Feed::listing("search_query_", "search/export.json", &["results"])
};

pub(super) fn streams(config: &Config) -> impl Iterator<Item = ResolvedStream> {
    config.searches.iter().map(stream)
}

fn stream(search: &Search) -> ResolvedStream {
    let schema = match search.of {
        SearchType::Ticket => schema!("tickets"),
        SearchType::User => schema!("users"),
        SearchType::Organization => schema!("organizations"),
        SearchType::Group => schema!("groups"),
    };
    let declared = Stream {
        columns: &[RESULT_TYPE],
        documentation: prose(DOCS),
        about: prose("The results of a search in `search_queries`."),
        limitations: prose(
            "There is no incremental read; a full refresh drops rows that the search no longer \
             finds.",
        ),
        ..Stream::listed("", &SEARCH, schema)
    };
    let words = FeedWords {
        name: format!("{}{}", SEARCH.name, search.name),
        path: SEARCH.path.to_owned(),
        query: vec![("query", search.words.clone()), ("filter[type]", search.of.name().to_owned())],
    };
    ResolvedStream {
        name: Cow::Owned(search.name.clone()),
        feed: ResolvedFeed::with_words(&SEARCH, words),
        ..ResolvedStream::declared(declared, Family::Tickets)
    }
}
