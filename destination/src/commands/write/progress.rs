//! Shows the progress of a sync in one line of a terminal: rows, rows per second, and the limits it waits
//! for. It polls, and never blocks the sync.

use std::convert::Infallible;
use std::time::Duration;

use airbyte::destination::ledger::{Ledger, Progress};
use connector::terminal::{Terminal, limits};
use indicatif::HumanCount;
use zendesk::client::Client;

use crate::commands::Out;

/// Text that is wider than the terminal is cut.
const TEMPLATE: &str = "{wide_msg}";

/// Shows the progress until it is dropped. If `is_quiet`, it shows nothing.
pub(super) async fn show(client: &Client, out: &Out, is_quiet: bool) -> Infallible {
    let watched = if is_quiet { None } else { Terminal::watched() };
    let Some(terminal) = watched else { return std::future::pending().await };
    let line = terminal.add(TEMPLATE, None);
    let began = client.clock().elapsed();
    loop {
        // If stdout is in use, the next round shows the progress.
        if let Some(progress) = out.try_look(Ledger::progress) {
            let since = client.clock().elapsed().saturating_sub(began);
            line.set_message(shown(&progress, since, &limits(&client.awaited())));
        }
        terminal.pause().await;
    }
}

fn shown(progress: &Progress, since: Duration, limits: &str) -> String {
    let Progress { read, confirmed, rejected } = *progress;
    let rate = (confirmed + rejected).checked_div(since.as_secs()).map(HumanCount);
    let rate = rate.map_or_else(String::new, |rate| format!(", {rate} rows/s"));
    let [read, confirmed, rejected] = [read, confirmed, rejected].map(HumanCount);
    format!(
        "{read} rows read, {confirmed} confirmed, {rejected} rejected{rate}, waiting for {limits}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rows_rate_and_limits() {
        let progress = Progress { read: 12_345, confirmed: 9_990, rejected: 10 };
        let line = |seconds| shown(&progress, Duration::from_secs(seconds), "no limit");
        assert_eq!(line(0), "12,345 rows read, 9,990 confirmed, 10 rejected, waiting for no limit");
        assert_eq!(
            line(10),
            "12,345 rows read, 9,990 confirmed, 10 rejected, 1,000 rows/s, waiting for no limit"
        );
    }
}
