//! The table of first syncs in `docs/limits.md`, recomputed from its own columns.

use super::text_of;

/// A row of numbers: tickets, events, users, organizations, pages of the shared limit, and hours
/// at 10 and at 30 requests a minute.
fn numbers(line: &str) -> Option<Vec<f64>> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let number = |cell: &&str| {
        let text: String = cell.chars().filter(|letter| !", h".contains(*letter)).collect();
        text.parse::<f64>().ok()
    };
    if cells.len() != 7 { None } else { cells.iter().map(number).collect() }
}

#[test]
fn the_hours_of_a_first_sync_are_what_their_columns_give() {
    let page = text_of("docs/limits.md");
    let rows: Vec<Vec<f64>> = page.lines().filter_map(numbers).collect();
    assert!(rows.len() >= 4, "{rows:?}");
    for row in rows {
        let [tickets, events, _users, organizations, pages, at_ten, at_thirty] = row[..] else {
            panic!("{row:?}");
        };
        let of_export = |rows: f64| (rows / 1000.0).ceil();
        let expected = of_export(tickets) + of_export(events) + of_export(organizations);
        assert!((pages - expected).abs() < 0.5, "{row:?} has {expected} pages");
        for (shown, a_minute) in [(at_ten, 10.0), (at_thirty, 30.0)] {
            let hours = expected / a_minute / 60.0;
            // Shown are two digits.
            assert!((shown - hours).abs() <= 0.051 * hours.max(1.0), "{row:?}: {hours} hours");
        }
    }
}
