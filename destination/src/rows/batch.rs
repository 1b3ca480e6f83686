//! Combines rows with the same key into one item. The values of a later row replace those of an earlier one.
//! Pure.

use std::collections::HashMap;

use airbyte::destination::ledger::{Move, RowId, Settled};
use serde_json::{Map, Value};

use super::layout::{Layout, Merge, Wanted};
use crate::object::Operation;
use crate::rejected::Reason;

/// The most rows of a bulk request.
///
/// Source: Zendesk, "Create Many Users" and its like.
pub const LARGEST: usize = 100;

/// A row, with its id in the ledger.
#[derive(Debug)]
pub struct Row {
    pub id: RowId,
    pub data: Map<String, Value>,
}

/// The combined values of the rows with one key.
#[derive(Debug)]
pub struct Item {
    /// The key in the form in which Zendesk compares it. `None` for rows without a key.
    pub key: Option<String>,
    pub wanted: Wanted,
    pub rows: Vec<Row>,
    /// What a write was meant to do, after one was sent.
    pub intended: Option<Settled>,
    /// Why its last write has to be checked.
    pub doubt: Option<Doubt>,
    /// How many of its writes have an unknown result.
    pub untold: u32,
    /// How many of its creations Zendesk knew already, although the created row no longer exists.
    pub gone: u32,
    /// The effect on its audience.
    pub moved: Option<Move>,
    /// The ids of rows in Zendesk that it may mean.
    pub met: Vec<u64>,
}

impl Item {
    #[must_use]
    pub fn new(key: Option<String>, wanted: Wanted, row: Row) -> Self {
        Self { rows: vec![row], ..Self::of_nobody(key, wanted) }
    }

    /// Creates an item for no row of the input.
    #[must_use]
    pub fn of_nobody(key: Option<String>, wanted: Wanted) -> Self {
        Self {
            key,
            wanted,
            rows: Vec::new(),
            intended: None,
            doubt: None,
            untold: 0,
            gone: 0,
            moved: None,
            met: Vec::new(),
        }
    }

    /// Notes ids of rows in Zendesk that it may mean.
    pub fn meet(&mut self, ids: impl IntoIterator<Item = u64>) {
        for id in ids {
            if !self.met.contains(&id) {
                self.met.push(id);
            }
        }
    }

    /// Whether it needs a request of its own, which reports the result. Two jobs did not report it.
    #[must_use]
    pub fn goes_alone(&self) -> bool {
        self.untold >= 2
    }

    /// Notes why the item has to be checked. If a creation is refused as a duplicate, the existing row is not
    /// this item's, unless an earlier write with an unknown result may have created it.
    pub fn doubt(&mut self, doubt: Doubt) {
        self.untold += u32::from(matches!(doubt, Doubt::Unsettled(_)));
        if matches!(doubt, Doubt::Duplicate(_)) && self.untold == 0 {
            (self.intended, self.moved) = (None, None);
        }
        self.doubt = Some(doubt);
    }
}

/// Why an item has to be checked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The result of a write is not known.
    Unsettled(String),
    /// Zendesk refused to create it, because a row with its key or address exists.
    Duplicate(Reason),
    /// Someone else changed the row at the same time.
    Conflict(Reason),
}

/// The most rows of a batch, whatever their keys are.
const MOST_ROWS: usize = 1000;

/// Rows that are written together.
#[derive(Debug, Default)]
pub struct Batch {
    pub items: Vec<Item>,
    by_key: HashMap<String, usize>,
    rows: usize,
    /// The values of the first row of each key, if rows are only inserted.
    operation: Option<Operation>,
}

impl Batch {
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    /// Creates a batch of items that stand for no rows of the input.
    #[must_use]
    pub fn of(items: Vec<Item>) -> Self {
        Self { items, ..Self::default() }
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.items.len() >= LARGEST || self.rows >= MOST_ROWS
    }

    /// Whether a row needs a separate write after an earlier row with the same key.
    #[must_use]
    pub fn parts_from(&self, layout: &Layout, key: Option<&str>, wanted: &Wanted) -> bool {
        let known = key.and_then(|key| self.by_key.get(key)).and_then(|at| self.items.get(*at));
        let Some(item) = known else { return false };
        // The first row may be rejected, or find an existing row. The second row depends on that.
        if self.operation == Some(Operation::Insert) {
            return item.wanted != *wanted;
        }
        // The first row may create the ticket that the second one comments on, and a creation takes no
        // comment.
        let may_create = self.operation.is_some_and(Operation::creates);
        wanted.iter().any(|(at, value)| {
            let earlier = item.wanted.get(at);
            match layout.merge(*at) {
                Merge::Apart => may_create || earlier.is_some(),
                Merge::ApartIfOthers => earlier.is_some_and(|earlier| earlier != value),
                Merge::Over | Merge::Together => false,
            }
        })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds a row.
    pub fn add(&mut self, layout: &Layout, key: Option<String>, wanted: Wanted, row: Row) {
        self.rows += 1;
        let known = key.as_ref().and_then(|key| self.by_key.get(key)).copied();
        let Some(item) = known.and_then(|at| self.items.get_mut(at)) else {
            if let Some(key) = &key {
                self.by_key.insert(key.clone(), self.items.len());
            }
            self.items.push(Item::new(key, wanted, row));
            return;
        };
        for (at, value) in wanted {
            let value = match (layout.merge(at), item.wanted.get(&at)) {
                (Merge::Together, Some(earlier)) => together(earlier, value),
                _ => value,
            };
            item.wanted.insert(at, value);
        }
        item.rows.push(row);
    }

    /// The keys of its items.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| item.key.as_deref())
    }
}

/// Combines two lists.
fn together(earlier: &Value, later: Value) -> Value {
    let (Value::Array(earlier), Value::Array(later)) = (earlier, &later) else { return later };
    let mut all = earlier.clone();
    all.extend(later.iter().filter(|word| !earlier.contains(word)).cloned());
    Value::Array(all)
}

#[cfg(test)]
mod tests {
    use airbyte::destination::catalog::Descriptor;
    use airbyte::destination::ledger::Ledger;
    use serde_json::json;

    use super::super::layout_of;
    use super::*;
    use crate::object::{KeyField, Object};

    fn row(ledger: &mut Ledger) -> Row {
        let stream = Descriptor { namespace: None, name: "a".into() };
        Row { id: ledger.came(&stream), data: Map::new() }
    }

    #[test]
    fn a_later_row_goes_over_an_earlier_one_and_what_it_lacks_stays() {
        let mut ledger = Ledger::default();
        let layout = layout_of(Object::Users, Operation::Upsert, KeyField::ExternalId);
        let mut batch = Batch::new(Operation::Upsert);
        for (key, wanted) in [
            ("a", [(1, json!("x")), (2, json!("y"))].into()),
            ("b", [(1, json!("z"))].into()),
            ("a", [(1, json!("w"))].into()),
        ] {
            batch.add(&layout, Some(key.to_owned()), wanted, row(&mut ledger));
        }
        assert_eq!(batch.items.len(), 2);
        assert_eq!(batch.items[0].wanted, [(1, json!("w")), (2, json!("y"))].into());
        assert_eq!(batch.items[0].rows.len(), 2);
        for _ in 0..2 {
            batch.add(&layout, None, Wanted::new(), row(&mut ledger));
        }
        assert_eq!(batch.items.len(), 4, "rows without a key are items of their own");
    }

    #[test]
    fn what_is_added_is_not_lost_where_two_rows_become_one() {
        let mut ledger = Ledger::default();
        let layout = layout_of(Object::Users, Operation::Upsert, KeyField::ExternalId);
        let at = |name: &str| layout.fields.find(name).unwrap();
        let (tags, organization) = (at("tags"), at("organization_id"));
        let mut batch = Batch::new(Operation::Upsert);
        for words in [json!(["a"]), json!(["b", "a"])] {
            let wanted = [(tags, words), (organization, json!(1))].into();
            assert!(!batch.parts_from(&layout, Some("k"), &wanted));
            batch.add(&layout, Some("k".to_owned()), wanted, row(&mut ledger));
        }
        assert_eq!(batch.items[0].wanted[&tags], json!(["a", "b"]));
        assert!(batch.parts_from(&layout, Some("k"), &[(organization, json!(2))].into()));
        assert!(!batch.parts_from(&layout, Some("l"), &[(organization, json!(2))].into()));
    }

    #[test]
    fn a_comment_waits_for_the_row_that_may_create_its_ticket() {
        for (operation, waits) in [(Operation::Upsert, true), (Operation::Update, false)] {
            let mut ledger = Ledger::default();
            let layout = layout_of(Object::Tickets, operation, KeyField::ExternalId);
            let at = |name: &str| layout.fields.find(name).unwrap();
            let mut batch = Batch::new(operation);
            let first = [(at("subject"), json!("s"))].into();
            batch.add(&layout, Some("k".to_owned()), first, row(&mut ledger));
            let second = [(at("comment"), json!("c"))].into();
            assert_eq!(batch.parts_from(&layout, Some("k"), &second), waits);
        }
    }

    #[test]
    fn where_rows_are_only_added_a_second_one_of_other_values_waits_for_the_first() {
        let mut ledger = Ledger::default();
        let layout = layout_of(Object::Users, Operation::Insert, KeyField::ExternalId);
        let mut batch = Batch::new(Operation::Insert);
        let wanted = |value: &str| Wanted::from([(1, json!(value))]);
        batch.add(&layout, Some("a".to_owned()), wanted("x"), row(&mut ledger));
        assert!(!batch.parts_from(&layout, Some("a"), &wanted("x")));
        assert!(batch.parts_from(&layout, Some("a"), &wanted("y")));
        assert!(!batch.parts_from(&layout, Some("b"), &wanted("y")));
    }
}
