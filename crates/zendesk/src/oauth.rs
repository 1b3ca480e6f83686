//! The requests to the token endpoint, and what its answers mean. Pure; `auth` acts.
//!
//! Source: Zendesk, "OAuth tokens for grant types".

use serde::Deserialize;
use serde_json::json;

use super::error::ErrorKind;
use super::mend::mend;
use super::page::Shape;
use crate::secret::Secret;

/// The lifetime that is requested for an access token, in seconds. It is the longest that Zendesk
/// allows. Without it, clients made since 2026-04-30 get tokens of thirty minutes.
pub const TOKEN_SECONDS: u32 = 172_800;

/// What access tokens are requested with.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A refresh token works once. Each answer has the next one.
    Refresh {
        client_id: Secret,
        client_secret: Secret,
        refresh_token: Secret,
    },
    ClientCredentials {
        client_id: Secret,
        client_secret: Secret,
        scope: String,
    },
}

/// Tokens that were issued together.
#[derive(Clone, Debug)]
pub struct Issued {
    pub access_token: Secret,
    /// The next refresh token. The one that was used is void.
    pub refresh_token: Option<Secret>,
    /// Seconds from now. `None` for a token that does not expire.
    pub expires_in: Option<i64>,
}

/// What an answer of the token endpoint means.
#[derive(Debug)]
pub enum GrantVerdict {
    Issued(Issued),
    /// A definite refusal. The user must act.
    Refused(ErrorKind),
    /// A later request may succeed.
    Again,
}

impl Grant {
    /// The body of the request, as JSON.
    #[must_use]
    pub fn body(&self) -> String {
        let body = match self {
            Self::Refresh { client_id, client_secret, refresh_token } => json!({
                "grant_type": "refresh_token",
                "refresh_token": refresh_token.expose(),
                "client_id": client_id.expose(),
                "client_secret": client_secret.expose(),
                "expires_in": TOKEN_SECONDS,
            }),
            Self::ClientCredentials { client_id, client_secret, scope } => json!({
                "grant_type": "client_credentials",
                "client_id": client_id.expose(),
                "client_secret": client_secret.expose(),
                "scope": scope,
                "expires_in": TOKEN_SECONDS,
            }),
        };
        body.to_string()
    }

    /// The secrets in the request.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Refresh { client_secret, refresh_token, .. } => {
                vec![client_secret, refresh_token]
            }
            Self::ClientCredentials { client_secret, .. } => vec![client_secret],
        }
    }

    /// Judges an answer of the token endpoint.
    #[must_use]
    pub fn judge(&self, status: u16, body: &[u8]) -> GrantVerdict {
        if (200..300).contains(&status) {
            return issued(body).map_or(GrantVerdict::Again, GrantVerdict::Issued);
        }
        if status == 404 && String::from_utf8_lossy(body).contains("No help desk") {
            return GrantVerdict::Refused(ErrorKind::NotFound);
        }
        let error = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.error);
        let error = error.unwrap_or_default();
        match (self, status, error.as_str()) {
            (Self::Refresh { .. }, 400 | 401 | 403, "invalid_grant") => {
                GrantVerdict::Refused(ErrorKind::GrantEnded)
            }
            (
                Self::ClientCredentials { .. },
                400 | 401 | 403,
                "invalid_client"
                | "invalid_grant"
                | "invalid_scope"
                | "unauthorized_client"
                | "unsupported_grant_type",
            ) => GrantVerdict::Refused(ErrorKind::ClientRefused),
            _ => GrantVerdict::Again,
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    refresh_token: Option<String>,
    /// A number. Other OAuth servers have been seen to send a text.
    expires_in: Option<serde_json::Value>,
}

fn issued(body: &[u8]) -> Option<Issued> {
    let mended = || serde_json::from_slice(&mend(body, &Shape::default())?.body).ok();
    // A refresh token works once: what stands beside the tokens must not cost them.
    let answer: TokenAnswer = serde_json::from_slice(body).ok().or_else(mended)?;
    let seconds = answer.expires_in.and_then(|value| match value {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    });
    let is_there = |text: &String| !text.is_empty() && !text.contains('\u{fffd}');
    Some(Issued {
        access_token: Some(answer.access_token).filter(is_there).map(Secret::new)?,
        refresh_token: answer.refresh_token.filter(is_there).map(Secret::new),
        // Beyond a century it is as good as never.
        expires_in: seconds
            .filter(|seconds| (0.0..3.2e9).contains(seconds))
            .map(|seconds| seconds as i64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh() -> Grant {
        Grant::Refresh {
            client_id: Secret::new("an id"),
            client_secret: Secret::new("a secret"),
            refresh_token: Secret::new("a refresh token"),
        }
    }

    fn client() -> Grant {
        Grant::ClientCredentials {
            client_id: Secret::new("an id"),
            client_secret: Secret::new("a secret"),
            scope: "read".into(),
        }
    }

    #[test]
    fn both_grants_ask_for_the_longest_token_there_is() {
        for grant in [refresh(), client()] {
            let body: serde_json::Value = serde_json::from_str(&grant.body()).unwrap();
            assert_eq!(body["expires_in"], 172_800);
            assert_eq!(body["client_secret"], "a secret");
        }
        assert!(refresh().body().contains(r#""refresh_token":"a refresh token""#));
        assert!(client().body().contains(r#""scope":"read""#));
    }

    #[test]
    fn only_a_definite_refusal_is_the_users_affair() {
        let refused = |error: &str| format!(r#"{{"error":"{error}","error_description":"x"}}"#);
        let kind = |grant: &Grant, status, body: &str| match grant.judge(status, body.as_bytes()) {
            GrantVerdict::Refused(kind) => Some(kind),
            GrantVerdict::Again => None,
            GrantVerdict::Issued(issued) => panic!("{issued:?}"),
        };
        let (ended, client_refused) = (Some(ErrorKind::GrantEnded), Some(ErrorKind::ClientRefused));
        for (status, body, of_refresh, of_client) in [
            (400, refused("invalid_grant"), ended, client_refused),
            (401, refused("invalid_client"), None, client_refused),
            (400, refused("invalid_scope"), None, client_refused),
            (400, refused("temporarily_unavailable"), None, None),
            (429, refused("invalid_grant"), None, None),
            (500, refused("invalid_grant"), None, None),
            (200, "<html>Just a moment...</html>".into(), None, None),
            (200, "{}".into(), None, None),
            (200, r#"{"access_token":""}"#.into(), None, None),
            (201, r#"{"access_token":7}"#.into(), None, None),
            (403, "<html></html>".into(), None, None),
            (302, String::new(), None, None),
        ] {
            assert_eq!(kind(&refresh(), status, &body), of_refresh, "{status} {body}");
            assert_eq!(kind(&client(), status, &body), of_client, "{status} {body}");
        }
        let unknown = r#"{"error":{"title":"No help desk at x.zendesk.com"}}"#;
        assert_eq!(kind(&refresh(), 404, unknown), Some(ErrorKind::NotFound));
    }

    #[test]
    fn an_answer_may_leave_out_all_but_the_token() {
        for (body, refresh, seconds) in [
            (r#"{"access_token":"a"}"#, None, None),
            (r#"{"access_token":"a","expires_in":null,"refresh_token":null}"#, None, None),
            (
                r#"{"access_token":"a","expires_in":1800,"refresh_token":"b"}"#,
                Some("b"),
                Some(1800),
            ),
            (r#"{"access_token":"a","expires_in":"1800"}"#, None, Some(1800)),
            (r#"{"access_token":"a","expires_in":-1}"#, None, None),
            (r#"{"access_token":"a","expires_in":1e300}"#, None, None),
        ] {
            let issued = issued(body.as_bytes()).unwrap();
            assert_eq!(issued.access_token.expose(), "a");
            assert_eq!(issued.refresh_token.as_ref().map(Secret::expose), refresh, "{body}");
            assert_eq!(issued.expires_in, seconds, "{body}");
        }
    }
}
