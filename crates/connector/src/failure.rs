//! Turns an error of the API into a failure type and a message. The first sentence says what
//! happened, the next says what to do.

use airbyte::message::{ErrorTrace, FailureType};
use zendesk::error::{ApiError, ErrorKind};

use crate::config::{Account, Credentials, Violation, WHOLE};
use crate::identity::NoIdentity;
use crate::refusals::{is_account_gone, is_scope, is_too_long};

/// What the program wanted of the API when the error came.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// `read` or `write`.
    pub verb: &'a str,
    /// The scope that the request needs.
    pub scope: &'a str,
    /// The scope that the whole program needs.
    pub scope_of_all: &'a str,
    /// What else the request needs, as advice in one sentence.
    pub needs: String,
    /// The option in which the user wrote the words of the request, if there is one.
    pub words_of: Option<&'a str>,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            verb: "read",
            scope: "users:read",
            scope_of_all: "read",
            needs: "Ask the account's administrator for access.".to_owned(),
            words_of: None,
        }
    }
}

/// One trace for all violations of a configuration.
#[must_use]
pub fn invalid_config(violations: &[Violation]) -> ErrorTrace {
    if let [Violation { field, what }] = violations
        && field == WHOLE
    {
        return refused(what);
    }
    let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
    refused(&format!("the configuration is not valid: {}", violations.join("; ")))
}

/// The trace for something that the user has to change.
#[must_use]
pub fn refused(message: &str) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::ConfigError,
        message: message.to_owned(),
        detail: None,
        stream: None,
    }
}

/// The trace if nobody is signed in.
#[must_use]
pub fn of_identity(error: &NoIdentity, account: &Account) -> ErrorTrace {
    let (failure_type, message) = match error {
        NoIdentity::Anonymous => (
            FailureType::ConfigError,
            format!(
                "The credentials were not accepted: Zendesk treated the request as anonymous. {}",
                sign_in_again(account)
            ),
        ),
        NoIdentity::Api(error) if error.kind == ErrorKind::Unauthorized => (
            FailureType::ConfigError,
            format!(
                "Zendesk does not accept the credentials ({}). {}",
                error.detail,
                sign_in_again(account)
            ),
        ),
        NoIdentity::Api(error) => of_api(error, &Wanted::default()),
    };
    ErrorTrace { failure_type, message, detail: Some(error.to_string()), stream: None }
}

/// What to do about credentials that are not accepted.
fn sign_in_again(account: &Account) -> &'static str {
    match account.credentials {
        Credentials::ApiToken { .. } => {
            "Check the e-mail address, the API token (not a password) and the subdomain, and \
             that the user is not suspended."
        }
        Credentials::Legacy { .. } | Credentials::Refresh { .. } => {
            "Sign in again (reconnect), and check the subdomain and that the user is not \
             suspended."
        }
        Credentials::ClientCredentials { .. } => {
            "Check the subdomain, and that the user of the OAuth client is active."
        }
    }
}

/// What an error of the API means for somebody who wanted something of it.
#[must_use]
pub fn of_api(error: &ApiError, wanted: &Wanted<'_>) -> (FailureType, String) {
    let words_of = wanted.words_of;
    let detail = &error.detail;
    match error.kind {
        ErrorKind::NotFound | ErrorKind::NoAccount
            if error.kind == ErrorKind::NoAccount || detail.contains("No help desk") =>
        {
            config_error(
                "There is no Zendesk account at this subdomain. Check that `subdomain` is the part before \
                 .zendesk.com of the address in your browser.",
            )
        }
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound
            if is_account_gone(error) =>
        {
            config_error(format!(
                "The Zendesk account or its user is suspended or closed ({detail}). Sign in to \
                 Zendesk in a browser to reactivate it."
            ))
        }
        ErrorKind::Unauthorized
        | ErrorKind::GrantEnded
        | ErrorKind::ClientRefused
        | ErrorKind::NoToken => of_sign_in(error.kind, detail),
        ErrorKind::Forbidden | ErrorKind::NotFound => of_access(error, wanted),
        ErrorKind::Unresolved
        | ErrorKind::Untrusted
        | ErrorKind::Renamed
        | ErrorKind::Redirected
        | ErrorKind::Intercepted
        | ErrorKind::Outage
        | ErrorKind::LongOutage => of_connection(error.kind, detail),
        _ if is_too_long(error)
            && let Some(option) = words_of =>
        {
            config_error(format!(
                "The query is longer than Zendesk accepts ({detail}). Shorten it in `{option}`, \
                 or split it into several."
            ))
        }
        ErrorKind::Invalid if let Some(option) = words_of => config_error(format!(
            "Zendesk rejects the query ({detail}). Correct it in `{option}`, or remove it."
        )),
        ErrorKind::BadPosition
        | ErrorKind::Invalid
        | ErrorKind::Unexpected
        | ErrorKind::NoAccount
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::Unsettled
        | ErrorKind::Unreadable
        | ErrorKind::TooLarge => of_answer(error.kind, detail),
        ErrorKind::DiskFull => transient(format!(
            "The disk for files is full ({detail}). Free space or lower \
             `attachment_size_limit_mb`, then start the sync again."
        )),
        ErrorKind::Unwritable => config_error(format!(
            "The program cannot write to the folder for files ({detail}). Give its user write \
             access."
        )),
        ErrorKind::Stopped => transient("The sync was stopped. Start it again."),
    }
}

/// What an error about the credentials means.
fn of_sign_in(kind: ErrorKind, detail: &str) -> (FailureType, String) {
    match kind {
        ErrorKind::GrantEnded => config_error(format!(
            "The refresh token is already used, revoked or expired ({detail}). Sign in again, \
             separately for each connector: a refresh token works once, so two connectors cannot \
             share one."
        )),
        ErrorKind::ClientRefused => config_error(format!(
            "Zendesk refuses the OAuth client ({detail}). Check its identifier and secret, that \
             it is confidential, and that it may have the requested scopes."
        )),
        ErrorKind::NoToken => transient(format!(
            "Zendesk gave no access token ({detail}). Try again; if it still fails, check the \
             client's identifier and secret, the subdomain and the network."
        )),
        _ => config_error(format!(
            "Zendesk does not accept the credentials ({detail}). Check the token and the e-mail address, or sign in again."
        )),
    }
}

/// What it means that something may not be read or written, or does not exist.
fn of_access(error: &ApiError, wanted: &Wanted<'_>) -> (FailureType, String) {
    let detail = &error.detail;
    match error.kind {
        ErrorKind::Forbidden if is_scope(error) => config_error(format!(
            "The access token lacks a scope ({detail}). Sign in with the scope `{}`, or with `{}` for everything.",
            wanted.scope, wanted.scope_of_all
        )),
        ErrorKind::Forbidden => config_error(format!(
            "Zendesk does not allow these credentials to {} this ({detail}). {}",
            wanted.verb, wanted.needs
        )),
        _ => config_error(format!(
            "This account does not have what this needs ({detail}). {}",
            wanted.needs
        )),
    }
}

/// What it means that the account cannot be reached, or is out of service.
fn of_connection(kind: ErrorKind, detail: &str) -> (FailureType, String) {
    match kind {
        ErrorKind::Unresolved => transient(format!(
            "The account's address cannot be found in the DNS ({detail}). Check the network, its DNS and the subdomain, and try again."
        )),
        ErrorKind::Untrusted => config_error(format!(
            "The certificate of the server is not trusted ({detail}). If your network uses a \
             proxy, set SSL_CERT_FILE to a file with its certificate."
        )),
        ErrorKind::Renamed => config_error(format!(
            "The account has a new name ({detail}). Set `subdomain` to that name."
        )),
        ErrorKind::Redirected => transient(format!(
            "Zendesk's address redirects to another host ({detail}), as during maintenance or \
             behind a sign-in page of the network. Check status.zendesk.com and the network, and \
             try again."
        )),
        ErrorKind::Intercepted => transient(format!(
            "The answer does not come from Zendesk but from something else on the network \
             ({detail}). Check that the account's IP restrictions, the firewall and the proxy allow this machine, \
             and try again."
        )),
        _ => transient(format!(
            "Zendesk is out of service ({detail}). Check status.zendesk.com, and try again when \
             it is back."
        )),
    }
}

/// What it means that the account gave no answer that can be used.
fn of_answer(kind: ErrorKind, detail: &str) -> (FailureType, String) {
    match kind {
        ErrorKind::RateLimited => transient(
            "Zendesk's rate limit allowed no request. Try again later, or reduce the requests of \
             other programs.",
        ),
        ErrorKind::Unavailable => transient(format!(
            "Zendesk did not answer ({detail}). Check the network and the subdomain, and try again."
        )),
        ErrorKind::Unsettled => transient(format!(
            "Zendesk's answers to a write were lost, so it is not known whether the write took \
             effect ({detail}). The next sync checks it and writes what is missing."
        )),
        ErrorKind::Unreadable => transient(format!(
            "Zendesk's answer cannot be read ({detail}). Try again; if it happens again, report \
             it."
        )),
        ErrorKind::TooLarge => system_error(format!(
            "An answer is larger than the program can hold ({detail}). Report it with the detail \
             of this message."
        )),
        _ => system_error(format!(
            "Zendesk refused the request ({detail}). Report it with the detail of this message."
        )),
    }
}

fn config_error(message: impl Into<String>) -> (FailureType, String) {
    (FailureType::ConfigError, message.into())
}

fn transient(message: impl Into<String>) -> (FailureType, String) {
    (FailureType::TransientError, message.into())
}

fn system_error(message: impl Into<String>) -> (FailureType, String) {
    (FailureType::SystemError, message.into())
}
