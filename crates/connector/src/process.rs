//! What a program needs of its process: files, a runtime, and exit codes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use airbyte::message::{ErrorTrace, FailureType, error};
use airbyte::stdout::unix_ms;
use clap::Parser;
use tokio::runtime::Runtime;

use crate::failure::refused;
use crate::signals::let_writes_fail;

/// The largest files that are read. No platform writes larger ones.
pub const LARGEST_CONFIG_BYTES: u64 = 1 << 20;
pub const LARGEST_CATALOG_BYTES: u64 = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Runs a program. Of a panic only the place is shown, because its message could quote data.
#[must_use]
pub fn run(program: impl FnOnce() -> ExitCode + std::panic::UnwindSafe) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let trouble = ErrorTrace {
            failure_type: FailureType::SystemError,
            message: "The connector failed because of a bug. Report it with the detail of this \
                message."
                .to_owned(),
            detail: Some(format!("panic at {place}")),
            stream: None,
        };
        let _ = std::io::stdout().write_all(&error(&trouble, unix_ms()));
    }));
    std::panic::catch_unwind(program).unwrap_or(ExitCode::FAILURE)
}

/// Parses the command line. Help and version go to stdout, usage errors to stderr.
///
/// # Errors
/// The exit code of a program that has nothing more to do.
pub fn command_line<C: Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|error| {
        // clap knows which goes where.
        let _ = error.print();
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// The runtime of a program. A write beyond the largest allowed file fails, and does not end the
/// process.
///
/// # Errors
/// The exit code, if there can be no runtime.
pub fn runtime() -> Result<Runtime, ExitCode> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(async { let_writes_fail() });
            Ok(runtime)
        }
        Err(error) => Err(unusable(&format!("the program cannot start: {error}"))),
    }
}

/// Says on stderr why the program does nothing.
#[must_use]
pub fn unusable(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

/// Says on stderr that stdout cannot be written, because no other place is left.
#[must_use]
pub fn unwritable(why: &str) -> ExitCode {
    let message = format!(
        "The program cannot write to stdout ({why}). Free space on its disk or raise the file \
         size limit, and start the command again."
    );
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}

/// Reads a file of at most `largest` bytes. It never reads further, so something without an end,
/// such as a device, is no danger.
///
/// # Errors
/// The trace says what the user has to change.
pub fn contents(path: &Path, what: &str, largest: u64) -> Result<Vec<u8>, ErrorTrace> {
    let unreadable = |error| {
        refused(&format!(
            "{what} cannot be read from {} ({error}). Check the path, and that the program's user \
             may read the file.",
            path.display()
        ))
    };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(largest + 1).read_to_end(&mut text).map_err(unreadable)?;
    // Editors of some systems begin a text with this mark.
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    if text.len() as u64 > largest {
        return Err(refused(&format!(
            "{what} is larger than {} MB, so {} is another file. Check the path.",
            largest >> 20,
            path.display()
        )));
    }
    Ok(text)
}
