//! What both programs find around themselves.

use crate::paint::Paint;

/// The environment of a program.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `ZENDESK_BASE_URL`: where requests go instead of the account's host, for tests and demos.
    pub base_url: Option<String>,
    /// `ZENDESK_CLOCK_SCALE`: seconds that pass in one of the wall's, for tests and demos.
    pub clock_scale: f64,
    /// `WORKER_JOB_ATTEMPT`: attempts of this job that came before, as Airbyte's platform says.
    pub attempt: u64,
    /// `WORKER_JOB_ID`: whether Airbyte's platform runs the program.
    pub is_on_platform: bool,
    /// `LOG_LEVEL`, or the option: whether DEBUG lines are written.
    pub debug: bool,
    /// `LOG_LEVEL`: whether less than the usual lines is wished for.
    pub is_quiet: bool,
    /// How text looks at the terminal that stdout is. None when it is none, so that a platform reads it.
    pub terminal: Option<Paint>,
}

impl Environment {
    /// Looks around. `debug` says that the command line asks for DEBUG lines.
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

/// A variable that is there and not empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<f64> {
    variable(name).and_then(|value| value.parse().ok())
}
