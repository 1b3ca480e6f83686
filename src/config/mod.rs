//! What the user writes, and what the program needs. The spec is derived from the first and every
//! config is validated against that very spec.

use std::fmt;

use serde_json::Value;

use crate::secret::Secret;

mod searches;
mod spec;
mod start;
mod subdomain;
mod tidy;
mod violation;
mod violations;
mod written;

pub use searches::{Search, SearchType};
pub use spec::connection_specification;
pub use start::Start;
pub use subdomain::is_host_label;
pub use violation::Violation;
pub use written::{
    Credentials, Naming, TicketAuditsHistory, TicketScope, TicketsHistory, Values, WrittenConfig,
};

use searches::searches;
use subdomain::subdomain;
use tidy::tidy;
use violations::{too_long, violations};

const DEFAULT_WORKERS: usize = 3;

/// What Airbyte's platform documents as the largest file.
const DEFAULT_FILE_LIMIT_MB: u64 = 1500;

/// The whole config as it was written, secrets and all, for the one message that hands it back.
/// Its Debug shows nothing of it.
pub struct Written(Value);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl Written {
    /// The config with new tokens in place of the old. `ends_at` is written as ISO 8601; a token
    /// without an end has no date.
    #[must_use]
    pub fn with_tokens(
        &self,
        access_token: &Secret,
        refresh_token: Option<&Secret>,
        ends_at: Option<String>,
    ) -> Value {
        let mut config = self.0.clone();
        if let Some(credentials) = config.get_mut("credentials").and_then(Value::as_object_mut) {
            credentials.insert("access_token".into(), access_token.expose().into());
            if let Some(refresh_token) = refresh_token {
                credentials.insert("refresh_token".into(), refresh_token.expose().into());
            }
            credentials.insert("token_expiry_date".into(), ends_at.into());
        }
        config
    }
}

/// Which files of rows are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLimits {
    pub largest_bytes: u64,
    /// Patterns of content types; none means all of them.
    pub types: Vec<String>,
    /// Whether images inside texts are fetched.
    pub inline: bool,
}

/// What the program needs to know.
#[derive(Debug)]
pub struct Config {
    pub written: Written,
    /// The account's host label, `acme`.
    pub subdomain: String,
    pub credentials: Credentials,
    pub start: Start,
    /// Requests in flight at once.
    pub workers: usize,
    /// The share of each limit that may be used, per cent.
    pub quota_percent: u32,
    /// The largest page of ticket events; none for automatic.
    pub event_page_rows: Option<u32>,
    /// The column that tells when a row was deleted.
    pub deleted_at_field: Option<String>,
    /// Whether full refreshes leave deleted rows out.
    pub exclude_deleted: bool,
    pub ticket_scope: TicketScope,
    pub tickets_history: TicketsHistory,
    pub ticket_audits_history: TicketAuditsHistory,
    /// How long before its cursor a search begins again.
    pub search_lookback_seconds: i64,
    /// What the columns of custom fields are called; none when there are none.
    pub custom_field_columns: Option<Naming>,
    /// Whether labels stand beside their tags.
    pub custom_field_labels: bool,
    /// Searches that are streams of their own.
    pub searches: Vec<Search>,
    /// Streams that are offered only to those who ask for them.
    pub extra_streams: Vec<String>,
    /// What is loaded into the rows of tickets besides.
    pub associated_data: Vec<String>,
    /// Whether the start date bounds users too.
    pub users_from_start_date: bool,
    /// The roles of users that are read; none for all.
    pub user_roles: Vec<String>,
    pub files: FileLimits,
    /// The brands whose help centers are read, by subdomain, in small letters; none for all.
    pub help_center_brands: Vec<String>,
}

impl Config {
    /// Reads a config and checks all of it.
    ///
    /// # Errors
    /// Every [`Violation`] at once.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<Violation>> {
        let whole = |what: &str| vec![Violation { field: "config".into(), what: what.into() }];
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            // The parser's own words may quote the text, and the text may be a secret.
            let (line, column) = (error.line(), error.column());
            whole(&format!("is not valid JSON (at line {line} column {column})"))
        })?;
        let Value::Object(mut object) = value else { return Err(whole("is not a JSON object")) };
        let as_written = Written(Value::Object(object.clone()));
        tidy(&mut object);
        let value = Value::Object(object);
        let mut violations = violations(&value);
        violations.extend(too_long(&value));
        if !violations.is_empty() {
            return Err(violations);
        }
        let written: WrittenConfig = serde_json::from_value(value)
            .map_err(|_| whole("does not have the shape that the spec describes"))?;
        let mut refuse = |field: &str, what: String| {
            violations.push(Violation { field: field.into(), what });
        };
        let subdomain = subdomain(&written.subdomain).map_err(|what| refuse("subdomain", what));
        let start = written.start_date.as_deref().map_or(Ok(Start::default()), |text| {
            start::start(text).ok_or_else(|| refuse("start_date", "is no date that exists".into()))
        });
        let credentials = written.credentials.ok_or_else(|| {
            refuse("credentials", "is missing: choose one way of signing in".into());
        });
        let searches = searches(written.search_queries.unwrap_or_default());
        let searches = searches.map_err(|more| violations.extend(more));
        let (Ok(subdomain), Ok(credentials), Ok(start), Ok(searches)) =
            (subdomain, credentials, start, searches)
        else {
            return Err(violations);
        };
        let workers = written.num_workers.and_then(|workers| usize::try_from(workers).ok());
        let percent = written.api_quota_percent.and_then(|percent| u32::try_from(percent).ok());
        let lookback_days = written.ticket_search_lookback_days.unwrap_or_default();
        let lookback_days = i64::try_from(lookback_days).unwrap_or(i64::MAX);
        let rows = written.page_size.and_then(|rows| u32::try_from(rows).ok());
        Ok(Self {
            written: as_written,
            subdomain,
            credentials,
            start,
            workers: workers.unwrap_or(DEFAULT_WORKERS).clamp(1, 40),
            quota_percent: percent.unwrap_or(100).clamp(1, 100),
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
        assert_eq!((config.subdomain.as_str(), config.workers), ("acme", 4));
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
                "credentials",
                "credentials.api_token",
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
        assert_eq!(fields("{}"), ["config"]);
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
