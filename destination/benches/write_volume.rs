//! What a long sync takes: `cargo bench --bench write_volume` writes a million rows with five jobs at once and prints
//! rows per second of processor time and the most memory that was resident, and then mirrors an audience of 100,000
//! members. A word behind it picks a part: `unchanged`, `changed`, `wide` or `mirror`.

#[path = "../../benches/figures/mod.rs"]
mod figures;
mod program;

use figures::{Figures, rounded};
use program::{Cost, account, customer, is_part, is_wanted, tell, write};
use serde_json::json;

/// No wait of the account's is long here.
const SCALE: f64 = 3_000.0;

/// The users of the account, whose rows come again and again.
const USERS: u64 = 20_000;

const ROWS: u64 = 1_000_000;

/// Rows of 20 KB.
const WIDE_ROWS: u64 = 20_000;

const WIDE_BYTES: usize = 20_000;

/// Members of the audience.
const MEMBERS: u64 = 100_000;

/// For rows of ordinary size.
const MOST_MIB: u64 = 64;

/// For wide ones, of which a batch for each job is in memory.
const MOST_WIDE_MIB: u64 = 128;

fn main() {
    if !is_wanted() {
        return;
    }
    let mut figures = Figures::of("write_volume");
    if is_part("mirror") {
        mirror(&mut figures);
    }
    if ["unchanged", "changed", "wide"].into_iter().any(is_part) {
        rows(&mut figures);
    }
    figures.save();
}

/// Writes rows of the same users again and again.
fn rows(figures: &mut Figures) {
    let mut row = |what: &str, most_mib: u64, cost: Cost| note(figures, what, most_mib, &cost);
    let sim = account(SCALE, true);
    row("new", MOST_MIB, write(&sim, SCALE, "users", USERS, |number| customer(number, 0, "")));
    if is_part("unchanged") {
        row(
            "unchanged",
            MOST_MIB,
            write(&sim, SCALE, "users", ROWS, |number| customer(number % USERS, 0, "")),
        );
    }
    if is_part("changed") {
        let changed = |number| customer(number % USERS, 1 + number / USERS, "");
        row("changed", MOST_MIB, write(&sim, SCALE, "users", ROWS, changed));
    }
    if is_part("wide") {
        let wide = |number: u64| {
            let letter = char::from(b'a' + u8::try_from(number / USERS % 26).unwrap_or_default());
            customer(number % USERS, 0, &letter.to_string().repeat(WIDE_BYTES))
        };
        row("changed, of 20 KB", MOST_WIDE_MIB, write(&sim, SCALE, "users", WIDE_ROWS, wide));
    }
}

fn note(figures: &mut Figures, what: &str, most_mib: u64, cost: &Cost) {
    let Cost { created, updated, unchanged, cpu_seconds, wall_seconds, requests, peak_kib, .. } =
        cost;
    let rows = created + updated + unchanged;
    tell(&format!(
        "{what}: {rows} rows in {cpu_seconds:.2} s of processor time, {:.0} rows a second of it; \
         {:.1} MiB of at most {most_mib}; {requests} requests, {wall_seconds:.0} s",
        rows as f64 / cpu_seconds.max(0.01),
        *peak_kib as f64 / 1024.0
    ));
    figures.note(
        what,
        json!({
            "rows": rows,
            "rows_a_cpu_second": rounded(rows as f64 / cpu_seconds.max(0.01)),
            "requests": requests,
            "mib": rounded(*peak_kib as f64 / 1024.0),
        }),
    );
}

/// Mirrors an audience whom all join, then the same again, then a tenth less.
fn mirror(figures: &mut Figures) {
    let sim = account(SCALE, true);
    sim.account(|account| {
        for number in 0..MEMBERS {
            account
                .write_new("users", json!({ "external_id": format!("c-{number}"), "name": "N" }));
        }
    });
    for (what, rows) in [
        ("all join", MEMBERS),
        ("nobody joins or leaves", MEMBERS),
        ("a tenth leaves", MEMBERS / 10 * 9),
    ] {
        // The index knows all by then.
        sim.advance_seconds(600);
        let row = |number| json!({ "external_id": format!("c-{number}") });
        let cost = write(&sim, SCALE, "audience_mirror:vip", rows, row);
        let Cost { requests, members_added, members_removed, peak_kib, cpu_seconds, .. } = cost;
        tell(&format!(
            "mirror, {what}: {members_added} joined, {members_removed} left; {requests} requests, {cpu_seconds:.2} s \
             of processor time; {:.1} MiB of at most {MOST_MIB}",
            peak_kib as f64 / 1024.0
        ));
        figures
            .note(what, json!({ "requests": requests, "mib": rounded(peak_kib as f64 / 1024.0) }));
    }
}
