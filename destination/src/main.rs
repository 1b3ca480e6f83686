//! The binary: run, and exit with what came out.

use std::process::ExitCode;

use connector::process;
use destination_zendesk_support::cli;

fn main() -> ExitCode {
    process::run(cli::run)
}
