//! Decides which states may be acknowledged. A state goes out when every row before it is settled:
//! confirmed as written, found unchanged, or rejected and stored. Pure.
//!
//! Source: Airbyte Protocol, `AirbyteStateMessage`. The platform compares `destinationStats` with
//! the source's count, state by state. An acknowledged state acknowledges all earlier states of its
//! stream.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use super::catalog::Descriptor;
use super::input::{Scope, State};

/// Identifies a row that came in: its stream, and the segment between two states that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    stream: usize,
    segment: u64,
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settled {
    Created,
    Updated,
    Unchanged,
    Deleted,
    /// The row's stream is left out.
    Skipped,
    Rejected,
}

/// How a row changed the members of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Joined,
    Left,
}

/// How many rows were created, updated and so on, and how many members an audience gained and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub skipped: u64,
    pub rejected: u64,
    pub members_added: u64,
    pub members_removed: u64,
}

impl Counts {
    fn note(&mut self, settled: Settled) {
        *match settled {
            Settled::Created => &mut self.created,
            Settled::Updated => &mut self.updated,
            Settled::Unchanged => &mut self.unchanged,
            Settled::Deleted => &mut self.deleted,
            Settled::Skipped => &mut self.skipped,
            Settled::Rejected => &mut self.rejected,
        } += 1;
    }

    fn moved(&mut self, moved: Move, count: u64) {
        *match moved {
            Move::Joined => &mut self.members_added,
            Move::Left => &mut self.members_removed,
        } += count;
    }

    fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        self.members_added += other.members_added;
        self.members_removed += other.members_removed;
    }

    /// All rows that were taken in and not rejected.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.deleted + self.skipped
    }

    /// The counts that have a name of their own in `additionalStats`.
    fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("deleted", self.deleted),
            ("skipped", self.skipped),
            ("membersAdded", self.members_added),
            ("membersRemoved", self.members_removed),
        ]
    }
}

/// The progress of a sync, over all of its streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows that came in.
    pub read: u64,
    /// Rows that are settled and not rejected.
    pub confirmed: u64,
    pub rejected: u64,
}

/// The rows between two states of a stream.
#[derive(Debug, Default)]
struct Segment {
    number: u64,
    open: u64,
    counts: Counts,
    /// The state that ends the segment, when it has come.
    end: Option<End>,
}

#[derive(Debug)]
enum End {
    State(String),
    /// A state of all streams, by its number.
    Global(u64),
}

#[derive(Debug, Default)]
struct Stream {
    segments: VecDeque<Segment>,
    next: u64,
    /// The counts of all rows of the stream.
    total: Counts,
    /// Whether the stream's last state waits for more than its rows.
    is_held: bool,
}

impl Stream {
    /// Whether the stream's first segment may be acknowledged, as far as holding it back is
    /// concerned.
    fn is_free(&self) -> bool {
        !self.is_held || self.segments.len() > 1
    }

    /// A segment by its number.
    fn segment(&mut self, number: u64) -> Option<&mut Segment> {
        let first = self.segments.front()?.number;
        let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok())?;
        self.segments.get_mut(at)
    }

    fn last(&mut self) -> &mut Segment {
        let is_open = self.segments.back().is_some_and(|segment| segment.end.is_none());
        if !is_open {
            self.segments.push_back(Segment { number: self.next, ..Segment::default() });
            self.next += 1;
        }
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }
}

/// A state of all streams that is not acknowledged yet.
#[derive(Debug)]
struct Global {
    number: u64,
    text: String,
    counts: Counts,
}

/// The rows that are not settled, and the states that are not acknowledged.
#[derive(Debug, Default)]
pub struct Ledger {
    names: BTreeMap<Descriptor, usize>,
    streams: Vec<Stream>,
    globals: VecDeque<Global>,
    next_global: u64,
}

impl Ledger {
    fn stream(&mut self, name: &Descriptor) -> usize {
        if let Some(stream) = self.names.get(name) {
            return *stream;
        }
        let stream = self.streams.len();
        self.streams.push(Stream::default());
        self.names.insert(name.clone(), stream);
        stream
    }

    /// Notes a row that came in. The caller settles it later by the [`RowId`].
    pub fn came(&mut self, name: &Descriptor) -> RowId {
        let stream = self.stream(name);
        let segment = self.streams[stream].last();
        segment.open += 1;
        RowId { stream, segment: segment.number }
    }

    /// Holds the stream's last state back, whichever it is, until [`Ledger::release`]. Use it when
    /// more than the stream's rows must be finished before that state. A state of all streams is
    /// held back too.
    pub fn hold(&mut self, name: &Descriptor) {
        let stream = self.stream(name);
        self.streams[stream].is_held = true;
    }

    /// Stops holding the stream's last state back.
    pub fn release(&mut self, name: &Descriptor) {
        let stream = self.stream(name);
        self.streams[stream].is_held = false;
    }

    /// Notes that a row moved a member. The row is not settled yet.
    pub fn moved(&mut self, row: RowId, moved: Move) {
        let Some(stream) = self.streams.get_mut(row.stream) else { return };
        stream.total.moved(moved, 1);
        if let Some(segment) = stream.segment(row.segment) {
            segment.counts.moved(moved, 1);
        }
    }

    /// Notes members that left although no row of the stream named them. They count before its last
    /// state.
    pub fn left(&mut self, name: &Descriptor, count: u64) {
        let stream = self.stream(name);
        let stream = &mut self.streams[stream];
        stream.total.moved(Move::Left, count);
        if let Some(last) = stream.segments.back_mut() {
            last.counts.moved(Move::Left, count);
        }
    }

    /// Notes what came of a row. Each row is settled once.
    pub fn settle(&mut self, row: RowId, settled: Settled) {
        let Some(stream) = self.streams.get_mut(row.stream) else { return };
        stream.total.note(settled);
        if let Some(segment) = stream.segment(row.segment) {
            segment.open = segment.open.saturating_sub(1);
            segment.counts.note(settled);
        }
    }

    /// Notes a state that came in.
    pub fn state(&mut self, state: State) {
        match state.scope {
            Scope::Stream(name) => {
                let stream = self.stream(&name);
                self.streams[stream].last().end = Some(End::State(state.text));
            }
            Scope::All => {
                let number = self.next_global;
                self.next_global += 1;
                for stream in &mut self.streams {
                    stream.last().end = Some(End::Global(number));
                }
                let counts = Counts::default();
                self.globals.push_back(Global { number, text: state.text, counts });
            }
        }
    }

    /// Whether [`Ledger::take_due`] would return a state: all rows before it are settled.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let is_ready = |stream: &Stream| {
            stream.segments.front().is_some_and(|segment| {
                segment.open == 0 && stream.is_free() && matches!(segment.end, Some(End::State(_)))
            })
        };
        self.streams.iter().any(is_ready)
            || self.globals.front().is_some_and(|global| self.is_past(global.number))
    }

    /// Whether all rows before a state of all streams are settled.
    fn is_past(&self, number: u64) -> bool {
        // The newest state of all streams may be the last one of a stream that is held.
        if number + 1 == self.next_global && self.streams.iter().any(|stream| stream.is_held) {
            return false;
        }
        self.streams.iter().all(|stream| {
            let mut before = stream.segments.iter();
            loop {
                match before.next() {
                    // What no state has ended yet came after that state.
                    None | Some(Segment { end: None, .. }) => return true,
                    Some(Segment { end: Some(End::Global(global)), .. }) if *global > number => {
                        return true;
                    }
                    Some(segment) if segment.open > 0 => return false,
                    Some(Segment { end: Some(End::Global(global)), .. }) if *global == number => {
                        return true;
                    }
                    Some(_) => {}
                }
            }
        })
    }

    /// Takes the STATE lines that are due, in order.
    pub fn take_due(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        loop {
            let before = lines.len();
            self.take_of_streams(&mut lines);
            if self.globals.front().is_some_and(|global| self.is_past(global.number))
                && let Some(mut global) = self.globals.pop_front()
            {
                for stream in &mut self.streams {
                    take_until(stream, global.number, &mut global.counts);
                }
                push(&mut lines, &global.text, &global.counts);
            }
            if lines.len() == before {
                return lines;
            }
        }
    }

    fn take_of_streams(&mut self, lines: &mut Vec<u8>) {
        for stream in &mut self.streams {
            while let Some(segment) = stream.segments.front()
                && segment.open == 0
                && stream.is_free()
                && let Some(End::State(text)) = &segment.end
            {
                push(lines, text, &segment.counts);
                stream.segments.pop_front();
            }
        }
    }

    /// The counts of all rows of a stream so far.
    #[must_use]
    pub fn totals(&self, name: &Descriptor) -> Counts {
        self.names.get(name).map(|stream| self.streams[*stream].total).unwrap_or_default()
    }

    /// The progress of the sync.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut total = Counts::default();
        self.streams.iter().for_each(|stream| total.add(stream.total));
        let (confirmed, rejected) = (total.accepted(), total.rejected);
        Progress { read: confirmed + rejected + self.open_rows(), confirmed, rejected }
    }

    /// The number of rows that are not settled.
    #[must_use]
    pub fn open_rows(&self) -> u64 {
        self.streams.iter().flat_map(|stream| &stream.segments).map(|segment| segment.open).sum()
    }
}

/// Drops the segments that a state of all streams covers, and adds their counts.
fn take_until(stream: &mut Stream, number: u64, counts: &mut Counts) {
    while let Some(segment) = stream.segments.front() {
        let end = match segment.end {
            Some(End::Global(global)) if global > number => return,
            Some(End::Global(global)) => global,
            _ => return,
        };
        counts.add(segment.counts);
        stream.segments.pop_front();
        if end == number {
            return;
        }
    }
}

/// Appends a STATE line: the state as received, and the counts of the rows before it. The counts
/// are decimal numbers, as the protocol requires.
fn push(lines: &mut Vec<u8>, text: &str, counts: &Counts) {
    let mut stats = String::new();
    let _ = write!(
        stats,
        r#""destinationStats":{{"recordCount":{}.0,"rejectedRecordCount":{}.0,"additionalStats":{{"#,
        counts.accepted(),
        counts.rejected
    );
    let named = counts.named().into_iter().filter(|(_, count)| *count > 0);
    let named: Vec<String> = named.map(|(name, count)| format!("\"{name}\":{count}.0")).collect();
    let _ = write!(stats, "{}}}}}", named.join(","));
    let text = text.trim();
    let inside = text.strip_suffix('}').unwrap_or(text);
    let comma = if inside.trim_end().ends_with('{') { "" } else { "," };
    lines.extend_from_slice(br#"{"type":"STATE","state":"#);
    lines.extend_from_slice(&crate::message::escape_line_breaks(inside.as_bytes()));
    lines.extend_from_slice(format!("{comma}{stats}}}}}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::input::SourceCount;
    use super::*;

    fn name(name: &str) -> Descriptor {
        Descriptor { namespace: None, name: name.to_owned() }
    }

    fn state(of: &str, x: u64) -> State {
        let text = format!(
            r#"{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"{of}"}},"stream_state":{{"x":{x}}}}},"id":{x}}}"#
        );
        State { scope: Scope::Stream(name(of)), text, source_count: SourceCount::Unsaid }
    }

    fn global(x: u64) -> State {
        let text = format!(r#"{{"type":"GLOBAL","global":{{}},"id":{x}}}"#);
        State { scope: Scope::All, text, source_count: SourceCount::Unsaid }
    }

    /// The ids of the states that go out, with their counts.
    fn due(ledger: &mut Ledger) -> Vec<(u64, f64, f64)> {
        let text = String::from_utf8(ledger.take_due()).unwrap();
        let of = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            let state = &value["state"];
            let count = |key: &str| state["destinationStats"][key].as_f64().unwrap();
            let counts = (count("recordCount"), count("rejectedRecordCount"));
            (state["id"].as_u64().unwrap(), counts.0, counts.1)
        };
        text.lines().map(of).collect()
    }

    #[test]
    fn a_state_waits_for_every_row_before_it_and_goes_out_in_order() {
        let mut ledger = Ledger::default();
        let rows = [0; 3].map(|_| ledger.came(&name("a")));
        ledger.state(state("a", 1));
        let later = ledger.came(&name("a"));
        ledger.state(state("a", 2));
        ledger.state(state("a", 3));
        ledger.settle(later, Settled::Rejected);
        ledger.settle(rows[0], Settled::Created);
        ledger.settle(rows[2], Settled::Unchanged);
        assert!(!ledger.is_due());
        assert_eq!(due(&mut ledger), []);
        ledger.settle(rows[1], Settled::Rejected);
        assert!(ledger.is_due());
        assert_eq!(due(&mut ledger), [(1, 2.0, 1.0), (2, 0.0, 1.0), (3, 0.0, 0.0)]);
        assert_eq!(ledger.open_rows(), 0);
        let Progress { read, confirmed, rejected } = ledger.progress();
        assert_eq!((read, rejected), (confirmed + rejected, 2));
        let open = ledger.came(&name("a"));
        assert_eq!(ledger.progress(), Progress { read: read + 1, confirmed, rejected });
        ledger.settle(open, Settled::Unchanged);
        assert_eq!(
            ledger.progress(),
            Progress { read: read + 1, confirmed: confirmed + 1, rejected }
        );
        assert_eq!(ledger.totals(&name("a")).rejected, 2);
    }

    #[test]
    fn a_state_of_all_streams_waits_for_all_of_them() {
        let mut ledger = Ledger::default();
        let (a, b) = (ledger.came(&name("a")), ledger.came(&name("b")));
        ledger.state(global(1));
        let c = ledger.came(&name("c"));
        assert_eq!(due(&mut ledger), []);
        ledger.state(global(2));
        ledger.settle(c, Settled::Created);
        ledger.settle(a, Settled::Created);
        assert_eq!(due(&mut ledger), []);
        ledger.settle(b, Settled::Updated);
        assert_eq!(due(&mut ledger), [(1, 2.0, 0.0), (2, 1.0, 0.0)]);
    }

    #[test]
    fn the_last_state_of_a_held_stream_waits_and_tells_who_left_meanwhile() {
        let mut ledger = Ledger::default();
        ledger.hold(&name("a"));
        let first = ledger.came(&name("a"));
        ledger.state(state("a", 1));
        ledger.moved(first, Move::Joined);
        ledger.settle(first, Settled::Updated);
        assert_eq!((ledger.is_due(), due(&mut ledger)), (false, vec![]));
        ledger.state(state("a", 2));
        assert_eq!(due(&mut ledger), [(1, 1.0, 0.0)]);
        ledger.left(&name("a"), 3);
        assert_eq!(due(&mut ledger), []);
        ledger.release(&name("a"));
        let text = String::from_utf8(ledger.take_due()).unwrap();
        assert!(text.contains(r#""additionalStats":{"membersRemoved":3.0}"#), "{text}");
        let totals = ledger.totals(&name("a"));
        assert_eq!((totals.members_added, totals.members_removed), (1, 3));
    }

    #[test]
    fn the_last_state_of_all_streams_waits_for_a_stream_that_is_held() {
        let mut ledger = Ledger::default();
        ledger.hold(&name("a"));
        let rows = [ledger.came(&name("a")), ledger.came(&name("b"))];
        ledger.state(global(1));
        rows.iter().for_each(|row| ledger.settle(*row, Settled::Updated));
        assert_eq!(due(&mut ledger), []);
        ledger.state(global(2));
        assert_eq!(due(&mut ledger), [(1, 2.0, 0.0)]);
        ledger.release(&name("a"));
        assert_eq!(due(&mut ledger), [(2, 0.0, 0.0)]);
    }

    #[test]
    fn an_empty_state_and_braces_in_texts_stay_what_they_are() {
        let mut ledger = Ledger::default();
        let odd = r#"{"type":"LEGACY","data":{"a":"}}"},"id":5}"#;
        ledger.state(State {
            scope: Scope::All,
            text: odd.to_owned(),
            source_count: SourceCount::Unsaid,
        });
        ledger.state(State {
            scope: Scope::All,
            text: "{ }".to_owned(),
            source_count: SourceCount::Unsaid,
        });
        let text = String::from_utf8(ledger.take_due()).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["state"]["data"]["a"], "}}");
        assert_eq!(lines[1]["state"]["destinationStats"]["recordCount"], 0.0);
        assert_eq!(lines[1]["state"].as_object().unwrap().len(), 1);
    }
}
