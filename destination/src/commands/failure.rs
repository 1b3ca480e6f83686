//! Turns any error into a failure type and a message: one sentence says what happened, the next what to do. No
//! other place matches on errors to do so.

use airbyte::destination::catalog::Descriptor;
use airbyte::message::{ErrorTrace, FailureType};
use connector::failure::{Wanted, of_api};
use zendesk::error::ApiError;

use crate::object::Object;
use crate::rejected::NotStored;

/// What it means that the account can be neither looked at nor written.
#[must_use]
pub fn of_sync(error: &ApiError, object: Option<Object>) -> ErrorTrace {
    let scope = object.map_or("users:write", |object| match object {
        Object::Users => "users:write",
        Object::Organizations => "organizations:write",
        Object::Tickets => "tickets:write",
        Object::OrganizationMemberships => "organizations:write",
        Object::Records(_) => "custom_objects:write",
    });
    let wanted = Wanted {
        verb: "write",
        scope,
        scope_of_all: "read write",
        needs: "It needs an administrator, or an agent whose role may do it.".to_owned(),
        words_of: None,
    };
    let (failure_type, message) = of_api(error, &wanted);
    ErrorTrace { failure_type, message, detail: Some(error.to_string()), stream: None }
}

/// What it means that streams cannot be bound to objects.
#[must_use]
pub fn of_binding(problems: &[String]) -> ErrorTrace {
    connector::failure::refused(&format!("Nothing was read or written: {}.", problems.join("; ")))
}

/// What it means that a stream is bound to a custom object that is not there.
#[must_use]
pub fn no_custom_object(stream: &str, key: &str) -> String {
    format!(
        "stream `{stream}`: the account has no custom object `{key}`: make it in Zendesk, or mend the key"
    )
}

/// What it means that a mirror would remove more members than the config allows.
#[must_use]
pub fn of_sweep(
    stream: &Descriptor,
    slug: &str,
    (removals, members): (u64, u64),
    percent: u64,
) -> ErrorTrace {
    connector::failure::refused(&format!(
        "{stream}: {removals} of the {members} members of the audience `{slug}` are not among its rows, more than \
         `max_removal_percent` allows ({percent}), and nobody was removed. Look whether rows are missing, or \
         raise it for one sync."
    ))
}

/// What it means that rejected rows cannot be stored.
#[must_use]
pub fn of_store(error: &NotStored) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::ConfigError,
        message: format!(
            "Rejected rows cannot be stored ({error}). Let the program's user write to the folder in \
             `object_storage_config`, and make room there. What was not acknowledged comes again."
        ),
        detail: None,
        stream: None,
    }
}

/// What it means that stdin cannot be read to its end.
#[must_use]
pub fn of_input(why: &str) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::TransientError,
        message: format!(
            "The messages on stdin cannot be read ({why}). Start the sync again; what was acknowledged \
             is written."
        ),
        detail: None,
        stream: None,
    }
}
