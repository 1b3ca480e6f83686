//! Streams of the user's own searches. They are made from the configuration, where all others are
//! literals; like the registry they live as long as the program, so what a literal would hold is
//! leaked, once for each search.

use serde_json::json;

use super::feed::Feed;
use super::rows::Column;
use super::stream::Stream;
use crate::config::{Config, Search, SearchType};
use crate::zendesk::budget::Bucket;
use crate::zendesk::paging::Paging;

pub(super) const DOCS: &str = "https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results";

/// What a found row has besides: of which type it is.
pub(super) fn result_type() -> Column {
    Column { name: "result_type", schema: json!({ "type": ["null", "string"] }) }
}

pub(super) fn streams(config: &Config) -> Vec<Stream> {
    config.searches.iter().map(stream).collect()
}

/// Source: Zendesk, "Export Search Results".
fn stream(search: &Search) -> Stream {
    let (name, words): (&'static str, &'static str) =
        (search.name.clone().leak(), search.words.clone().leak());
    let feed = Feed {
        query: vec![("query", words), ("filter[type]", search.of.name())].leak(),
        words_of: Some("search_queries"),
        paging: Paging::Search,
        buckets: &[Bucket::Account, Bucket::SearchExport],
        ..Feed::listing(format!("search_query_{name}").leak(), "search/export.json", &["results"])
    };
    let schema = match search.of {
        SearchType::Ticket => include_str!("../../schemas/tickets.json"),
        SearchType::User => include_str!("../../schemas/users.json"),
        SearchType::Organization => include_str!("../../schemas/organizations.json"),
        SearchType::Group => include_str!("../../schemas/groups.json"),
    };
    Stream {
        columns: vec![result_type()],
        documentation: DOCS,
        about: "What a search of `search_queries` finds.",
        limitations: "There is no incremental read; a full refresh drops what is found no more.",
        ..Stream::listed(name, Box::leak(Box::new(feed)), schema)
    }
}
