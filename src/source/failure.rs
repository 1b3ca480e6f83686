//! Turns an error into a failure type and a message. The first sentence says what happened, the
//! next says what to do. No other place matches on errors for this purpose.

use super::asker::Asker;
use super::brands::NoHelpCenters;
use super::refusals::is_users_words;
use crate::streams::{ResolvedStream, Role};
use crate::sync::WalkError;
use airbyte::message::{ErrorTrace, FailureType};
use connector::failure::{Wanted, of_api};
use connector::refusals::{is_account_gone, is_scope};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::timestamp;

/// What the failure of a stream means for the person who reads the message. `at` is the host where
/// the stream was read; the message names it. `None` leaves the host out.
#[must_use]
pub fn of_stream(stream: &ResolvedStream, at: Option<&str>, error: &WalkError) -> ErrorTrace {
    let (failure_type, message) = match error {
        WalkError::Api(error) => {
            let of_brand = at.and_then(|_| of_brand(stream, error));
            of_brand.unwrap_or_else(|| of_api(error, &wanted(stream)))
        }
        WalkError::Refused { last, .. } => of_api(last, &wanted(stream)),
        WalkError::Broken { .. } => (
            FailureType::TransientError,
            "Zendesk's listing did not end and gave no usable next page. Try again; if it \
             happens again, report it with the detail of this message."
                .to_owned(),
        ),
        WalkError::CutShort { first, seconds, .. } => (
            FailureType::ConfigError,
            format!(
                "Rows are missing: more of them changed in the second {}{} than one page of \
                 Zendesk's listing can hold. Change these rows again in Zendesk, a few hundred \
                 at a time, and the next sync reads them.",
                timestamp::to_iso(*first),
                match seconds {
                    0 | 1 => String::new(),
                    _ => format!(" and in {} others", seconds - 1),
                }
            ),
        ),
        WalkError::EndedEarly { at, known, .. } => (
            FailureType::TransientError,
            format!(
                "Zendesk reports repeatedly that the listing ends {}, but its other answers show \
                 {}. The next sync continues from there; if it happens again, report it to \
                 Zendesk with the detail of this message.",
                at.map_or("there".to_owned(), |at| format!("at {}", timestamp::to_iso(at))),
                known.map_or("more rows".to_owned(), |known| format!(
                    "rows up to {}",
                    timestamp::to_iso(known)
                )),
            ),
        ),
        WalkError::NoFiles { missing, of, last } => (
            match last.kind {
                ErrorKind::Unavailable
                | ErrorKind::Outage
                | ErrorKind::LongOutage
                | ErrorKind::Intercepted
                | ErrorKind::Redirected
                | ErrorKind::Unresolved
                | ErrorKind::Unreadable => FailureType::TransientError,
                _ => FailureType::ConfigError,
            },
            format!(
                "{missing} of the last {of} files could not be fetched ({}). Check that the user \
                 may open attachments and that the hosts of the files can be reached, or read \
                 the stream without files.",
                last.detail
            ),
        ),
        WalkError::Closed => (
            FailureType::TransientError,
            "The program that reads the output has ended. Try again.".to_owned(),
        ),
    };
    ErrorTrace {
        failure_type,
        message: match at {
            Some(host) => format!("{} at {host}: {message}", stream.name),
            None => format!("{}: {message}", stream.name),
        },
        detail: Some(error.to_string()),
        stream: Some(stream.name.to_string()),
    }
}

/// What it means that the help center of one of several brands cannot be read, and how to do
/// without it. `None` if the error means something else.
fn of_brand(stream: &ResolvedStream, error: &ApiError) -> Option<(FailureType, String)> {
    if !stream.feed.root().is_of_brands() || is_scope(error) {
        return None;
    }
    let detail = &error.detail;
    match error.kind {
        ErrorKind::NotFound => Some((
            FailureType::ConfigError,
            format!(
                "There is no help center to read ({detail}). Switch it on in Zendesk, or list \
                 the brands to read in `help_center_brands`."
            ),
        )),
        ErrorKind::Forbidden if !is_account_gone(error) => Some((
            FailureType::ConfigError,
            format!(
                "Zendesk does not allow these credentials to read this help center ({detail}). \
                 Give their user access to it, or list the brands to read in \
                 `help_center_brands`."
            ),
        )),
        ErrorKind::Unresolved => Some((
            FailureType::TransientError,
            format!(
                "The brand's address cannot be found in the DNS ({detail}). Check the network \
                 and try again; if it still fails, list the brands to read in \
                 `help_center_brands`."
            ),
        )),
        _ => None,
    }
}

/// Why the help center of one of several brands cannot be read, and what to do.
#[must_use]
pub fn why_not_brand(stream: &ResolvedStream, error: &ApiError, asker: &Asker<'_>) -> String {
    of_brand(stream, error).map_or_else(|| why_not(stream, error, asker), |(_, why)| why)
}

/// The warning about a help center that is left out. It is not enabled and answers 404, so it has
/// nothing to read.
#[must_use]
pub fn left_out(hosts: &str, state: &str, detail: &str, streams: &str) -> String {
    format!(
        "{hosts}: there is no help center to read ({detail}, state `{state}`), so it is skipped \
         in {streams}. To stop this warning, list the brands to read in `help_center_brands`."
    )
}

/// The failure type of several failures together: their common type, or transient if they differ.
#[must_use]
pub fn of_all(kinds: impl IntoIterator<Item = FailureType>) -> FailureType {
    let mut kinds = kinds.into_iter();
    let first = kinds.next().unwrap_or(FailureType::TransientError);
    if kinds.all(|kind| kind == first) { first } else { FailureType::TransientError }
}

/// The last message of a sync in which these streams failed.
#[must_use]
pub fn of_sync(failed: &[(String, FailureType)]) -> ErrorTrace {
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    let count = match names.len() {
        1 => "1 stream".to_owned(),
        count => format!("{count} streams"),
    };
    ErrorTrace {
        failure_type: of_all(failed.iter().map(|(_, kind)| *kind)),
        message: format!("{count} failed: {}. See each stream's ERROR message.", names.join(", ")),
        detail: None,
        stream: None,
    }
}

/// The trace for a start date in the future.
#[must_use]
pub fn of_start(start_unix: i64) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::ConfigError,
        message: format!(
            "`start_date` ({}) is in the future. Set a date in the past, or days back such as \
             `30 days`.",
            timestamp::to_iso(start_unix)
        ),
        detail: None,
        stream: None,
    }
}

/// The trace for custom objects, or fields of them, that cannot be listed.
#[must_use]
pub fn of_objects(error: &WalkError) -> ErrorTrace {
    let (failure_type, message) = of_listing(error);
    ErrorTrace {
        failure_type,
        message: format!(
            "The custom objects and their fields cannot be listed, so the streams of their \
             records would be missing: {message}"
        ),
        detail: Some(error.to_string()),
        stream: None,
    }
}

/// What an error means if it ended a listing that belongs to no stream.
fn of_listing(error: &WalkError) -> (FailureType, String) {
    match error {
        WalkError::Api(error) => of_api(error, &Wanted::default()),
        _ => (FailureType::TransientError, format!("{error}. Try again.")),
    }
}

/// The trace for a stream whose custom fields cannot be listed. If one of `streams` reads the
/// listing of the fields, the message names what that one needs.
#[must_use]
pub fn of_fields(
    stream: &ResolvedStream,
    streams: &[ResolvedStream],
    error: &WalkError,
) -> ErrorTrace {
    let is_lister = |lister: &&ResolvedStream| {
        stream.custom_fields.is_some_and(|fields| lister.feed == fields.feed.into())
    };
    let trouble = of_stream(streams.iter().find(is_lister).unwrap_or(stream), None, error);
    let message = format!(
        "{}: its custom fields cannot be listed. Set `custom_fields` to `raw` to read without their \
         columns, or solve this: {}",
        stream.name, trouble.message
    );
    ErrorTrace { message, stream: Some(stream.name.to_string()), ..trouble }
}

/// The trace if it is not known where help centers are read. `stream` is the stream that needs
/// them.
#[must_use]
pub fn of_help_centers(stream: Option<&ResolvedStream>, error: &NoHelpCenters) -> ErrorTrace {
    let mut trouble = match error {
        NoHelpCenters::Unlisted(error) => {
            let (failure_type, message) = of_listing(error);
            let message = format!("The brands of the help centers cannot be listed: {message}");
            ErrorTrace { failure_type, message, detail: Some(error.to_string()), stream: None }
        }
        NoHelpCenters::Unknown { names, known } => ErrorTrace {
            failure_type: FailureType::ConfigError,
            message: format!(
                "No brand with a help center has the subdomain {}. Correct `help_center_brands`; \
                 the brands with a help center are: {}.",
                names.join(" or "),
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            ),
            detail: None,
            stream: None,
        },
    };
    if let Some(stream) = stream {
        trouble.message = format!("{}: {}", stream.name, trouble.message);
        trouble.stream = Some(stream.name.to_string());
    }
    trouble
}

/// Why a probe of a stream was refused, and what to do, in two sentences.
#[must_use]
pub fn why_not(stream: &ResolvedStream, error: &ApiError, asker: &Asker<'_>) -> String {
    let role = asker.identity.map_or("", |identity| identity.role.as_str());
    let detail = &error.detail;
    if is_account_gone(error) || is_scope(error) || is_users_words(stream, error) {
        return of_api(error, &wanted(stream)).1;
    }
    if !asker.covers(stream) {
        return format!(
            "the access token lacks the scope `{}` ({detail}). Sign in with that scope, or leave the \
             stream out.",
            stream.scope
        );
    }
    if error.kind == ErrorKind::Forbidden && asker.may_lack_role(stream) && !role.is_empty() {
        return format!("the role `{role}` may not read it ({detail}). {}", needs(stream));
    }
    match (stream.access.plan, stream.access.feature) {
        (Some(plan), None) => format!(
            "the account's plan does not include it, or the role may not read it ({detail}). It \
             needs the {plan} plan; otherwise leave the stream out."
        ),
        (plan, Some(feature)) => format!(
            "the account does not have {feature} switched on, or the role may not read it ({detail}). \
             It needs {feature}{}; otherwise leave the stream out.",
            plan.map(|plan| format!(" and the {plan} plan")).unwrap_or_default()
        ),
        (None, None) => of_api(error, &wanted(stream)).1,
    }
}

/// What a stream needs of the API, for messages.
fn wanted(stream: &ResolvedStream) -> Wanted<'_> {
    let words_of = stream.feed.words_of;
    Wanted { scope: stream.scope, needs: needs(stream), words_of, ..Wanted::default() }
}

/// The advice that names what a stream needs.
fn needs(stream: &ResolvedStream) -> String {
    let mut needs = Vec::new();
    if let Some(plan) = stream.access.plan {
        needs.push(format!("the {plan} plan"));
    }
    if let Some(feature) = stream.access.feature {
        needs.push(feature.to_owned());
    }
    needs.push(match stream.access.role {
        Role::Agent => "an agent's role".to_owned(),
        Role::Admin => "an administrator's role".to_owned(),
    });
    needs.push(format!("with OAuth the scope `{}`", stream.scope));
    format!("It needs {}; otherwise leave the stream out.", needs.join(", "))
}
