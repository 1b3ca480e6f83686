//! What both programs take from their environment.

use crate::paint::Paint;

/// The environment of a program.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `ZENDESK_BASE_URL`: where requests go in place of the account's host, for tests and demos.
    pub base_url: Option<String>,
    /// `ZENDESK_CLOCK_SCALE`: seconds of the program's clock in one second of real time, for tests
    /// and demos.
    pub clock_scale: f64,
    /// `WORKER_JOB_ATTEMPT`: how many attempts of this job came before, as Airbyte's platform says.
    pub attempt: u64,
    /// `WORKER_JOB_ID`: whether Airbyte's platform runs the program.
    pub is_on_platform: bool,
    /// `LOG_LEVEL`, or the command line: whether DEBUG lines are written.
    pub debug: bool,
    /// `LOG_LEVEL`: whether fewer lines than usual are wanted.
    pub is_quiet: bool,
    /// How text looks at the terminal on stdout. `None` if stdout is not a terminal; then a
    /// platform reads it.
    pub terminal: Option<Paint>,
}

impl Environment {
    /// Reads the environment. `debug` says that the command line asks for DEBUG lines.
    #[must_use]
    pub fn read(debug: bool) -> Self {
        let level = variable("LOG_LEVEL").unwrap_or_default().to_ascii_lowercase();
        Self {
            base_url: variable("ZENDESK_BASE_URL"),
            clock_scale: number("ZENDESK_CLOCK_SCALE").unwrap_or(1.0),
            attempt: variable("WORKER_JOB_ATTEMPT")
                .and_then(|value| value.parse().ok())
                .unwrap_or(0),
            is_on_platform: variable("WORKER_JOB_ID").is_some(),
            debug: debug || level == "debug",
            is_quiet: ["warn", "warning", "error", "fatal", "off"].contains(&level.as_str()),
            terminal: Paint::of_stdout(),
        }
    }
}

/// The value of a variable. `None` if it is not set or empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<f64> {
    variable(name).and_then(|value| value.parse().ok())
}
