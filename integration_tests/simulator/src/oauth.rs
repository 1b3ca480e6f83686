//! Refreshing OAuth tokens: a refresh hands out a new pair and ends the old one.
//! Source: Zendesk, OAuth tokens for grant types.

use crate::answer::Answer;
use crate::query;
use serde_json::Value;

pub const OAUTH_CLIENT_ID: &str = "simulated_oauth_client";
pub const OAUTH_CLIENT_SECRET: &str = "simulated-oauth-client-secret";
/// The refresh token that is valid at start; each one works once.
pub const OAUTH_REFRESH_TOKEN: &str = "simulated-refresh-token-0";

/// The pairs that are valid now.
pub(crate) struct OAuth {
    pub(crate) access_tokens: Vec<String>,
    refresh_token: String,
    refreshed: u64,
}

impl Default for OAuth {
    fn default() -> Self {
        let refresh_token = OAUTH_REFRESH_TOKEN.to_owned();
        Self { access_tokens: Vec::new(), refresh_token, refreshed: 0 }
    }
}

impl OAuth {
    /// `POST /oauth/tokens`, with a body in JSON or as a form.
    pub(crate) fn token(&mut self, body: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(body);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let pairs = query::parse(&text);
        let field = |key: &str| match &json {
            Some(json) => json.get(key).and_then(Value::as_str).map(str::to_owned),
            None => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()),
        };
        let is = |key: &str, value: &str| field(key).as_deref() == Some(value);
        if !is("client_id", OAUTH_CLIENT_ID) || !is("client_secret", OAUTH_CLIENT_SECRET) {
            return refused(401, "invalid_client", "Client authentication failed");
        }
        let rotates = match field("grant_type").as_deref() {
            Some("refresh_token") if is("refresh_token", &self.refresh_token) => true,
            Some("refresh_token") => {
                return refused(400, "invalid_grant", "The provided refresh token is invalid");
            }
            Some("client_credentials") => false,
            _ => return refused(400, "unsupported_grant_type", "Grant type not supported"),
        };
        self.refreshed += 1;
        let access = format!("simulated-access-token-{}", self.refreshed);
        self.access_tokens = vec![access.clone()];
        if !rotates {
            return Answer::ok(format!(
                r#"{{"access_token":"{access}","token_type":"bearer","scope":"read","expires_in":1800}}"#
            ));
        }
        self.refresh_token = format!("simulated-refresh-token-{}", self.refreshed);
        let refresh = &self.refresh_token;
        Answer::ok(format!(
            r#"{{"access_token":"{access}","token_type":"bearer","scope":"read","expires_in":1800,"refresh_token":"{refresh}","refresh_token_expires_in":2592000}}"#
        ))
    }
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    Answer::json(status, body)
}
