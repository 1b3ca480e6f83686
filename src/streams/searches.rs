//! Streams of the user's own searches. They are made from the configuration, where all others are
//! literals; like the registry they live as long as the program, so what a literal would hold is
//! leaked, once for each search.

use serde_json::json;

use super::feed::Feed;
use super::prose::prose;
use super::rows::Column;
use super::schema::schema;
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
        SearchType::Ticket => schema!("tickets"),
        SearchType::User => schema!("users"),
        SearchType::Organization => schema!("organizations"),
        SearchType::Group => schema!("groups"),
    };
    Stream {
        columns: vec![result_type()],
        documentation: prose(DOCS),
        about: prose("What a search of `search_queries` finds."),
        limitations: prose(
            "There is no incremental read; a full refresh drops what is found no more.",
        ),
        ..Stream::listed(name, Box::leak(Box::new(feed)), schema)
    }
}
