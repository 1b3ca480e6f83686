//! Shows the progress of a read at a terminal, on stderr: a line per stream that is being read, and one
//! for the limits that are waited for. It polls, and never blocks the sync. It writes nothing when
//! stderr is no terminal, or when stdout is one, because it would overwrite the lines there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressStyle};

use airbyte::source::emitter::Emitter;
use airbyte::source::ledger::Progress;
use zendesk::budget::Bucket;
use zendesk::client::Client;

/// How often it looks, by the wall's clock, since somebody watches.
const EVERY: Duration = Duration::from_millis(250);

/// Shows the progress of a read for as long as it is polled.
pub async fn show(client: &Client, emitter: &Emitter) -> Infallible {
    let is_watched = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
    if !is_watched {
        return std::future::pending().await;
    }
    let mut screen = Screen::new();
    loop {
        if let Some(progress) = emitter.progress() {
            screen.draw(&progress, &client.awaited(), client.clock().elapsed());
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The lines on the terminal. They go when it is dropped.
struct Screen {
    lines: MultiProgress,
    style: ProgressStyle,
    /// With the time since when each is shown, since the program's start.
    streams: HashMap<String, (ProgressBar, Duration)>,
    limits: ProgressBar,
}

impl Screen {
    fn new() -> Self {
        // The template is a constant; one that is wrong would show the default.
        let style = ProgressStyle::with_template("{prefix:<24} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let lines = MultiProgress::new();
        let limits = lines.add(ProgressBar::no_length().with_style(style.clone()));
        limits.set_prefix("waiting for");
        Self { lines, style, streams: HashMap::new(), limits }
    }

    fn draw(&mut self, progress: &[Progress], awaited: &[(Bucket, Duration)], now: Duration) {
        self.streams.retain(|name, (line, _)| {
            let is_read = progress.iter().any(|progress| progress.stream == *name);
            if !is_read {
                line.finish_and_clear();
                self.lines.remove(line);
            }
            is_read
        });
        for progress in progress {
            let (line, since) = self.streams.entry(progress.stream.clone()).or_insert_with(|| {
                let line = ProgressBar::no_length().with_style(self.style.clone());
                let line = self.lines.insert_before(&self.limits, line);
                line.set_prefix(progress.stream.clone());
                (line, now)
            });
            line.set_message(shown(progress, now.saturating_sub(*since)));
        }
        self.limits.set_message(limits(awaited));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs no clearing.
        let _ = self.lines.clear();
    }
}

/// Rows, rows a second since the stream is shown, and the share of the estimate.
fn shown(progress: &Progress, since: Duration) -> String {
    let rows = HumanCount(progress.rows);
    let rate = progress.rows.checked_div(since.as_secs()).map(HumanCount);
    let rate = rate.map_or_else(String::new, |rate| format!(", {rate}/s"));
    let share = progress.estimate.and_then(|estimate| {
        let percent = progress.rows.saturating_mul(100).checked_div(estimate)?.min(100);
        Some(format!(", {percent} % of about {}", HumanCount(estimate)))
    });
    format!("{rows} rows{rate}{}", share.unwrap_or_default())
}

fn limits(awaited: &[(Bucket, Duration)]) -> String {
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
    fn a_line_tells_rows_rate_and_share() {
        let line = |rows, estimate, seconds| {
            let progress = Progress { stream: "tickets".into(), rows, estimate };
            shown(&progress, Duration::from_secs(seconds))
        };
        assert_eq!(line(12_345, None, 0), "12,345 rows");
        assert_eq!(line(12_345, Some(36_000), 10), "12,345 rows, 1,234/s, 34 % of about 36,000");
        // There can be more rows than were counted, and a count can be nothing.
        assert_eq!(line(50, Some(40), 5), "50 rows, 10/s, 100 % of about 40");
        assert_eq!(line(50, Some(0), 5), "50 rows, 10/s");
    }

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
