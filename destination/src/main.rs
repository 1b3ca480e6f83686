//! The binary: runs the program and returns its exit code.

use std::process::ExitCode;

use connector::process;
use destination_zendesk_support::cli;

fn main() -> ExitCode {
    process::run(cli::run)
}
