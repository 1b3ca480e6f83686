//! A picture of an account's tickets, drawn with characters: one line per day, one character per
//! ticket.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// The most days that are drawn: the newest days that have tickets.
const MOST_DAYS: usize = 14;

/// The most characters in a line. If a day has more tickets, one character stands for several.
const WIDEST: usize = 60;

/// Zendesk's statuses in the order in which a ticket passes through them, each with its character.
const STATUSES: [(&str, char); 6] = [
    ("new", 'n'),
    ("open", 'o'),
    ("pending", 'p'),
    ("hold", 'h'),
    ("solved", 's'),
    ("closed", 'c'),
];

/// The tickets of an account by id: the creation time and the status of each.
#[derive(Default)]
pub(crate) struct Tickets(BTreeMap<u64, (String, String)>);

impl Tickets {
    /// Takes a row of the stream `tickets`. A newer row of a ticket replaces the older one.
    pub(crate) fn take(&mut self, row: &Value) {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let (Some(id), Some(created_at), Some(status)) =
            (row["id"].as_u64(), text("created_at"), text("status"))
        else {
            return;
        };
        match status.as_str() {
            "deleted" => drop(self.0.remove(&id)),
            _ => drop(self.0.insert(id, (created_at, status))),
        }
    }

    /// Draws the picture.
    pub(crate) fn picture(&self) -> String {
        let mut days: BTreeMap<&str, [usize; STATUSES.len()]> = BTreeMap::new();
        for (created_at, status) in self.0.values() {
            let day = created_at.get(..10).unwrap_or(created_at);
            if let Some(at) = STATUSES.iter().position(|(name, _)| name == status) {
                days.entry(day).or_default()[at] += 1;
            }
        }
        let newest = days.len().saturating_sub(MOST_DAYS);
        let days: Vec<_> = days.into_iter().skip(newest).collect();
        let most = days.iter().map(|(_, counts)| counts.iter().sum::<usize>()).max();
        let each = most.unwrap_or_default().div_ceil(WIDEST).max(1);
        let stands_for = if each == 1 { "a ticket".to_owned() } else { format!("{each} tickets") };
        let mut picture =
            format!("Tickets by day of creation and status. A character is {stands_for}:");
        for (name, character) in STATUSES {
            let _ = write!(picture, " {character} {name}");
        }
        picture.push_str("\n\n");
        for (day, counts) in days {
            let of_status = |((_, character), count): (&(_, char), usize)| {
                character.to_string().repeat(count.div_ceil(each))
            };
            let line: String = STATUSES.iter().zip(counts).map(of_status).collect();
            let _ = writeln!(picture, "{day}  {line}  {}", counts.iter().sum::<usize>());
        }
        picture
    }
}
