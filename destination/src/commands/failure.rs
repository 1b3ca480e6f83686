//! Turns errors into a failure type and a message. The first sentence says what happened, the second what to
//! do. All errors are matched here and nowhere else.

use airbyte::destination::catalog::Descriptor;
use airbyte::message::{ErrorTrace, FailureType};
use connector::failure::{Wanted, of_api};
use zendesk::error::ApiError;

use crate::object::Object;
use crate::rejected::{BucketError, NotStored, Trouble};

/// The failure of a request that reads or writes the object.
#[must_use]
pub fn of_sync(error: &ApiError, object: Option<Object>) -> ErrorTrace {
    let scope = object.map_or("users:write", |object| match object {
        Object::Users => "users:write",
        Object::Organizations => "organizations:write",
        Object::Tickets => "tickets:write",
        Object::OrganizationMemberships => "organizations:write",
        Object::Records(_) => "custom_objects:write",
    });
    of_account(error, "write", scope)
}

/// The failure of a search for an audience or for the members of a mirror.
///
/// Source: Zendesk, "OAuth tokens": no narrower scope than `read` allows the search.
#[must_use]
pub fn of_audience(error: &ApiError) -> ErrorTrace {
    of_account(error, "read", "read")
}

fn of_account(error: &ApiError, verb: &str, scope: &str) -> ErrorTrace {
    let wanted = Wanted {
        verb,
        scope,
        scope_of_all: "read write",
        needs: "Sign in as an administrator, or as an agent with this permission.".to_owned(),
        words_of: None,
    };
    let (failure_type, message) = of_api(error, &wanted);
    ErrorTrace { failure_type, message, detail: Some(error.to_string()), stream: None }
}

/// The failure if streams cannot be bound to objects. `problems` are whole sentences.
#[must_use]
pub fn of_binding(problems: &[String]) -> ErrorTrace {
    connector::failure::refused(&format!("Nothing was read or written: {}", problems.join(" ")))
}

/// The message if a custom object does not exist.
#[must_use]
pub fn no_custom_object(stream: &str, key: &str) -> String {
    format!(
        "Stream `{stream}`: the custom object `{key}` does not exist. Create it in Zendesk, or correct the key."
    )
}

/// The failure if a mirror would remove more members than `max_removal_percent` allows.
#[must_use]
pub fn of_sweep(
    stream: &Descriptor,
    slug: &str,
    (removals, members): (u64, u64),
    percent: u64,
) -> ErrorTrace {
    connector::failure::refused(&format!(
        "{stream}: {removals} of the {members} members of the audience `{slug}` are not among its rows, more \
         than `max_removal_percent` allows ({percent}), so nobody was removed. Check for missing rows, or raise \
         `max_removal_percent` for one sync."
    ))
}

/// The failure if rejected rows cannot be stored.
#[must_use]
pub fn of_store(error: &NotStored) -> ErrorTrace {
    let (failure_type, message) = match error {
        NotStored::File(error) => (
            FailureType::ConfigError,
            format!(
                "Rejected rows cannot be stored ({error}). Let the program's user write to the folder in \
                 `object_storage_config`, and check that its disk is not full."
            ),
        ),
        NotStored::Bucket(error) => (
            match error.trouble {
                Trouble::Failing | Trouble::Unreachable => FailureType::TransientError,
                _ => FailureType::ConfigError,
            },
            of_bucket(error),
        ),
    };
    let detail = match error {
        NotStored::Bucket(error) => Some(error.to_string()),
        NotStored::File(_) => None,
    };
    ErrorTrace { failure_type, message, detail, stream: None }
}

/// The message if a bucket cannot be used.
fn of_bucket(error: &BucketError) -> String {
    let BucketError { bucket, host, region, doing, trouble, detail } = error;
    let (verb, right) = (doing.verb(), doing.right());
    match trouble {
        Trouble::NoKeys => {
            "Rejected rows cannot be stored, because there are no keys for the bucket. Set `access_key_id` and \
             `secret_access_key` in `object_storage_config`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in \
             the environment."
                .to_owned()
        }
        Trouble::NoBucket => format!(
            "Rejected rows cannot be stored, because the bucket `{bucket}` does not exist at {host} ({detail}). \
             Correct `s3_bucket_name`, or create the bucket."
        ),
        Trouble::OtherRegion(Some(other)) => format!(
            "Rejected rows cannot be stored, because the bucket `{bucket}` is in the region {other}, not in \
             {region}. Set `s3_bucket_region` to {other}."
        ),
        Trouble::OtherRegion(None) => format!(
            "Rejected rows cannot be stored, because the bucket `{bucket}` is not in the region {region} \
             ({detail}). Set `s3_bucket_region` to the region of the bucket."
        ),
        Trouble::KeysRefused => format!(
            "Rejected rows cannot be stored, because {host} does not accept the keys of the bucket ({detail}). \
             Create a new access key, and set its ID and its secret."
        ),
        Trouble::Denied => format!(
            "Rejected rows cannot be stored, because the keys have no permission to {verb} objects in the \
             bucket `{bucket}` ({detail}). Give them the permission {right} for this bucket."
        ),
        Trouble::ClockWrong => format!(
            "Rejected rows cannot be stored, because the clocks of this machine and of {host} differ \
             ({detail}). Correct the clock of this machine."
        ),
        Trouble::Untrusted => format!(
            "Rejected rows cannot be stored, because the certificate of {host} is not trusted ({detail}). Set \
             SSL_CERT_FILE to a file with the certificate of its authority."
        ),
        Trouble::Unreachable => format!(
            "Rejected rows cannot be stored, because {host} cannot be reached ({detail}). Check `s3_endpoint`, \
             `s3_bucket_region`, the network and the proxy."
        ),
        Trouble::Failing => format!(
            "Rejected rows cannot be stored, because {host} is down or busy ({detail}). Start the sync again \
             later."
        ),
        Trouble::Refused => format!(
            "Rejected rows cannot be stored, because {host} refuses to {verb} objects in the bucket `{bucket}` \
             ({detail}). Check the options of `object_storage_config`."
        ),
    }
}

/// The failure if no line on stdin is an Airbyte message.
#[must_use]
pub fn of_noise() -> ErrorTrace {
    connector::failure::refused(
        "No line on stdin is an Airbyte message, so nothing was written. Send each row in a RECORD message.",
    )
}

/// The failure if stdin cannot be read to its end.
#[must_use]
pub fn of_input(why: &str) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::TransientError,
        message: format!(
            "The messages on stdin cannot be read ({why}). Start the sync again; acknowledged rows are already \
             written."
        ),
        detail: None,
        stream: None,
    }
}
