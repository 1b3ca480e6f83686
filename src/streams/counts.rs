//! The request that counts the rows of a read from the beginning. Pure.

use super::query_options::QueryOption;
use super::resolved::ResolvedStream;
use crate::config::{Config, TicketScope};
use zendesk::timestamp;

/// Count endpoints below `/api/v2/`, each with the type that has the same rows in the search index.
/// The search index can count the rows that changed since a time.
const SEARCHED: &[(&str, &str)] = &[("tickets/count.json", "ticket"), ("users/count.json", "user")];

/// A request for a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// The count of all rows, at this path.
    Whole(&'static str),
    /// The count of rows of a type in the search index that changed since the bound.
    Changed { of: &'static str },
}

impl Count {
    /// The path of the request, below `/api/v2/`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        match self {
            Self::Whole(path) => path,
            Self::Changed { .. } => "search/count.json",
        }
    }

    /// The query of the request. It counts rows that changed since `bound`, unix seconds.
    #[must_use]
    pub fn query(&self, bound: Option<i64>) -> Vec<(&'static str, String)> {
        match self {
            Self::Whole(_) => Vec::new(),
            Self::Changed { of } => {
                let since = timestamp::to_iso(bound.unwrap_or_default());
                vec![("query", format!("type:{of} updated>={since}"))]
            }
        }
    }
}

impl ResolvedStream {
    /// The count of the rows that a read from the beginning delivers. If `start_date` bounds the
    /// stream, only rows since then count. `None` if there is no such count, or if an option leaves
    /// out some of the rows.
    #[must_use]
    pub fn counted(&self, config: &Config) -> Option<Count> {
        let is_support = |(_, choice): &(&str, QueryOption)| *choice == QueryOption::Support;
        let is_scoped =
            config.ticket_scope != TicketScope::All && self.feed.choices.iter().any(is_support);
        // A search counts its own windows, and that index is asked no more than it takes.
        let is_searched = self.feed.searched_key().is_some();
        let is_part = is_scoped || is_searched || self.kept.is_some();
        let path = self.count.filter(|_| !is_part)?;
        if !self.dated {
            return Some(Count::Whole(path));
        }
        let of = SEARCHED.iter().find(|(counted, _)| *counted == path).map(|(_, of)| *of)?;
        Some(Count::Changed { of })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::streams::registry;

    fn counted(name: &str, option: &str, value: Value) -> Option<Count> {
        let mut config = json!({ "subdomain": "acme", "credentials": { "credentials": "oauth2.0", "access_token": "t" } });
        config[option] = value;
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        let stream = registry(&config).into_iter().find(|stream| stream.name == name).unwrap();
        stream.counted(&config)
    }

    #[test]
    fn what_will_be_read_is_counted_or_nothing() {
        let tickets = Some(Count::Changed { of: "ticket" });
        assert_eq!(counted("tickets", "ticket_scope", json!("all")), tickets);
        assert_eq!(counted("ticket_metrics", "ticket_scope", json!("all")), tickets);
        assert_eq!(counted("tickets", "ticket_scope", json!("human")), None);
        assert_eq!(counted("tickets", "tickets_history", json!("search")), None);
        assert_eq!(counted("users", "user_roles", json!(["agent"])), None);
        assert!(counted("users", "user_roles", json!([])).is_some());
        assert_eq!(
            counted("groups", "user_roles", json!([])),
            Some(Count::Whole("groups/count.json"))
        );
        assert_eq!(counted("satisfaction_ratings", "user_roles", json!([])), None);
        let query = Count::Changed { of: "ticket" }.query(Some(1_704_067_200));
        assert_eq!(query, [("query", "type:ticket updated>=2024-01-01T00:00:00Z".to_owned())]);
    }
}
