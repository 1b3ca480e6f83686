//! Shows the progress of a read at a terminal: a line for each stream that is being read, and a
//! line for the limits that are waited for. It polls, and never blocks the sync.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar};

use airbyte::source::emitter::Emitter;
use airbyte::source::ledger::Progress;
use connector::terminal::{Terminal, limits};
use zendesk::budget::Bucket;
use zendesk::client::Client;

const TEMPLATE: &str = "{prefix:<24} {msg}";

/// Shows the progress of a read for as long as it is polled.
pub async fn show(client: &Client, emitter: &Emitter) -> Infallible {
    let Some(terminal) = Terminal::watched() else { return std::future::pending().await };
    let mut screen = Screen::new(terminal);
    loop {
        if let Some(progress) = emitter.progress() {
            screen.draw(&progress, &client.awaited(), client.clock().elapsed());
        }
        screen.terminal.pause().await;
    }
}

/// What the terminal shows.
struct Screen {
    terminal: Terminal,
    /// The line of each stream, and when it was first shown, as time since the program's start.
    streams: HashMap<String, (ProgressBar, Duration)>,
    limits: ProgressBar,
}

impl Screen {
    fn new(terminal: Terminal) -> Self {
        let limits = terminal.add(TEMPLATE, None);
        limits.set_prefix("waiting for");
        Self { terminal, streams: HashMap::new(), limits }
    }

    fn draw(&mut self, progress: &[Progress], awaited: &[(Bucket, Duration)], now: Duration) {
        self.streams.retain(|name, (line, _)| {
            let is_read = progress.iter().any(|progress| progress.stream == *name);
            if !is_read {
                self.terminal.remove(line);
            }
            is_read
        });
        for progress in progress {
            let (line, since) = self.streams.entry(progress.stream.clone()).or_insert_with(|| {
                let line = self.terminal.add(TEMPLATE, Some(&self.limits));
                line.set_prefix(progress.stream.clone());
                (line, now)
            });
            line.set_message(shown(progress, now.saturating_sub(*since)));
        }
        self.limits.set_message(limits(awaited));
    }
}

/// Rows, rows per second since the stream is shown, and the share of the estimate.
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
}
