//! What a long sync takes: `cargo bench --bench write_volume` writes a million rows with five jobs at once and prints
//! rows per second of processor time and the most memory that was resident. A word behind it picks a part:
//! `unchanged`, `changed` or `wide`.

mod program;

use program::{Cost, account, customer, is_part, is_wanted, tell, write};

/// No wait of the account's is long here.
const SCALE: f64 = 3_000.0;

/// The users of the account, whose rows come again and again.
const USERS: u64 = 20_000;

const ROWS: u64 = 1_000_000;

/// Rows of 20 KB.
const WIDE_ROWS: u64 = 20_000;

const WIDE_BYTES: usize = 20_000;

/// For rows of ordinary size.
const MOST_MIB: u64 = 64;

/// For wide ones, of which a batch for each job is in memory.
const MOST_WIDE_MIB: u64 = 128;

fn main() {
    if !is_wanted() {
        return;
    }
    let sim = account(SCALE, true);
    row("new", MOST_MIB, &write(&sim, SCALE, USERS, |number| customer(number, 0, "")));
    if is_part("unchanged") {
        row(
            "unchanged",
            MOST_MIB,
            &write(&sim, SCALE, ROWS, |number| customer(number % USERS, 0, "")),
        );
    }
    if is_part("changed") {
        let changed = |number| customer(number % USERS, 1 + number / USERS, "");
        row("changed", MOST_MIB, &write(&sim, SCALE, ROWS, changed));
    }
    if is_part("wide") {
        let wide = |number: u64| {
            let letter = char::from(b'a' + u8::try_from(number / USERS % 26).unwrap_or_default());
            customer(number % USERS, 0, &letter.to_string().repeat(WIDE_BYTES))
        };
        row("changed, of 20 KB", MOST_WIDE_MIB, &write(&sim, SCALE, WIDE_ROWS, wide));
    }
}

fn row(what: &str, most_mib: u64, cost: &Cost) {
    let Cost { created, updated, unchanged, cpu_seconds, wall_seconds, requests, peak_kib, .. } =
        cost;
    let rows = created + updated + unchanged;
    tell(&format!(
        "{what}: {rows} rows in {cpu_seconds:.2} s of processor time, {:.0} rows a second of it; \
         {:.1} MiB of at most {most_mib}; {requests} requests, {wall_seconds:.0} s",
        rows as f64 / cpu_seconds.max(0.01),
        *peak_kib as f64 / 1024.0
    ));
}
