//! Turns what the user writes into what the program needs. The spec is derived from the types of
//! what the user writes, and every configuration is validated against that very spec.

use std::sync::Arc;

use connector::config::{Account, Read, Violation};

mod searches;
mod spec;
mod start;
mod written;

pub use searches::{Search, SearchType};
pub use spec::connection_specification;
pub use start::Start;
pub use written::{
    Naming, TicketAuditsHistory, TicketScope, TicketsHistory, Values, WrittenConfig,
};

use searches::searches;

/// The share of each limit that may be used if the user sets none, in percent. What other programs
/// use is respected in any case.
const DEFAULT_PERCENT: u32 = 100;

/// The largest file that Airbyte's platform documents, in megabytes.
const DEFAULT_FILE_LIMIT_MB: u64 = 1500;

/// Which files of rows are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLimits {
    pub largest_bytes: u64,
    /// Patterns of content types. Empty: all types.
    pub types: Vec<String>,
    /// Whether images inside texts are fetched.
    pub inline: bool,
}

/// What the program needs to know.
#[derive(Debug)]
pub struct Config {
    pub account: Arc<Account>,
    pub start: Start,
    /// The largest page of ticket events, in rows. `None`: automatic.
    pub event_page_rows: Option<u32>,
    /// The column with the time when a row was deleted. `None`: there is no such column.
    pub deleted_at_field: Option<String>,
    /// Whether full refreshes leave deleted rows out.
    pub exclude_deleted: bool,
    pub ticket_scope: TicketScope,
    pub tickets_history: TicketsHistory,
    pub ticket_audits_history: TicketAuditsHistory,
    /// How far before its cursor a search begins again.
    pub search_lookback_seconds: i64,
    /// How the columns of custom fields are named. `None`: there are no such columns.
    pub custom_field_columns: Option<Naming>,
    /// Whether there are labels beside the tags.
    pub custom_field_labels: bool,
    /// Searches that are streams of their own.
    pub searches: Vec<Search>,
    /// Streams that are offered only if the user asks for them.
    pub extra_streams: Vec<String>,
    /// The associated data that is loaded into the rows of tickets.
    pub associated_data: Vec<String>,
    /// Whether the start date limits users too.
    pub users_from_start_date: bool,
    /// The roles of the users that are read. Empty: all.
    pub user_roles: Vec<String>,
    pub files: FileLimits,
    /// The brands whose help centers are read, by subdomain, in lower case. Empty: all.
    pub help_center_brands: Vec<String>,
}

impl Config {
    /// Parses a configuration and checks all of it.
    ///
    /// # Errors
    /// Every [`Violation`] at once.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<Violation>> {
        let Read { as_written, account, own: written } =
            connector::config::read::<WrittenConfig>(text, &connection_specification())?;
        let mut violations = Vec::new();
        let mut refuse = |field: &str, what: String| {
            violations.push(Violation { field: field.into(), what });
        };
        let start = written.start_date.as_deref().map_or(Ok(Start::default()), |text| {
            start::start(text).ok_or_else(|| refuse("start_date", "is not a valid date".into()))
        });
        let searches = searches(written.search_queries.unwrap_or_default());
        let searches = searches.map_err(|more| violations.extend(more));
        let account = Account::new(account, as_written, DEFAULT_PERCENT);
        let account = account.map_err(|more| violations.extend(more));
        let (Ok(account), Ok(start), Ok(searches)) = (account, start, searches) else {
            return Err(violations);
        };
        let lookback_days = written.ticket_search_lookback_days.unwrap_or_default();
        let lookback_days = i64::try_from(lookback_days).unwrap_or(i64::MAX);
        let rows = written.page_size.and_then(|rows| u32::try_from(rows).ok());
        Ok(Self {
            account: Arc::new(account),
            start,
            event_page_rows: rows.filter(|rows| *rows != 100),
            deleted_at_field: written.deleted_at_field,
            exclude_deleted: written.exclude_deleted.unwrap_or_default(),
            ticket_scope: written.ticket_scope.unwrap_or_default(),
            tickets_history: written.tickets_history.unwrap_or_default(),
            ticket_audits_history: written.ticket_audits_history.unwrap_or_default(),
            search_lookback_seconds: lookback_days.saturating_mul(86_400),
            custom_field_columns: (written.custom_fields == Some(Values::Columns))
                .then(|| written.custom_field_names.unwrap_or_default()),
            custom_field_labels: written.custom_field_labels.unwrap_or_default(),
            searches,
            extra_streams: written.extra_streams.unwrap_or_default(),
            associated_data: written.associated_data.unwrap_or_default(),
            users_from_start_date: written.users_from_start_date.unwrap_or_default(),
            user_roles: written.user_roles.unwrap_or_default(),
            files: FileLimits {
                largest_bytes: written
                    .attachment_size_limit_mb
                    .unwrap_or(DEFAULT_FILE_LIMIT_MB)
                    .saturating_mul(1_000_000),
                types: written.attachment_types.unwrap_or_default(),
                inline: written.attachment_inline_images.unwrap_or_default(),
            },
            help_center_brands: written
                .help_center_brands
                .unwrap_or_default()
                .iter()
                .map(|brand| brand.to_ascii_lowercase())
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        let violations = Config::parse(text.as_bytes()).unwrap_err();
        violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_config_of_airbytes_connector_works_unchanged() {
        let config = Config::parse(
            br#"{"subdomain":"acme","start_date":"2020-10-15T00:00:00Z","num_workers":4,"page_size":100,
                "ignore_pagination":false,"subscription_tier":"team","ticket_search_lookback_days":0,
                "credentials":{"credentials":"api_token","email":"a@b.c","api_token":"secret123","extra":1}}"#,
        )
        .unwrap();
        assert_eq!((config.account.subdomain.as_str(), config.account.workers), ("acme", 4));
        assert_eq!((config.start, config.event_page_rows), (Start::At(1_602_720_000), None));
        assert!(!format!("{config:?}").contains("secret123"));
    }

    #[test]
    fn every_violation_is_told_at_once_by_field_and_without_its_value() {
        let text = r#"{"subdomain":5,"start_date":"2020","num_workers":41,"page_size":"many secret",
            "credentials":{"credentials":"api_token","api_token":7}}"#;
        let violations = Config::parse(text.as_bytes()).unwrap_err();
        let mut fields: Vec<&str> =
            violations.iter().map(|violation| violation.field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(
            fields,
            [
                "credentials.api_token",
                "credentials.email",
                "num_workers",
                "page_size",
                "start_date",
                "subdomain"
            ]
        );
        let told = violations.iter().map(ToString::to_string).collect::<String>();
        assert!(!told.contains("secret"), "{told}");
        assert!(told.contains("email"), "{told}");
    }

    #[test]
    fn a_password_is_refused_once_and_a_word_that_is_not_known_with_all_that_are() {
        let told = |text: &str| {
            let violations = Config::parse(text.as_bytes()).unwrap_err();
            violations.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let of_password =
            told(r#"{"subdomain":"acme","credentials":{"credentials":"password","password":"x"}}"#);
        assert!(of_password.len() == 1 && of_password[0].contains("2026-01-12"), "{of_password:?}");
        let of_word = told(
            r#"{"subdomain":"acme","extra_streams":["ticket_history"],
                "credentials":{"credentials":"oauth2.0","access_token":"x"}}"#,
        );
        assert!(of_word.len() == 1, "{of_word:?}");
        for word in ["extra_streams.0: must be one of", "ticket_field_history", "tickets_search"] {
            assert!(of_word[0].contains(word), "{of_word:?}");
        }
        assert!(!of_word[0].contains("\"ticket_history\""), "{of_word:?}");
    }

    #[test]
    fn a_pattern_that_is_not_kept_is_told_in_words() {
        let text = r#"{"subdomain":"acme","start_date":"2020","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let told: Vec<String> =
            Config::parse(text.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("YYYY-MM-DDTHH:mm:ssZ"), "{told:?}");
        assert!(!told[0].contains('^'), "{told:?}");
    }

    #[test]
    fn what_is_no_config_is_refused_by_name() {
        assert_eq!(fields("{"), ["config"]);
        assert_eq!(fields("[]"), ["config"]);
        assert_eq!(fields("{}"), ["subdomain"]);
        assert_eq!(fields(r#"{"subdomain":"acme"}"#), ["credentials"]);
        assert_eq!(fields(r#"{"subdomain":"acme","credentials":{}}"#), ["credentials.credentials"]);
        assert_eq!(
            fields(
                r#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"},"start_date":"2020-13-45T00:00:00Z"}"#
            ),
            ["start_date"]
        );
    }
}
