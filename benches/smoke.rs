//! Measures the cost of reading tickets, and what their history adds to it. `cargo bench --bench
//! smoke` reads a simulated account with the optimized program. It prints rows per second of
//! processor time, and the largest memory that the program held. This is a coarse measure: it shows
//! when a change makes the program several times worse.

mod figures;
mod program;

use std::time::Instant;

use figures::{Figures, rounded};
use program::{Sync, is_wanted, tell, unlimited};
use serde_json::json;

const TICKETS: u64 = 20_000;

/// The program keeps to ten exports a minute even if the simulator does not enforce them, so its
/// minutes are short.
const SCALE: f64 = 600.0;

/// Streams of history, each read together with the stream that it is made from.
const HISTORIES: [&[&str]; 3] = [
    &["ticket_events", "ticket_field_history"],
    &["ticket_events", "ticket_tag_history"],
    &["ticket_events", "ticket_field_history", "ticket_tag_history", "ticket_schedule_assignments"],
];

fn main() {
    if !is_wanted() {
        return;
    }
    let founding = Instant::now();
    let sim = unlimited(TICKETS, SCALE);
    // Exports withhold the last minute.
    sim.advance_seconds(70);
    tell(&format!("founded {TICKETS} tickets in {:.1} s", founding.elapsed().as_secs_f64()));

    let read = |streams: &'static [&'static str]| {
        let sync = Sync {
            url: sim.url(),
            scale: SCALE,
            streams,
            workers: 3,
            options: &[],
            state: None,
            debug: false,
        };
        let cost = sync.quickest();
        tell(&format!(
            "{}: {} rows, {:.1} MB, {:.2} s of processor, {:.0} rows per such second, {:.2} s in all, {:.1} MiB at most",
            streams.join(", "),
            cost.rows,
            cost.bytes as f64 / 1e6,
            cost.cpu_seconds,
            cost.rows as f64 / cost.cpu_seconds,
            cost.wall_seconds,
            cost.peak_kib as f64 / 1024.0,
        ));
        cost
    };
    // Tickets that were deleted are no rows of this stream, so there are a few less.
    let mut figures = Figures::of("smoke");
    let tickets = read(&["tickets"]).rows;
    assert!(tickets > TICKETS / 2, "{tickets} rows of {TICKETS} tickets");
    let events = read(&["ticket_events"]);
    let each = events.cpu_seconds * 1e6 / events.rows as f64;
    figures.note(
        "ticket_events",
        json!({
            "rows": events.rows,
            "row_bytes": events.bytes as u64 / events.rows,
            "us_a_row": rounded(each),
        }),
    );
    for history in HISTORIES {
        let both = read(history);
        let (rows, seconds) =
            (both.rows - events.rows, (both.cpu_seconds - events.cpu_seconds).max(0.0));
        assert!(rows > 0, "{history:?}");
        let each = seconds * 1e6 / rows as f64;
        tell(&format!("    {each:.2} us for each of {rows} rows of history"));
        figures.note(history[1..].join(", "), json!({ "rows": rows, "us_a_row": rounded(each) }));
    }
    figures.save();
}
