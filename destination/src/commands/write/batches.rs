//! Holds rows until they are written, and decides which batches may be written at the same time. Pure.
//!
//! Rows with the same key are written in the order of arrival: a batch waits for earlier batches that have
//! one of its keys. Two streams of the same object are never written at the same time, because a row may be
//! found by several keys. Organizations are written before the users that refer to them, and users before
//! tickets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use airbyte::destination::catalog::Descriptor;
use airbyte::destination::ledger::{RowId, Settled};
use serde_json::{Map, Value};

use crate::object::Object;
use crate::rejected::Reason;
use crate::rows::{Batch, Columns, Layout, Row};

/// What happened to a row that arrived.
pub(super) enum Added {
    /// The row waits in a batch.
    Waiting,
    /// The row is settled without a write.
    Settled(Box<Immediate>),
}

/// A row that is settled on arrival.
pub(super) struct Immediate {
    pub(super) row: Row,
    pub(super) key: Option<String>,
    pub(super) came: Result<Settled, Reason>,
}

/// How rows of a stream are treated.
enum Stream {
    Bound(Box<Bound>),
    Rejected,
    Skipped,
}

struct Bound {
    layout: Arc<Layout>,
    columns: Columns,
    pending: Batch,
    /// Whether the WARN about tickets without a key was given.
    told_of_keyless: bool,
}

/// A batch that waits to be written.
struct Waiting {
    layout: Arc<Layout>,
    batch: Batch,
    claim: Claim,
}

/// What a batch writes, for the decision which other batches have to wait.
struct Claim {
    stream: Descriptor,
    object: Object,
    keys: BTreeSet<String>,
    /// Whether its rows refer to rows of other objects.
    names_others: bool,
}

impl Claim {
    /// Whether this batch has to wait for `other`, which came earlier.
    fn waits_for(&self, other: &Self) -> bool {
        if self.object == other.object {
            return self.stream != other.stream || !self.keys.is_disjoint(&other.keys);
        }
        self.names_others && other.object < self.object
    }
}

/// A batch that is being written.
pub(super) struct Taken {
    pub(super) layout: Arc<Layout>,
    number: u64,
}

/// The waiting rows of each stream, and the batches.
#[derive(Default)]
pub(super) struct Batches {
    streams: BTreeMap<Descriptor, Stream>,
    waiting: VecDeque<Waiting>,
    /// The number of batches taken so far.
    taken: u64,
    /// The batches that are being written, by number.
    running: BTreeMap<u64, Claim>,
    warnings: Vec<String>,
}

impl Batches {
    pub(super) fn bind(&mut self, layout: Layout) -> Arc<Layout> {
        let stream = layout.bound.stream.clone();
        let columns = Columns::of(&layout);
        let pending = Batch::new(layout.bound.operation);
        let layout = Arc::new(layout);
        let bound = Bound { layout: Arc::clone(&layout), columns, pending, told_of_keyless: false };
        self.streams.insert(stream, Stream::Bound(Box::new(bound)));
        layout
    }

    pub(super) fn reject(&mut self, stream: Descriptor) {
        self.streams.insert(stream, Stream::Rejected);
    }

    pub(super) fn skip(&mut self, stream: Descriptor) {
        self.streams.insert(stream, Stream::Skipped);
    }

    /// Takes a row in.
    pub(super) fn add(
        &mut self,
        stream: &Descriptor,
        id: RowId,
        data: Map<String, Value>,
    ) -> Added {
        let row = Row { id, data };
        let settled = |row, key, came| Added::Settled(Box::new(Immediate { row, key, came }));
        let bound = match self.streams.get_mut(stream) {
            Some(Stream::Bound(bound)) => bound,
            Some(Stream::Skipped) => return settled(row, None, Ok(Settled::Skipped)),
            Some(Stream::Rejected) => {
                let why = "its stream is not bound to an object".to_owned();
                return settled(row, None, Err(Reason::new("unknown_stream", None, why)));
            }
            None => {
                let why = "its stream is not in the catalog".to_owned();
                return settled(row, None, Err(Reason::new("unknown_stream", None, why)));
            }
        };
        let wanted = bound.columns.wanted(&bound.layout, &row.data);
        let columns = bound.columns.take_unknown();
        if !columns.is_empty() {
            let object = bound.layout.bound.object.name();
            self.warnings.push(format!(
                "{stream}: these columns are not writable fields of {object} and are not written: {}. Map them \
                 in `fields`, or remove them from the stream.",
                columns.join(", ")
            ));
        }
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => {
                let key = bound.layout.raw_key(&row.data);
                return settled(row, key, Err(why));
            }
        };
        let key = bound.layout.key(&wanted);
        if key.is_none() && !std::mem::replace(&mut bound.told_of_keyless, true) {
            self.warnings.push(format!(
                "{stream}: some tickets have no external id, and Zendesk recognizes a repeated row only for two \
                 hours. Map `external_id`, or a row that comes again later creates a second ticket."
            ));
        }
        if bound.pending.parts_from(&bound.layout, key.as_deref(), &wanted) {
            self.waiting.push_back(bound.cut());
        }
        bound.pending.add(&bound.layout, key, wanted, row);
        if bound.pending.is_full() {
            self.waiting.push_back(bound.cut());
        }
        Added::Waiting
    }

    /// Returns the WARN messages since the last call.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Turns all waiting rows into batches. Rows that others may refer to come first.
    pub(super) fn make_all_ready(&mut self) {
        let mut bound: Vec<&mut Box<Bound>> = self
            .streams
            .values_mut()
            .filter_map(|stream| match stream {
                Stream::Bound(bound) if !bound.pending.is_empty() => Some(bound),
                _ => None,
            })
            .collect();
        bound.sort_by_key(|bound| bound.layout.bound.object);
        for bound in bound {
            self.waiting.push_back(bound.cut());
        }
    }

    /// Whether a batch is ready to be written.
    pub(super) fn has_ready(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether no row waits.
    pub(super) fn is_empty(&self) -> bool {
        let is_pending = |stream: &Stream| match stream {
            Stream::Bound(bound) => !bound.pending.is_empty(),
            Stream::Rejected | Stream::Skipped => false,
        };
        self.waiting.is_empty() && !self.streams.values().any(is_pending)
    }

    /// Takes the next batch. `None` if there is none, or if it has to wait for another.
    pub(super) fn take_ready(&mut self) -> Option<(Taken, Batch)> {
        let claim = &self.waiting.front()?.claim;
        // Rows that it refers to may wait in a batch that is not full yet.
        if claim.names_others {
            self.bring_forward(claim.object);
        }
        let claim = &self.waiting.front()?.claim;
        if self.running.values().any(|running| claim.waits_for(running)) {
            return None;
        }
        let Waiting { layout, batch, claim } = self.waiting.pop_front()?;
        let number = self.taken;
        self.taken += 1;
        self.running.insert(number, claim);
        Some((Taken { layout, number }, batch))
    }

    /// Moves batches of objects that `object` may refer to in front of all others. The order is kept
    /// otherwise.
    fn bring_forward(&mut self, object: Object) {
        for stream in self.streams.values_mut() {
            let Stream::Bound(bound) = stream else { continue };
            if bound.layout.bound.object < object && !bound.pending.is_empty() {
                self.waiting.push_back(bound.cut());
            }
        }
        let all = std::mem::take(&mut self.waiting);
        let (named, others): (Vec<Waiting>, Vec<Waiting>) =
            all.into_iter().partition(|waiting| waiting.claim.object < object);
        self.waiting.extend(named.into_iter().chain(others));
    }

    /// Notes that a batch is written.
    pub(super) fn finish(&mut self, taken: &Taken) {
        self.running.remove(&taken.number);
    }
}

impl Bound {
    /// Turns the waiting rows into a batch.
    fn cut(&mut self) -> Waiting {
        let fresh = Batch::new(self.layout.bound.operation);
        let batch = std::mem::replace(&mut self.pending, fresh);
        let claim = Claim {
            stream: self.layout.bound.stream.clone(),
            object: self.layout.bound.object,
            keys: batch.keys().map(str::to_owned).collect(),
            names_others: self.columns.name_others(&self.layout),
        };
        Waiting { layout: Arc::clone(&self.layout), batch, claim }
    }
}

#[cfg(test)]
mod tests {
    use airbyte::destination::ledger::Ledger;
    use serde_json::json;

    use super::*;
    use crate::config::NullHandling;
    use crate::fields::all;
    use crate::object::{KeyField, Operation};

    fn named(name: &str) -> Descriptor {
        Descriptor { namespace: None, name: name.into() }
    }

    fn batches(streams: &[(&str, Object)]) -> Batches {
        let mut batches = Batches::default();
        for (name, object) in streams {
            let bound = crate::bind::Bound {
                stream: named(name),
                object: *object,
                operation: Operation::Upsert,
                key: Some(KeyField::ExternalId),
                renamed: BTreeMap::new(),
                columns: Vec::new(),
                membership: None,
                is_full_refresh: false,
                is_resumable: false,
                may_be_cleared: false,
            };
            let fields = all(*object, false, Vec::new());
            batches.bind(Layout::new(bound, fields, NullHandling::Ignore).unwrap());
        }
        batches
    }

    fn add(batches: &mut Batches, ledger: &mut Ledger, stream: &str, row: &Value) {
        let id = ledger.came(&named(stream));
        let added = batches.add(&named(stream), id, row.as_object().unwrap().clone());
        assert!(matches!(added, Added::Waiting), "{row}");
    }

    #[test]
    fn rows_of_one_key_are_written_one_after_the_other() {
        let (mut batches, mut ledger) = (batches(&[("u", Object::Users)]), Ledger::default());
        for round in ["a", "a", "b"] {
            add(&mut batches, &mut ledger, "u", &json!({ "external_id": round, "name": "x" }));
            batches.make_all_ready();
        }
        let (first, _) = batches.take_ready().unwrap();
        assert!(batches.take_ready().is_none(), "the second row of the key waits");
        batches.finish(&first);
        let (second, _) = batches.take_ready().unwrap();
        let (third, _) = batches.take_ready().unwrap();
        assert!(batches.take_ready().is_none());
        batches.finish(&second);
        batches.finish(&third);
        assert!(batches.is_empty());
    }

    #[test]
    fn what_others_name_goes_first_even_where_its_batch_is_not_full() {
        let streams = [("u", Object::Users), ("o", Object::Organizations)];
        let (mut batches, mut ledger) = (batches(&streams), Ledger::default());
        let user = json!({ "external_id": "u1", "organization_external_id": "o1" });
        add(&mut batches, &mut ledger, "u", &user);
        batches.make_all_ready();
        add(&mut batches, &mut ledger, "o", &json!({ "external_id": "o1", "name": "O" }));
        let (organizations, _) = batches.take_ready().unwrap();
        assert_eq!(organizations.layout.bound.object, Object::Organizations);
        assert!(batches.take_ready().is_none(), "users wait for the organizations they name");
        batches.finish(&organizations);
        assert_eq!(batches.take_ready().unwrap().0.layout.bound.object, Object::Users);
    }

    #[test]
    fn two_streams_of_one_object_are_not_written_side_by_side() {
        let streams = [("a", Object::Users), ("b", Object::Users)];
        let (mut batches, mut ledger) = (batches(&streams), Ledger::default());
        add(&mut batches, &mut ledger, "a", &json!({ "external_id": "1" }));
        add(&mut batches, &mut ledger, "b", &json!({ "external_id": "2" }));
        batches.make_all_ready();
        let (first, _) = batches.take_ready().unwrap();
        assert!(batches.take_ready().is_none());
        batches.finish(&first);
        assert!(batches.take_ready().is_some());
    }
}
