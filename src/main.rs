//! The binary: run, and exit with what came out.

use std::io::Write;
use std::process::ExitCode;

use source_zendesk_support::cli;
use source_zendesk_support::protocol::emitter::unix_ms;
use source_zendesk_support::protocol::message::{ErrorTrace, FailureType, error};

fn main() -> ExitCode {
    // A panic's own words could quote data, so only its place is shown.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let trouble = ErrorTrace {
            failure_type: FailureType::SystemError,
            message: "The connector failed by a defect of its own. Report it with the detail."
                .to_owned(),
            detail: Some(format!("panic at {place}")),
            stream: None,
        };
        let _ = std::io::stdout().write_all(&error(&trouble, unix_ms()));
    }));
    std::panic::catch_unwind(cli::run).unwrap_or(ExitCode::FAILURE)
}
