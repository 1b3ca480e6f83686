//! The token endpoint. A refresh issues a new pair of tokens and ends the old pair. Client
//! credentials get an access token without a refresh token. Source: Zendesk, OAuth tokens for grant
//! types.

use crate::answer::Answer;
use crate::{clock, query};
use serde_json::{Value, json};

pub const OAUTH_CLIENT_ID: &str = "simulated_oauth_client";
pub const OAUTH_CLIENT_SECRET: &str = "simulated-oauth-client-secret";
/// The refresh token that is valid at the start. Each refresh token works once.
pub const OAUTH_REFRESH_TOKEN: &str = "simulated-refresh-token-0";
/// The authorization code that the consent page passes to the redirect URL. It works once.
pub const OAUTH_CODE: &str = "simulated-authorization-code";
pub const OAUTH_ACCESS_TOKEN: &str = "simulated-access-token-0";

/// The shortest and the longest life that a client may ask for, and the life of a token without
/// such a request.
const SHORTEST_SECONDS: i64 = 300;
const LONGEST_SECONDS: i64 = 172_800;
const UNASKED_SECONDS: i64 = 1800;

/// The scopes that the simulated client may get.
const ALLOWED_SCOPES: &[&str] = &[
    "read",
    "write",
    "tickets:read",
    "users:read",
    "organizations:read",
    "hc:read",
    "auditlogs:read",
    "triggers:read",
    "automations:read",
    "macros:read",
    "webhooks:read",
    "tickets:write",
    "users:write",
    "organizations:write",
];

/// An access token that the endpoint issued.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    /// The running number. 0 is the token that is valid at the start.
    pub(crate) number: u64,
    token: String,
    pub(crate) scopes: Vec<String>,
    expires_at: i64,
    /// Whether a refresh ended the token.
    ended: bool,
    is_refreshable: bool,
}

/// All tokens, and the refresh token that is valid now.
pub(crate) struct OAuth {
    issued: Vec<Issued>,
    refresh_token: String,
    is_code_used: bool,
    /// The scope of token pairs.
    scope: &'static str,
}

impl OAuth {
    pub(crate) fn new(now: i64, scope: &'static str) -> Self {
        let refresh_token = OAUTH_REFRESH_TOKEN.to_owned();
        let mut oauth = Self { issued: Vec::new(), refresh_token, is_code_used: false, scope };
        oauth.issue(scope, now + LONGEST_SECONDS, true);
        oauth
    }

    /// The token, if it is still valid.
    pub(crate) fn valid(&self, token: &str, now: i64) -> Option<&Issued> {
        let issued = self.issued.iter().find(|issued| issued.token == token)?;
        (!issued.ended && now < issued.expires_at).then_some(issued)
    }

    /// Ends all tokens, as a refresh by another program does.
    pub(crate) fn refresh_elsewhere(&mut self) {
        self.issued.iter_mut().for_each(|issued| issued.ended = true);
        self.refresh_token = "used-by-another-source".to_owned();
    }

    /// `POST /oauth/tokens`, with a JSON or form body.
    pub(crate) fn token(&mut self, body: &[u8], now: i64, longest: Option<i64>) -> Answer {
        let text = String::from_utf8_lossy(body);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let pairs = query::parse(&text);
        let field = |key: &str| match &json {
            Some(json) => match json.get(key) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) | None => None,
                Some(other) => Some(other.to_string()),
            },
            None => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()),
        };
        let is = |key: &str, value: &str| field(key).as_deref() == Some(value);
        if !is("client_id", OAUTH_CLIENT_ID) || !is("client_secret", OAUTH_CLIENT_SECRET) {
            return refused(401, "invalid_client", "Client authentication failed");
        }
        let seconds = match field("expires_in").map(|text| text.parse()) {
            None => UNASKED_SECONDS,
            Some(Ok(seconds)) if (SHORTEST_SECONDS..=LONGEST_SECONDS).contains(&seconds) => seconds,
            Some(_) => return refused(400, "invalid_request", "expires_in is out of range"),
        };
        let seconds = longest.map_or(seconds, |longest| seconds.min(longest));
        match field("grant_type").as_deref() {
            Some("refresh_token") if is("refresh_token", &self.refresh_token) => {
                self.pair(now, seconds)
            }
            Some("authorization_code")
                if is("code", OAUTH_CODE)
                    && field("redirect_uri").is_some()
                    && !self.is_code_used =>
            {
                self.is_code_used = true;
                self.pair(now, seconds)
            }
            Some("authorization_code") => {
                refused(400, "invalid_grant", "The provided authorization grant is invalid")
            }
            Some("refresh_token") => {
                refused(400, "invalid_grant", "The provided refresh token is invalid")
            }
            Some("client_credentials") => {
                let scope = field("scope").unwrap_or_else(|| "read".to_owned());
                if scope.split_whitespace().any(|scope| !ALLOWED_SCOPES.contains(&scope)) {
                    return refused(400, "invalid_scope", "The requested scope is invalid");
                }
                let (_, access) = self.issue(&scope, now + seconds, false);
                Answer::ok(
                    json!({ "access_token": access, "token_type": "bearer", "scope": scope,
                        "expires_in": seconds })
                    .to_string(),
                )
            }
            _ => refused(400, "unsupported_grant_type", "Grant type not supported"),
        }
    }

    /// A new pair that replaces the old one.
    fn pair(&mut self, now: i64, seconds: i64) -> Answer {
        let pairs = self.issued.iter_mut().filter(|issued| issued.is_refreshable);
        pairs.for_each(|issued| issued.ended = true);
        let (number, access) = self.issue(self.scope, now + seconds, true);
        self.refresh_token = format!("simulated-refresh-token-{number}");
        Answer::ok(
            json!({ "access_token": access, "token_type": "bearer", "scope": self.scope,
                "expires_in": seconds, "refresh_token": self.refresh_token,
                "refresh_token_expires_in": 2_592_000 })
            .to_string(),
        )
    }

    fn issue(&mut self, scope: &str, expires_at: i64, is_refreshable: bool) -> (u64, String) {
        let number = self.issued.len() as u64;
        let token = format!("simulated-access-token-{number}");
        let scopes = scope.split_whitespace().map(str::to_owned).collect();
        let issued = Issued {
            number,
            token: token.clone(),
            scopes,
            expires_at,
            ended: false,
            is_refreshable,
        };
        self.issued.push(issued);
        (number, token)
    }
}

/// `GET /api/v2/oauth/tokens/current`: the scopes of the token that signs the request, and its
/// expiry. Source: Zendesk, OAuth Tokens, Show Token.
pub(crate) fn current(scopes: &[String], expires_at: Option<i64>) -> Answer {
    Answer::ok(
        json!({ "token": { "url": "https://acme.zendesk.com/api/v2/oauth/tokens/1.json", "id": 1,
            "user_id": crate::ADMIN_USER_ID, "client_id": 2, "token": "3bf5e8a9b4",
            "refresh_token": null, "created_at": "2026-01-01T00:00:00Z",
            "expires_at": expires_at.map(clock::iso), "used_at": null, "scopes": scopes } })
        .to_string(),
    )
}

impl Issued {
    pub(crate) fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    Answer::json(status, body)
}
