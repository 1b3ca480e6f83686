//! Any error becomes a failure type, one sentence what happened and one what to do. The only
//! match that does so.

use super::identity::NoIdentity;
use crate::protocol::message::{FailureType, Trouble};
use crate::streams::{Role, Stream};
use crate::sync::WalkError;
use crate::zendesk::error::{ApiError, ErrorKind};

/// What a stream's failure means for the person who reads it.
#[must_use]
pub fn of_stream(stream: &Stream, error: &WalkError) -> Trouble {
    let (failure_type, message) = match error {
        WalkError::Api(error) => of_api(error, Some(stream)),
        WalkError::Refused { last, .. } => of_api(last, Some(stream)),
        WalkError::Broken { .. } => (
            FailureType::TransientError,
            "Zendesk's listing neither ended nor went on. Try again; if it stays so, report it with the \
             detail of this message."
                .to_owned(),
        ),
        WalkError::Closed => (
            FailureType::TransientError,
            "The program that reads our output has gone. Try again.".to_owned(),
        ),
    };
    Trouble {
        failure_type,
        message: format!("{}: {message}", stream.name),
        detail: Some(error.to_string()),
        stream: Some(stream.name.to_owned()),
    }
}

/// What it means that nobody is signed in.
#[must_use]
pub fn of_identity(error: &NoIdentity) -> Trouble {
    let (failure_type, message) = match error {
        NoIdentity::Anonymous => (
            FailureType::ConfigError,
            "Zendesk knows nobody by these credentials. Check the e-mail address and the token; an API \
             token is not a password."
                .to_owned(),
        ),
        NoIdentity::Api(error) => of_api(error, None),
    };
    let detail = match error {
        NoIdentity::Anonymous => "GET /api/v2/users/me.json names no user".to_owned(),
        NoIdentity::Api(error) => error.to_string(),
    };
    Trouble { failure_type, message, detail: Some(detail), stream: None }
}

fn of_api(error: &ApiError, stream: Option<&Stream>) -> (FailureType, String) {
    let detail = &error.detail;
    match error.kind {
        ErrorKind::Unauthorized => (
            FailureType::ConfigError,
            format!("Zendesk does not accept the credentials ({detail}). Check the token and the e-mail address, or sign in again."),
        ),
        ErrorKind::Forbidden => (
            FailureType::ConfigError,
            format!("Zendesk does not allow these credentials to read this ({detail}). {}", needs(stream)),
        ),
        ErrorKind::NotFound if detail.contains("No help desk") => (
            FailureType::ConfigError,
            "There is no Zendesk account at this subdomain. Check the subdomain.".to_owned(),
        ),
        ErrorKind::NotFound => (
            FailureType::ConfigError,
            format!("This account does not have what this reads ({detail}). {}", needs(stream)),
        ),
        ErrorKind::BadPosition | ErrorKind::Invalid | ErrorKind::Unexpected => (
            FailureType::SystemError,
            format!("Zendesk refused the request ({detail}). Report it with the detail of this message."),
        ),
        ErrorKind::RateLimited => (
            FailureType::TransientError,
            "Zendesk's rate limit left no request for ninety minutes. Try again later, or let other programs use less of it.".to_owned(),
        ),
        ErrorKind::Unavailable => (
            FailureType::TransientError,
            format!("Zendesk did not answer ({detail}). Check the network and the subdomain, and try again."),
        ),
        ErrorKind::Unreadable => (
            FailureType::TransientError,
            format!("Zendesk's answer cannot be read ({detail}). Try again; if it stays so, report it."),
        ),
        ErrorKind::TooLarge => (
            FailureType::SystemError,
            format!("An answer is larger than can be held ({detail}). Report it with the detail of this message."),
        ),
        ErrorKind::Stopped => (FailureType::TransientError, "The sync was stopped. Start it again.".to_owned()),
    }
}

/// What a stream needs, as advice.
fn needs(stream: Option<&Stream>) -> String {
    let Some(stream) = stream else {
        return "Ask the account's administrator for access.".to_owned();
    };
    let mut needs = Vec::new();
    if let Some(plan) = stream.gate.plan {
        needs.push(format!("the {plan} plan"));
    }
    if let Some(feature) = stream.gate.feature {
        needs.push(feature.to_owned());
    }
    needs.push(match stream.gate.role {
        Role::Agent => "an agent's role".to_owned(),
        Role::Admin => "an administrator's role".to_owned(),
    });
    needs.push(format!("with OAuth the scope `{}`", stream.scope));
    format!("It needs {}; otherwise leave the stream out.", needs.join(", "))
}
