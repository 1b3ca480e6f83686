//! Lines at a terminal, on stderr, that are drawn again and again while somebody watches. Nothing
//! is drawn if stderr is not a terminal, or if stdout is one, because the drawing would overwrite
//! the lines there.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use zendesk::budget::Bucket;

/// How often the lines are drawn, in real time, because a person watches.
const EVERY: Duration = Duration::from_millis(250);

/// The lines on the terminal. They disappear when the value is dropped.
#[derive(Debug)]
pub struct Terminal {
    lines: MultiProgress,
}

impl Terminal {
    /// The terminal, if somebody watches it.
    #[must_use]
    pub fn watched() -> Option<Self> {
        let is_watched = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        is_watched.then(|| Self { lines: MultiProgress::new() })
    }

    /// Adds a line with this template, before another line or as the last.
    pub fn add(&self, template: &str, before: Option<&ProgressBar>) -> ProgressBar {
        // The template is a constant; one that is wrong would show the default.
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line = ProgressBar::no_length().with_style(style);
        match before {
            Some(before) => self.lines.insert_before(before, line),
            None => self.lines.add(line),
        }
    }

    /// Removes a line.
    pub fn remove(&self, line: &ProgressBar) {
        line.finish_and_clear();
        self.lines.remove(line);
    }

    /// Waits until it is time to draw again.
    pub async fn pause(&self) {
        tokio::time::sleep(EVERY).await;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no clearing.
        let _ = self.lines.clear();
    }
}

/// The limits that are waited for, each with the time until it ends.
#[must_use]
pub fn limits(awaited: &[(Bucket, Duration)]) -> String {
    if awaited.is_empty() {
        return "no limit".to_owned();
    }
    let limits = awaited.iter().map(|(bucket, wait)| {
        let seconds = wait.as_secs_f64().ceil();
        format!("{} ({seconds} s)", bucket.name())
    });
    limits.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shown_with_the_time_that_they_hold() {
        assert_eq!(limits(&[]), "no limit");
        let awaited = [
            (Bucket::Incremental, Duration::from_millis(41_200)),
            (Bucket::Account, Duration::from_secs(3)),
        ];
        assert_eq!(limits(&awaited), "incremental exports (42 s), the account (3 s)");
    }
}
