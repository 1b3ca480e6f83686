//! The user's own searches. Each is a stream with rows of one type. Pure.
//!
//! Source: Zendesk, "Export Search Results". The type is a parameter of its own, and Zendesk
//! refuses a query that names it too. So the type is taken out of what the user wrote.

use schemars::JsonSchema;
use serde::Deserialize;

use connector::config::Violation;

/// Built-in searches that need no query, by name. Every ticket is in one of the two.
const READY_MADE: [(&str, &str); 2] = [
    ("open_tickets", "type:ticket status<solved"),
    ("closed_tickets", "type:ticket status>=solved"),
];

/// The query that is sent if the user's query names a type and nothing else. Zendesk requires some
/// words, and everything was created after this date.
const EVERYTHING: &str = "created>=1970-01-01";

const TYPES: [(&str, SearchType); 4] = [
    ("ticket", SearchType::Ticket),
    ("user", SearchType::User),
    ("organization", SearchType::Organization),
    ("group", SearchType::Group),
];

/// A search as the user writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Search", extend("additionalProperties" = true))]
pub struct WrittenSearch {
    /// The name of the stream. `open_tickets` and `closed_tickets` are built in and need no query.
    #[schemars(
        title = "Name",
        extend(
            "order" = 0,
            "pattern" = "^[a-z][a-z0-9_]{0,62}$",
            "pattern_descriptor" = "lower_case_name",
            "examples" = ["open_tickets", "closed_tickets", "urgent_tickets"]
        )
    )]
    pub name: String,
    /// A query of Zendesk's search. It must contain one type: `type:ticket`, `type:user`,
    /// `type:organization` or `type:group`.
    #[schemars(
        with = "String",
        title = "Query",
        extend("order" = 1, "examples" = ["type:ticket priority:urgent status<solved"])
    )]
    #[serde(default)]
    pub query: Option<String>,
}

/// A search that is a stream of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub name: String,
    pub of: SearchType,
    /// The query without its type.
    pub words: String,
}

/// The type of rows that a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchType {
    Ticket,
    User,
    Organization,
    Group,
}

impl SearchType {
    /// Zendesk's name for the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(_, of)| *of == self).map_or("", |(name, _)| name)
    }
}

/// The searches that the configuration asks for.
///
/// # Errors
/// Every [`Violation`] at once.
pub(super) fn searches(written: Vec<WrittenSearch>) -> Result<Vec<Search>, Vec<Violation>> {
    let mut searches: Vec<Search> = Vec::new();
    let mut violations = Vec::new();
    for (at, WrittenSearch { name, query }) in written.into_iter().enumerate() {
        let mut refuse = |key: &str, what: &str| {
            let field = format!("search_queries.{at}.{key}");
            violations.push(Violation { field, what: format!("the search `{name}` {what}") });
        };
        if searches.iter().any(|other| other.name == name) {
            refuse("name", "is used twice");
        }
        let ready_made = READY_MADE.iter().find(|(ready, _)| *ready == name);
        let query = query.filter(|query| !query.trim().is_empty());
        let Some(query) = query.or(ready_made.map(|(_, query)| (*query).to_owned())) else {
            refuse("query", "has no query: only `open_tickets` and `closed_tickets` are built in");
            continue;
        };
        match typed(&query) {
            Ok((of, words)) => searches.push(Search { name, of, words }),
            Err(what) => refuse("query", what),
        }
    }
    if violations.is_empty() { Ok(searches) } else { Err(violations) }
}

/// The type that a query names, and the rest of the query.
fn typed(query: &str) -> Result<(SearchType, String), &'static str> {
    let (types, rest): (Vec<&str>, Vec<&str>) =
        words(query).into_iter().partition(|word| type_of(word).is_some());
    let mut types = types.into_iter().filter_map(type_of).map(|name| {
        let found = TYPES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        found.map(|(_, of)| *of)
    });
    let Some(first) = types.next() else {
        return Err("has no type: add type:ticket, type:user, type:organization or type:group");
    };
    if types.any(|other| other != first) {
        return Err("has several types: write one query for each type");
    }
    let of = first
        .ok_or("has a type that cannot be exported: use ticket, user, organization or group")?;
    let rest = if rest.is_empty() { EVERYTHING.to_owned() } else { rest.join(" ") };
    Ok((of, rest))
}

fn type_of(word: &str) -> Option<&str> {
    let (key, name) = word.split_once(':')?;
    key.eq_ignore_ascii_case("type").then(|| name.trim_matches('"'))
}

/// The words of a query. White space in quotes does not separate words.
fn words(query: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let is_edge = |character: char| {
        is_quoted ^= character == '"';
        !is_quoted && character.is_whitespace()
    };
    query.split(is_edge).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(name: &str, query: Option<&str>) -> Result<Vec<Search>, Vec<Violation>> {
        searches(vec![WrittenSearch { name: name.into(), query: query.map(Into::into) }])
    }

    fn words_of(query: &str) -> (SearchType, String) {
        let mut searches = searched("q", Some(query)).unwrap();
        let search = searches.remove(0);
        (search.of, search.words)
    }

    #[test]
    fn the_type_is_taken_out_of_a_query_wherever_it_stands() {
        let found = |of, words: &str| (of, words.to_owned());
        assert_eq!(
            words_of("type:ticket status<solved"),
            found(SearchType::Ticket, "status<solved")
        );
        assert_eq!(words_of("role:agent  Type:\"User\""), found(SearchType::User, "role:agent"));
        assert_eq!(
            words_of("subject:\"a type:user b\" type:organization type:organization"),
            found(SearchType::Organization, "subject:\"a type:user b\"")
        );
        assert_eq!(words_of("type:group"), found(SearchType::Group, "created>=1970-01-01"));
    }

    #[test]
    fn two_searches_are_ready_made_and_switched_on_by_their_names() {
        let words = |name| searched(name, None).unwrap().remove(0).words;
        assert_eq!(
            (words("open_tickets"), words("closed_tickets")),
            ("status<solved".into(), "status>=solved".into())
        );
        let own = searched("open_tickets", Some("type:ticket status:open")).unwrap();
        assert_eq!(own[0].words, "status:open");
    }

    #[test]
    fn what_cannot_be_a_search_is_refused_by_its_name() {
        for (query, told) in [
            (None, "no query"),
            (Some("  "), "no query"),
            (Some("status<solved"), "has no type"),
            (Some("\"type:ticket\""), "has no type"),
            (Some("-type:ticket"), "has no type"),
            (Some("type: ticket"), "cannot be exported"),
            (Some("type:article x"), "cannot be exported"),
            (Some("type:ticket type:user"), "several types"),
        ] {
            let violations = searched("late", query).unwrap_err();
            assert_eq!(violations.len(), 1);
            let violation = violations[0].to_string();
            assert!(
                violation.starts_with("search_queries.0.query: the search `late` "),
                "{violation}"
            );
            assert!(violation.contains(told), "{violation}");
        }
        let twice = vec![
            WrittenSearch { name: "open_tickets".into(), query: None },
            WrittenSearch { name: "open_tickets".into(), query: None },
        ];
        assert_eq!(searches(twice).unwrap_err()[0].field, "search_queries.1.name");
    }
}
