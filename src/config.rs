//! What the user writes, and what the program needs. The spec is derived from the first and every
//! config is validated against that very spec; property names are those of Airbyte's connector,
//! so that an existing config works unchanged.

use std::fmt;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::secret::Secret;

/// Seconds of the two years that a first read goes back when no start date is given.
const DEFAULT_HISTORY_SECONDS: i64 = 730 * 86_400;

const DEFAULT_WORKERS: usize = 3;

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "airbyte_secret": true })
    }
}

/// The configuration as the user writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Source Zendesk Support Spec", extend("additionalProperties" = true))]
#[serde(rename_all = "snake_case")]
pub struct WrittenConfig {
    /// Your Zendesk subdomain: `acme` for https://acme.zendesk.com. The whole address works too.
    #[schemars(title = "Subdomain", extend("order" = 0, "examples" = ["acme"]))]
    pub subdomain: String,

    /// How to sign in. OAuth with client credentials suits unattended syncs best; API tokens can
    /// no longer be created and stop on 2027-04-30.
    #[schemars(with = "Credentials", title = "Authentication", extend("type" = "object", "order" = 1))]
    #[serde(default)]
    pub credentials: Option<Credentials>,

    /// UTC date and time from which tickets and everything about them, users, ratings, audit logs
    /// and posts are read. Empty: the last two years. What other rows point at, such as
    /// organizations and groups, is always complete.
    #[schemars(
        with = "String",
        title = "Start Date",
        extend(
            "order" = 2,
            "format" = "date-time",
            "pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
            "pattern_descriptor" = "YYYY-MM-DDTHH:mm:ssZ",
            "examples" = ["2020-10-15T00:00:00Z"]
        )
    )]
    #[serde(default)]
    pub start_date: Option<String>,

    /// Requests that may be in flight at once, over all streams together.
    #[schemars(
        with = "u64",
        title = "Number of concurrent threads",
        range(min = 1, max = 40),
        extend("order" = 3, "default" = 3, "examples" = [1, 3, 10])
    )]
    #[serde(default)]
    pub num_workers: Option<u64>,

    /// Events per request of the ticket_comments and ticket_events streams. 100 is automatic: the
    /// page grows to 1000 while answers are quick. Any other value is the largest page asked for.
    #[schemars(
        with = "u64",
        title = "Page Size (ticket_comments)",
        range(min = 1, max = 1000),
        extend("order" = 4, "default" = 100, "examples" = [100, 250, 500])
    )]
    #[serde(default)]
    pub page_size: Option<u64>,

    /// The share of each of Zendesk's limits that may be used, per cent. Less leaves more to the
    /// account's other programs; what those use is seen and respected in any case.
    #[schemars(
        with = "u64",
        title = "Share of the API quota",
        range(min = 1, max = 100),
        extend("order" = 10, "default" = 100, "examples" = [100, 50, 25])
    )]
    #[serde(default)]
    pub api_quota_percent: Option<u64>,

    /// A column that tells when a row was deleted in Zendesk, null while it lives, in every stream
    /// that sees deletions. Named `_ab_cdc_deleted_at`, Airbyte's destinations delete the row; any
    /// other name marks it. When it is set, tickets brings deleted tickets too.
    #[schemars(
        with = "String",
        title = "Deletion Column",
        extend(
            "order" = 5,
            "pattern" = "^[A-Za-z_][A-Za-z0-9_]{0,62}$",
            "examples" = ["_ab_cdc_deleted_at", "_landed_deleted_at"]
        )
    )]
    #[serde(default)]
    pub deleted_at_field: Option<String>,

    /// Leave deleted rows out of full refreshes. An incremental stream cannot leave them out
    /// without keeping their older rows for ever, so there it needs the deletion column.
    #[schemars(with = "bool", title = "Exclude Deleted Records", extend("order" = 6, "default" = false))]
    #[serde(default)]
    pub exclude_deleted: Option<bool>,

    /// Which tickets and ticket events to read, by who holds the ticket: humans, AI agents, or
    /// both. After a change, reset these streams: what was left out before does not come later.
    #[schemars(with = "TicketScope", title = "Ticket Scope", extend("type" = "string", "order" = 7, "default" = "all"))]
    #[serde(default)]
    pub ticket_scope: Option<TicketScope>,

    /// Where tickets come from. `incremental`, the incremental export, is complete. `search`, the
    /// search index, is faster and may be stale: it does not see changes that make no ticket event.
    /// `search_then_incremental` brings the search's tickets first, and then the export has the
    /// last word on every one.
    #[schemars(with = "TicketsHistory", title = "Tickets History", extend("type" = "string", "order" = 9, "default" = "incremental"))]
    #[serde(default)]
    pub tickets_history: Option<TicketsHistory>,

    /// Days before the last read from which tickets are searched again, where they come from the
    /// search index. 0 is fifteen minutes, by which the index usually lags.
    #[schemars(
        with = "u64",
        title = "Tickets Search Lookback Window (days)",
        range(min = 0),
        extend("order" = 8, "default" = 0, "examples" = [0, 7, 30])
    )]
    #[serde(default)]
    pub ticket_search_lookback_days: Option<u64>,

    /// Where ticket audits come from. `listing`, Zendesk's list of audits, leaves out archived
    /// tickets. `events`, the export of ticket events, has them, in columns that differ: the docs
    /// say which.
    #[schemars(
        with = "TicketAuditsHistory",
        title = "Ticket Audits History",
        extend("type" = "string", "order" = 14, "default" = "listing")
    )]
    #[serde(default)]
    pub ticket_audits_history: Option<TicketAuditsHistory>,
}

/// Where ticket audits come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketAuditsHistory {
    #[default]
    Listing,
    Events,
}

/// Where tickets come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketsHistory {
    #[default]
    Incremental,
    Search,
    SearchThenIncremental,
}

/// Who holds the tickets that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketScope {
    #[default]
    All,
    Human,
    Ai,
}

/// How to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "credentials")]
pub enum Credentials {
    #[serde(rename = "oauth2_refresh")]
    #[schemars(title = "OAuth2.0 with Refresh Token", extend("additionalProperties" = true))]
    Refresh {
        /// The unique identifier of your OAuth client.
        #[schemars(title = "Client ID", extend("order" = 1))]
        client_id: Secret,
        /// The secret of your OAuth client.
        #[schemars(title = "Client Secret", extend("order" = 2))]
        client_secret: Secret,
        /// The current access token; renewed by itself.
        #[schemars(with = "Secret", title = "Access Token", extend("order" = 3))]
        #[serde(default)]
        access_token: Option<Secret>,
        /// When the access token ends; kept by itself.
        #[schemars(with = "String", title = "Token Expiry Date", extend("order" = 4, "format" = "date-time"))]
        #[serde(default)]
        token_expiry_date: Option<String>,
        /// The refresh token. It works once and must serve no other source.
        #[schemars(title = "Refresh Token", extend("order" = 5))]
        refresh_token: Secret,
    },
    #[serde(rename = "api_token")]
    #[schemars(title = "API Token", extend("additionalProperties" = true))]
    ApiToken {
        /// The e-mail address of the user whom the token belongs to.
        #[schemars(title = "Email", extend("order" = 1))]
        email: String,
        /// The API token. Zendesk stops all API tokens on 2027-04-30.
        #[schemars(title = "API Token", extend("order" = 2))]
        api_token: Secret,
    },
    #[serde(rename = "oauth2.0")]
    #[schemars(title = "OAuth2.0 (Legacy)", extend("additionalProperties" = true))]
    Legacy {
        /// An OAuth access token that does not expire. Zendesk stops them on 2027-04-01.
        #[schemars(title = "Access Token", extend("order" = 1))]
        access_token: Secret,
        /// The unique identifier of your OAuth client.
        #[schemars(with = "Secret", title = "Client ID", extend("order" = 2))]
        #[serde(default)]
        client_id: Option<Secret>,
        /// The secret of your OAuth client.
        #[schemars(with = "Secret", title = "Client Secret", extend("order" = 3))]
        #[serde(default)]
        client_secret: Option<Secret>,
    },
    #[serde(rename = "oauth2_client_credentials")]
    #[schemars(title = "OAuth2.0 with Client Credentials", extend("additionalProperties" = true))]
    ClientCredentials {
        /// The unique identifier of your confidential OAuth client.
        #[schemars(title = "Client ID", extend("order" = 1))]
        client_id: Secret,
        /// The secret of your OAuth client.
        #[schemars(title = "Client Secret", extend("order" = 2))]
        client_secret: Secret,
        /// Scopes to ask for, separated by blanks. Empty: `read`.
        #[schemars(with = "String", title = "Scope", extend("order" = 3))]
        #[serde(default)]
        scope: Option<String>,
    },
}

impl Credentials {
    /// Whether requests are signed with an access token, which has scopes and may end.
    #[must_use]
    pub fn is_oauth(&self) -> bool {
        !matches!(self, Self::ApiToken { .. })
    }
}

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

/// What the program needs to know.
#[derive(Debug)]
pub struct Config {
    pub written: Written,
    /// The account's host label, `acme`.
    pub subdomain: String,
    pub credentials: Credentials,
    /// Unix seconds; none for the default.
    pub start_date: Option<i64>,
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
}

/// Something in a config that is not as it should be. Never holds a value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub field: String,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
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
        drop_nulls(&mut object);
        let value = Value::Object(object);
        let mut violations = violations(&value);
        if !violations.is_empty() {
            return Err(violations);
        }
        let written: WrittenConfig = serde_json::from_value(value)
            .map_err(|_| whole("does not have the shape that the spec describes"))?;
        let mut refuse = |field: &str, what: String| {
            violations.push(Violation { field: field.into(), what });
        };
        let subdomain = subdomain(&written.subdomain).map_err(|what| refuse("subdomain", what));
        let start_date = written.start_date.as_deref().map(|text| {
            chrono::DateTime::parse_from_rfc3339(text)
                .map(|time| time.timestamp())
                .map_err(|_| refuse("start_date", "is no date that exists".into()))
        });
        let credentials = written.credentials.ok_or_else(|| {
            refuse("credentials", "is missing: choose one way of signing in".into());
        });
        let (Ok(subdomain), Ok(credentials), Ok(start_date)) =
            (subdomain, credentials, start_date.transpose())
        else {
            return Err(violations);
        };
        let workers = written.num_workers.and_then(|workers| usize::try_from(workers).ok());
        let percent = written.api_quota_percent.and_then(|percent| u32::try_from(percent).ok());
        let lookback_days = written.ticket_search_lookback_days.unwrap_or_default();
        let lookback_days = i64::try_from(lookback_days).unwrap_or_default();
        let rows = written.page_size.and_then(|rows| u32::try_from(rows).ok());
        Ok(Self {
            written: as_written,
            subdomain,
            credentials,
            start_date,
            workers: workers.unwrap_or(DEFAULT_WORKERS).clamp(1, 40),
            quota_percent: percent.unwrap_or(100).clamp(1, 100),
            event_page_rows: rows.filter(|rows| *rows != 100),
            deleted_at_field: written.deleted_at_field,
            exclude_deleted: written.exclude_deleted.unwrap_or_default(),
            ticket_scope: written.ticket_scope.unwrap_or_default(),
            tickets_history: written.tickets_history.unwrap_or_default(),
            ticket_audits_history: written.ticket_audits_history.unwrap_or_default(),
            search_lookback_seconds: lookback_days.saturating_mul(86_400),
        })
    }

    /// Where a first read of dated data begins, unix seconds.
    #[must_use]
    pub fn start_unix(&self, now_unix: i64) -> i64 {
        self.start_date.unwrap_or(now_unix.saturating_sub(DEFAULT_HISTORY_SECONDS)).max(0)
    }
}

/// The JSON schema of a config, draft-07, without `$ref`, as acceptance tests demand.
#[must_use]
pub fn connection_specification() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<WrittenConfig>();
    let mut schema = schema.to_value();
    // Credentials may be left out of the written schema's list so that the message about them can
    // be a sentence; everything else follows the types.
    schema["required"] = json!(["subdomain"]);
    for variant in schema["properties"]["credentials"]["oneOf"].as_array_mut().into_iter().flatten()
    {
        variant["properties"]["credentials"]["order"] = json!(0);
    }
    tidy(&mut schema);
    schema
}

/// Removes what schemars derives from Rust's integer types and no user needs.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str) == Some("uint64") {
                object.remove("format");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn drop_nulls(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
    object.values_mut().filter_map(Value::as_object_mut).for_each(drop_nulls);
}

/// Everything in which a config differs from the spec, by field.
fn violations(config: &Value) -> Vec<Violation> {
    let mut schema = connection_specification();
    let mut found = Vec::new();
    // "None of these four matches" helps nobody, so the credentials are held against the one
    // variant that they name.
    let variants = schema["properties"]["credentials"]["oneOf"].take();
    schema["properties"]["credentials"] = json!({ "type": "object" });
    found.extend(differences(&schema, config, ""));
    found.extend(passwords(config));
    if let Some(credentials) = config.get("credentials").filter(|value| value.is_object()) {
        let variants = variants.as_array().map(Vec::as_slice).unwrap_or_default();
        let name = |variant: &Value| variant["properties"]["credentials"]["const"].clone();
        match variants.iter().find(|variant| Some(&name(variant)) == credentials.get("credentials"))
        {
            Some(variant) => {
                let mut variant = variant.clone();
                // Platforms fill this field, and whether the token works is for Zendesk to say.
                if let Some(date) = variant["properties"]
                    .get_mut("token_expiry_date")
                    .and_then(Value::as_object_mut)
                {
                    date.remove("format");
                }
                found.extend(differences(&variant, credentials, "credentials"));
            }
            None => {
                let names: Vec<String> =
                    variants.iter().map(|variant| name(variant).to_string()).collect();
                let what = format!("must name a way of signing in: one of {}", names.join(", "));
                found.push(Violation { field: "credentials.credentials".into(), what });
            }
        }
    }
    found
}

/// Passwords, which Zendesk has ended. They are refused even where they would do no harm: whoever
/// writes one believes that it is used.
///
/// Source: Zendesk's announcement 9941874259354.
fn passwords(config: &Value) -> Vec<Violation> {
    let places = [("password", config.get("password")), {
        let credentials = config.get("credentials");
        ("credentials.password", credentials.and_then(|credentials| credentials.get("password")))
    }];
    let kind = config.get("credentials").and_then(|credentials| credentials.get("credentials"));
    let named = kind.and_then(Value::as_str).filter(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("password") || kind.contains("basic")
    });
    let mut fields: Vec<&str> =
        places.into_iter().filter_map(|(field, value)| value.map(|_| field)).collect();
    fields.extend(named.map(|_| "credentials.credentials"));
    let what = "Zendesk ended signing in with a password on 2026-01-12: sign in with OAuth, client \
                credentials for an unattended sync";
    fields.into_iter().map(|field| Violation { field: field.into(), what: what.into() }).collect()
}

fn differences(schema: &Value, value: &Value, under: &str) -> Vec<Violation> {
    let Ok(validator) = jsonschema::draft7::new(schema) else { return Vec::new() };
    let errors = validator.iter_errors(value).map(|error| {
        let path = error.instance_path().to_string().replace('/', ".");
        let field = format!("{under}{path}").trim_start_matches('.').to_owned();
        let field = if field.is_empty() { "config".to_owned() } else { field };
        // The masked form says `value` in place of what the user wrote.
        Violation { field, what: error.masked().to_string() }
    });
    errors.collect()
}

/// The host label of an account from what people write: `acme`, `acme.zendesk.com`, or a URL.
fn subdomain(written: &str) -> Result<String, String> {
    let text = written.trim();
    let lower = text.to_ascii_lowercase();
    let text = lower.strip_prefix("https://").unwrap_or(&lower);
    let had_scheme = text.len() != lower.len();
    let host = match text.split_once('/') {
        Some((host, _)) if had_scheme => host,
        Some((host, "")) => host,
        Some(_) => return Err("must be a subdomain such as `acme`, without a path".into()),
        None => text,
    };
    let label = match host.strip_suffix(".zendesk.com") {
        Some(label) => label,
        // An address names its host in full.
        None if had_scheme => "",
        None => host,
    };
    let is_label = (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    if is_label {
        Ok(label.to_owned())
    } else {
        Err("must be a subdomain such as `acme`, from https://acme.zendesk.com".into())
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
        assert_eq!((config.start_date, config.event_page_rows), (Some(1_602_720_000), None));
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

    #[test]
    fn only_a_host_label_gets_through_the_subdomain() {
        for written in [
            "acme",
            " Acme ",
            "acme.zendesk.com",
            "https://acme.zendesk.com/agent",
            "acme.zendesk.com/",
        ] {
            assert_eq!(subdomain(written).as_deref(), Ok("acme"), "{written}");
        }
        for written in [
            "",
            "evil.example/acme",
            "acme.zendesk.com.evil.example",
            "https://evil.example",
            "acme:8080",
            "user@acme",
            "acme#",
            "acme?x",
            "a b",
            "-acme",
            "http://acme.zendesk.com",
            "acme\u{0}",
            "ácme",
            "https://user:pw@acme.zendesk.com",
            "..",
            "acme.zendesk.com/agent",
            "https://acme",
            "https://acme/.zendesk.com",
        ] {
            assert!(subdomain(written).is_err(), "{written}");
        }
    }
}
