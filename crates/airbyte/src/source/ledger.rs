//! What is owed to each stream on stdout: the rows since its last STATE, the newest position, and
//! when the next STATE line is due. Pure; the emitter acts on these decisions.

use std::collections::BTreeMap;
use std::time::Duration;

use super::state::BRANDS;

/// The shortest time between two STATE lines of a stream. Each STATE makes a destination commit.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest time between two STATE lines of a stream that is being read. Platforms count only
/// RECORD and STATE as signs of life. The promise is five minutes; four leave room for a slow pipe.
const LONGEST: Duration = Duration::from_secs(240);

/// What is known of one stream.
#[derive(Debug)]
struct Account {
    stream: String,
    rows_since_state: u64,
    /// The newest positions of which all rows are written.
    newest: Positions,
    /// The positions in the last STATE line. `None` before the first one.
    sent: Option<Positions>,
    sent_at: Duration,
    open: bool,
    running: bool,
    /// Whether a first page was written, with rows or without.
    begun: bool,
    /// About how many rows this sync will deliver. `None` if Zendesk gave no count.
    estimate: Option<u64>,
    totals: Totals,
}

/// Where a stream stands, as texts of JSON objects. Positions in the help centers of other brands
/// are parts of the stream's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    pub state: String,
    pub brands: BTreeMap<u64, String>,
}

impl From<String> for Positions {
    fn from(state: String) -> Self {
        Self { state, brands: BTreeMap::new() }
    }
}

impl Positions {
    /// Sets the top-level state (`None`), or a brand's part of it.
    pub fn set(&mut self, brand: Option<u64>, position: String) {
        match brand {
            None => self.state = position,
            Some(brand) => drop(self.brands.insert(brand, position)),
        }
    }

    /// The text of the whole state. Without other brands it has the shape that Airbyte's connector
    /// writes and reads.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(members) = self.state.strip_suffix('}').filter(|_| !self.brands.is_empty()) else {
            return self.state.clone();
        };
        let parts: Vec<String> =
            self.brands.iter().map(|(brand, position)| format!("\"{brand}\":{position}")).collect();
        let comma = if members == "{" { "" } else { "," };
        format!("{members}{comma}\"{BRANDS}\":{{{}}}}}", parts.join(","))
    }
}

/// What was written for one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub rows: u64,
    pub states: u64,
}

/// The progress of a stream that is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stream: String,
    /// Rows written in this sync.
    pub rows: u64,
    /// About how many rows there will be. `None` if Zendesk gave no count.
    pub estimate: Option<u64>,
}

/// A STATE line to write: the stream, its position, and the rows since its last STATE.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    pub stream: String,
    pub position: String,
    pub rows: u64,
}

/// The accounts of all streams of a sync. All times are durations since the program's start.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Vec<Account>,
}

impl Ledger {
    /// Opens the account of a stream, at the position from which it is read.
    pub fn open(&mut self, stream: &str, positions: Positions, now: Duration) {
        self.accounts.push(Account {
            stream: stream.to_owned(),
            rows_since_state: 0,
            newest: positions,
            sent: None,
            sent_at: now,
            open: true,
            running: false,
            begun: false,
            estimate: None,
            totals: Totals::default(),
        });
    }

    /// Notes that a stream has started to run. Returns true the first time.
    pub fn running(&mut self, stream: &str) -> bool {
        self.account(stream).is_some_and(|account| !std::mem::replace(&mut account.running, true))
    }

    /// Notes about how many rows there will be. Returns false if the stream has ended.
    pub fn estimate(&mut self, stream: &str, rows: u64) -> bool {
        self.account(stream).map(|account| account.estimate = Some(rows)).is_some()
    }

    /// Whether a stream's first page was written. `None` if its account is not open.
    #[must_use]
    pub fn has_begun(&self, stream: &str) -> Option<bool> {
        let mut open = self.accounts.iter().filter(|account| account.open);
        open.find(|account| account.stream == stream).map(|account| account.begun)
    }

    /// The progress of the streams that are being read: opened, not closed, and with a first page.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        let reading = self.accounts.iter().filter(|account| account.open && account.begun);
        let progress = reading.map(|account| Progress {
            stream: account.stream.clone(),
            rows: account.totals.rows,
            estimate: account.estimate,
        });
        progress.collect()
    }

    /// Notes rows that were written, and the position that they reach.
    pub fn wrote(&mut self, stream: &str, brand: Option<u64>, rows: u64, position: Option<String>) {
        if let Some(account) = self.account(stream) {
            account.begun = true;
            account.rows_since_state += rows;
            account.totals.rows += rows;
            if let Some(position) = position {
                account.newest.set(brand, position);
            }
        }
    }

    /// The STATE lines that are due after a batch of these streams. Either all of these streams get
    /// one or none does, so that a kill leaves the streams of one walk at one position.
    pub fn after_batch(&mut self, streams: &[&str], now: Duration) -> Vec<Due> {
        let accounts = self.accounts.iter().filter(|account| streams.contains(&&*account.stream));
        let (mut news, mut ripe) = (false, true);
        for account in accounts {
            news |= account.sent.as_ref() != Some(&account.newest);
            ripe &= account.sent.is_none() || now.saturating_sub(account.sent_at) >= SHORTEST;
        }
        if !(news && ripe) {
            return Vec::new();
        }
        self.send(now, |account| {
            streams.contains(&&*account.stream) && account.sent.as_ref() != Some(&account.newest)
        })
    }

    /// The STATE lines that show that silent streams are alive. A position that did not move is
    /// repeated only if no row was written since, because the protocol forbids equal states around
    /// rows.
    pub fn heartbeat(&mut self, now: Duration) -> Vec<Due> {
        self.send(now, |account| {
            let moved = account.sent.as_ref() != Some(&account.newest);
            account.open
                && now.saturating_sub(account.sent_at) >= LONGEST
                && (moved || account.rows_since_state == 0)
        })
    }

    /// Closes a stream's account. Returns its last STATE, unless the last one that was written
    /// still holds and no row followed it.
    pub fn close(&mut self, stream: &str, now: Duration) -> Vec<Due> {
        let due = self.send(now, |account| {
            account.stream == stream
                && account.open
                && (account.sent.as_ref() != Some(&account.newest) || account.rows_since_state > 0)
        });
        if let Some(account) = self.account(stream) {
            account.open = false;
        }
        due
    }

    /// Streams whose account is still open.
    #[must_use]
    pub fn open_streams(&self) -> Vec<String> {
        let open = self.accounts.iter().filter(|account| account.open);
        open.map(|account| account.stream.clone()).collect()
    }

    /// What was written for a stream so far.
    #[must_use]
    pub fn totals(&self, stream: &str) -> Totals {
        let account = self.accounts.iter().find(|account| account.stream == stream);
        account.map(|account| account.totals).unwrap_or_default()
    }

    fn account(&mut self, stream: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.stream == stream && account.open)
    }

    fn send(&mut self, now: Duration, wanted: impl Fn(&Account) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        for account in self.accounts.iter_mut().filter(|account| wanted(account)) {
            account.sent = Some(account.newest.clone());
            account.sent_at = now;
            account.totals.states += 1;
            due.push(Due {
                stream: account.stream.clone(),
                position: account.newest.text(),
                rows: std::mem::take(&mut account.rows_since_state),
            });
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.open("a", String::from("0").into(), Duration::ZERO);
        ledger.open("b", String::from("0").into(), Duration::ZERO);
        ledger
    }

    #[test]
    fn streams_of_one_walk_tell_their_states_together_and_at_most_once_a_second() {
        let mut ledger = ledger();
        ledger.wrote("a", None, 3, Some("1".into()));
        ledger.wrote("b", None, 0, Some("1".into()));
        let due = ledger.after_batch(&["a", "b"], SECOND / 2);
        assert_eq!(due.iter().map(|due| due.rows).collect::<Vec<_>>(), [3, 0]);
        ledger.wrote("a", None, 2, Some("2".into()));
        assert!(ledger.after_batch(&["a", "b"], SECOND).is_empty());
        ledger.wrote("a", None, 2, Some("3".into()));
        let due = ledger.after_batch(&["a", "b"], SECOND * 2);
        assert_eq!(due, [Due { stream: "a".into(), position: "3".into(), rows: 4 }]);
    }

    #[test]
    fn positions_of_other_brands_are_parts_of_the_state() {
        let mut ledger = Ledger::default();
        let brands = BTreeMap::from([(9, "{\"x\":0}".into())]);
        ledger.open("a", Positions { state: "{}".into(), brands }, Duration::ZERO);
        let sent = |ledger: &mut Ledger| ledger.after_batch(&["a"], SECOND)[0].position.clone();
        assert_eq!(sent(&mut ledger), r#"{"brands":{"9":{"x":0}}}"#);
        let mut ledger = Ledger::default();
        ledger.open("a", String::from(r#"{"u":"1"}"#).into(), Duration::ZERO);
        ledger.wrote("a", Some(9), 1, Some(r#"{"u":"2"}"#.into()));
        ledger.wrote("a", Some(11), 1, Some("{}".into()));
        ledger.wrote("a", None, 1, Some(r#"{"u":"3"}"#.into()));
        assert_eq!(sent(&mut ledger), r#"{"u":"3","brands":{"9":{"u":"2"},"11":{}}}"#);
    }

    #[test]
    fn the_last_state_comes_once_and_an_empty_stream_has_one() {
        let mut ledger = ledger();
        assert_eq!(ledger.close("a", SECOND).len(), 1);
        assert!(ledger.close("a", SECOND).is_empty());
        ledger.wrote("b", None, 1, Some("1".into()));
        assert_eq!(ledger.after_batch(&["b"], SECOND).len(), 1);
        assert!(ledger.close("b", SECOND).is_empty());
        assert_eq!(ledger.totals("b"), Totals { rows: 1, states: 1 });
    }

    #[test]
    fn a_stream_makes_progress_from_its_first_page_to_its_end() {
        let mut ledger = ledger();
        ledger.running("a");
        assert_eq!((ledger.has_begun("a"), ledger.progress()), (Some(false), Vec::new()));
        ledger.wrote("a", None, 3, None);
        assert!(ledger.estimate("a", 9));
        assert_eq!(ledger.has_begun("a"), Some(true));
        let progress = [Progress { stream: "a".into(), rows: 3, estimate: Some(9) }];
        assert_eq!(ledger.progress(), progress);
        ledger.close("a", SECOND);
        assert_eq!((ledger.has_begun("a"), ledger.progress()), (None, Vec::new()));
        assert!(!ledger.estimate("a", 9));
    }

    #[test]
    fn a_silent_stream_repeats_its_state_but_never_around_rows() {
        let mut ledger = ledger();
        assert!(ledger.heartbeat(LONGEST - SECOND).is_empty());
        assert_eq!(ledger.heartbeat(LONGEST).len(), 2);
        ledger.wrote("a", None, 1, None);
        let due = ledger.heartbeat(LONGEST * 2);
        assert_eq!(due.iter().map(|due| &*due.stream).collect::<Vec<_>>(), ["b"]);
        ledger.wrote("a", None, 0, Some("1".into()));
        assert_eq!(ledger.heartbeat(LONGEST * 2 + SECOND)[0].rows, 1);
    }
}
