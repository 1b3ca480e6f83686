//! The account, how to sign in to it, and which share of its limits may be used.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use zendesk::secret::Secret;

use super::credentials::Credentials;
use super::subdomain::subdomain;
use super::violation::Violation;

const DEFAULT_WORKERS: usize = 3;

/// The options that every program has.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WrittenAccount {
    /// Your Zendesk subdomain: `acme` for https://acme.zendesk.com. The whole address works too.
    #[schemars(title = "Subdomain", extend("order" = 0, "examples" = ["acme"]))]
    pub subdomain: String,

    /// How to sign in. OAuth with client credentials is best for unattended syncs; API tokens can
    /// no longer be created, and all of them stop on 2027-04-30.
    #[schemars(with = "Credentials", title = "Authentication", extend("type" = "object", "order" = 1))]
    #[serde(default)]
    pub credentials: Option<Credentials>,

    /// The number of requests that can run at the same time, for all streams together.
    #[schemars(
        with = "u64",
        title = "Number of concurrent threads",
        range(min = 1, max = 40),
        extend("order" = 3, "default" = 3, "examples" = [1, 3, 10])
    )]
    #[serde(default)]
    pub num_workers: Option<u64>,

    /// The share of each Zendesk limit that may be used, in percent. A lower value leaves more for
    /// the account's other programs; what they use is respected in any case.
    #[schemars(
        with = "u64",
        title = "Share of the API quota",
        range(min = 1, max = 100),
        extend("order" = 10, "default" = 100, "examples" = [100, 50, 25])
    )]
    #[serde(default)]
    pub api_quota_percent: Option<u64>,
}

/// The whole configuration as it was written, with its secrets, for the one message that hands it
/// back. Its Debug output shows nothing of it.
pub struct Written(Value);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl Written {
    #[must_use]
    pub fn new(config: Value) -> Self {
        Self(config)
    }

    /// The configuration with new tokens in place of the old. `ends_at` is ISO 8601. A token that
    /// does not expire has no date.
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

/// The configured account.
#[derive(Debug)]
pub struct Account {
    pub written: Written,
    /// The account's host label, `acme`.
    pub subdomain: String,
    pub credentials: Credentials,
    /// The most requests in flight at once.
    pub workers: usize,
    /// The share of each limit that may be used, in percent.
    pub quota_percent: u32,
}

impl Account {
    /// The account of a configuration that matches its spec. `default_percent` is the share of each
    /// limit that may be used if the user does not set one.
    ///
    /// # Errors
    /// Every [`Violation`] at once.
    pub fn new(
        account: WrittenAccount,
        written: Written,
        default_percent: u32,
    ) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut refuse = |field: &str, what: String| {
            violations.push(Violation { field: field.into(), what });
        };
        let subdomain = subdomain(&account.subdomain).map_err(|what| refuse("subdomain", what));
        let credentials = account.credentials.ok_or_else(|| {
            refuse("credentials", "is missing: choose one way of signing in".into());
        });
        let (Ok(subdomain), Ok(credentials)) = (subdomain, credentials) else {
            return Err(violations);
        };
        let workers = account.num_workers.and_then(|workers| usize::try_from(workers).ok());
        let percent = account.api_quota_percent.and_then(|percent| u32::try_from(percent).ok());
        Ok(Self {
            written,
            subdomain,
            credentials,
            workers: workers.unwrap_or(DEFAULT_WORKERS).clamp(1, 40),
            quota_percent: percent.unwrap_or(default_percent).clamp(1, 100),
        })
    }

    /// The name of the account's host.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.zendesk.com", self.subdomain)
    }
}
