//! Measures the cost of columns for custom fields. `cargo bench --bench columns` reads tickets with
//! raw values, with columns, and with columns and labels. It prints rows per second of processor
//! time.

mod figures;
mod program;

use figures::{Figures, rounded};
use program::{Cost, Sync, is_wanted, tell, unlimited};
use serde_json::json;
use simulator::{CustomField, Simulator};

const TICKETS: u64 = 20_000;

/// The program keeps to ten exports a minute even if the simulator does not enforce them.
const SCALE: f64 = 600.0;

/// Kinds of fields, each with a value as tickets have it.
const KINDS: &[(&str, &str)] = &[
    ("checkbox", "true"),
    ("integer", "\"42\""),
    ("decimal", "\"19.99\""),
    ("date", "\"2026-07-23\""),
    ("text", "\"Order 1024 of July\""),
    ("tagger", "\"tag_3\""),
    ("multiselect", "[\"tag_3\",\"tag_4\"]"),
    ("regexp", "null"),
];

const WAYS: &[(&str, &[(&str, &str)])] = &[
    ("raw", &[]),
    ("columns", &[("custom_fields", "\"columns\"")]),
    ("columns and labels", &[("custom_fields", "\"columns\""), ("custom_field_labels", "true")]),
];

fn main() {
    if !is_wanted() {
        return;
    }
    let mut figures = Figures::of("columns");
    for fields in [16, 200] {
        let sim = account(fields);
        let mut raw = 0.0;
        for (way, options) in WAYS {
            let sync = Sync {
                url: sim.url(),
                scale: SCALE,
                streams: &["tickets"],
                workers: 3,
                options,
                state: None,
                debug: false,
            };
            let Cost { rows, bytes, cpu_seconds, wall_seconds, peak_kib, .. } = sync.quickest();
            assert!(rows > TICKETS / 2, "{rows} rows of {TICKETS} tickets");
            let per_row = cpu_seconds / rows as f64 * 1e6;
            if options.is_empty() {
                raw = per_row;
            }
            tell(&format!(
                "{fields} fields, {way}: {rows} rows, {:.1} MB, {:.0} rows per second of processor, {per_row:.1} us a row, {:.1} more than raw, {wall_seconds:.2} s in all, {:.1} MiB at most",
                bytes as f64 / 1e6,
                rows as f64 / cpu_seconds,
                per_row - raw,
                peak_kib as f64 / 1024.0,
            ));
            figures.note(
                format!("{fields} fields, {way}"),
                json!({
                    "rows_a_cpu_second": rounded(rows as f64 / cpu_seconds),
                    "us_more_than_raw": rounded(per_row - raw),
                    "row_bytes": bytes as u64 / rows,
                }),
            );
        }
    }
    figures.save();
}

/// An account of tickets with values in this many custom fields.
fn account(fields: usize) -> Simulator {
    let sim = unlimited(TICKETS, SCALE);
    sim.account(|account| {
        account.remove_fields("tickets");
        let options: Vec<_> = (0..20).map(|n| (format!("tag_{n}"), format!("Label {n}"))).collect();
        let field = |at: usize| {
            let (kind, _) = KINDS[at % KINDS.len()];
            let has_options = matches!(kind, "tagger" | "multiselect");
            let options = if has_options { options.clone() } else { Vec::new() };
            CustomField { options, ..CustomField::new(kind, "", &format!("Field {at}")) }
        };
        account.add_fields("tickets", &(0..fields).map(field).collect::<Vec<_>>());
        account.fill_fields("tickets", |_, at| Some(KINDS[at % KINDS.len()].1.to_owned()));
    });
    // Exports withhold the last minute.
    sim.advance_seconds(70);
    sim
}
