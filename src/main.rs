//! The binary: runs the program and exits with its exit code.

use std::process::ExitCode;

use connector::process;
use source_zendesk_support::cli;

fn main() -> ExitCode {
    process::run(cli::run)
}
