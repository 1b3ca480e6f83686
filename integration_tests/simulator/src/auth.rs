//! Authentication: the credentials that the account knows, and what they allow. Sources: Zendesk,
//! Security and authentication; OAuth tokens for grant types.

use crate::account::{ADMIN_USER_ID, AGENT_USER_ID};
use crate::answer::Answer;
use crate::oauth::OAuth;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An email and an API token, which Basic authentication sends as `{email}/token:{api_token}`.
#[derive(Debug, Clone, Copy)]
pub struct ApiToken {
    pub email: &'static str,
    pub token: &'static str,
}

pub const ADMIN_API_TOKEN: ApiToken =
    ApiToken { email: "admin@example.com", token: "simulated-admin-api-token" };
pub const AGENT_API_TOKEN: ApiToken =
    ApiToken { email: "agent@example.com", token: "simulated-agent-api-token" };
pub const SUSPENDED_API_TOKEN: ApiToken =
    ApiToken { email: "suspended@example.com", token: "simulated-suspended-api-token" };
/// A bearer token of the administrator without restriction of scopes.
pub const ADMIN_BEARER: &str = "simulated-bearer-of-the-admin";
pub const AGENT_BEARER: &str = "simulated-bearer-of-the-agent";
/// The administrator with scope `read`.
pub const READ_SCOPE_BEARER: &str = "simulated-bearer-with-scope-read";
/// The administrator with `tickets:read users:read organizations:read`. Audits and search need
/// `read`.
pub const GRANULAR_SCOPE_BEARER: &str = "simulated-bearer-with-granular-scopes";
/// The administrator with a scope that Zendesk issued and does not recognise: 403 everywhere.
pub const USELESS_SCOPE_BEARER: &str = "simulated-bearer-with-a-useless-scope";
/// The administrator with scope `read write`.
pub const WRITE_SCOPE_BEARER: &str = "simulated-bearer-with-scopes-read-and-write";
/// The administrator with `tickets:write users:read` only.
pub const GRANULAR_WRITE_BEARER: &str = "simulated-bearer-with-a-granular-write-scope";
/// The administrator with `read` and the write scopes of users and organizations.
pub const PEOPLE_WRITE_BEARER: &str = "simulated-bearer-that-writes-people";
pub const EXPIRED_BEARER: &str = "simulated-bearer-that-expired";

impl ApiToken {
    /// The value of the Authorization header.
    pub fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}/token:{}", self.email, self.token)))
    }
}

/// How a request was signed. The secret itself is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationKind {
    None,
    ApiToken,
    Password,
    Bearer,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Agent,
    Admin,
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user_id: u64,
    pub(crate) role: Role,
    pub(crate) email: &'static str,
    /// The scopes of the token. `None` allows everything.
    scopes: Option<Vec<String>>,
    /// The access token that signed the request, if one did.
    pub(crate) token: Option<AccessToken>,
}

/// An access token's properties.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccessToken {
    /// The number of the token among those that the token endpoint issued. `None` for tokens that
    /// do not expire.
    pub(crate) number: Option<u64>,
    pub(crate) expires_at: Option<i64>,
}

impl Person {
    /// Whether the token's scopes allow reading a resource family. An empty family needs global
    /// `read`.
    pub(crate) fn may_read(&self, family: &str) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        let granted = |scope: &String| {
            scope == "read" || (!family.is_empty() && scope.strip_suffix(":read") == Some(family))
        };
        scopes.iter().any(granted)
    }

    /// Whether the token's scopes allow writing a resource family.
    pub(crate) fn may_write(&self, family: &str) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        let granted = |scope: &String| {
            scope == "write" || (!family.is_empty() && scope.strip_suffix(":write") == Some(family))
        };
        scopes.iter().any(granted)
    }

    /// The scopes as Zendesk shows them.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.scopes.clone().unwrap_or_else(|| vec!["read".into(), "write".into()])
    }
}

const ADMIN: Person = Person {
    user_id: ADMIN_USER_ID,
    role: Role::Admin,
    email: ADMIN_API_TOKEN.email,
    scopes: None,
    token: None,
};
const AGENT: Person = Person {
    user_id: AGENT_USER_ID,
    role: Role::Agent,
    email: AGENT_API_TOKEN.email,
    scopes: None,
    token: None,
};

pub(crate) enum Identity {
    Known(Person),
    /// The request has no credentials, or a wrong password. `users/me` still answers 200.
    Anonymous,
    Refused(Answer),
}

/// Reads the Authorization header.
pub(crate) fn identify(
    header: Option<&str>,
    oauth: &OAuth,
    now: i64,
) -> (AuthorizationKind, Identity) {
    let Some(header) = header else { return (AuthorizationKind::None, Identity::Anonymous) };
    let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        (AuthorizationKind::Bearer, bearer(value.trim(), oauth, now))
    } else if scheme.eq_ignore_ascii_case("basic") {
        basic(value.trim())
    } else {
        (AuthorizationKind::Unknown, Identity::Refused(Answer::not_authenticated()))
    }
}

fn bearer(token: &str, oauth: &OAuth, now: i64) -> Identity {
    let endless = Some(AccessToken::default());
    let admin = |scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Person { scopes: Some(scopes), token: endless.clone(), ..ADMIN }
    };
    Identity::Known(match token {
        ADMIN_BEARER => Person { token: endless, ..ADMIN },
        AGENT_BEARER => Person { token: endless, ..AGENT },
        READ_SCOPE_BEARER => admin(&["read"]),
        GRANULAR_SCOPE_BEARER => admin(&["tickets:read", "users:read", "organizations:read"]),
        WRITE_SCOPE_BEARER => admin(&["read", "write"]),
        GRANULAR_WRITE_BEARER => admin(&["tickets:write", "users:read"]),
        PEOPLE_WRITE_BEARER => admin(&["read", "users:write", "organizations:write"]),
        USELESS_SCOPE_BEARER => admin(&["raed"]),
        _ => match oauth.valid(token, now) {
            Some(issued) => {
                let (number, expires_at) = (Some(issued.number), Some(issued.expires_at()));
                let token = Some(AccessToken { number, expires_at });
                Person { scopes: Some(issued.scopes.clone()), token, ..ADMIN }
            }
            None => return Identity::Refused(Answer::bad_token()),
        },
    })
}

fn basic(value: &str) -> (AuthorizationKind, Identity) {
    let text = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, secret)) = text.as_deref().and_then(|text| text.split_once(':')) else {
        return (AuthorizationKind::Unknown, Identity::Refused(Answer::not_authenticated()));
    };
    let Some(email) = user.strip_suffix("/token") else {
        // Passwords stopped working in January 2026, yet users/me treats them as nobody's.
        return (AuthorizationKind::Password, Identity::Anonymous);
    };
    let known = |token: &ApiToken| token.email == email && token.token == secret;
    let identity = if known(&ADMIN_API_TOKEN) {
        Identity::Known(ADMIN)
    } else if known(&AGENT_API_TOKEN) {
        Identity::Known(AGENT)
    } else {
        // The suspended user's token is right, and as good as a wrong one.
        Identity::Refused(Answer::not_authenticated())
    };
    (AuthorizationKind::ApiToken, identity)
}
