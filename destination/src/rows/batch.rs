//! Rows of one key become one item: in order, a later row's values over an earlier one's. Pure.

use std::collections::HashMap;

use airbyte::destination::ledger::{RowId, Settled};
use serde_json::{Map, Value};

use super::layout::Wanted;
use crate::object::Operation;
use crate::rejected::Reason;

/// Rows that a bulk call takes.
///
/// Source: Zendesk, "Create Many Users" and its like.
pub const LARGEST: usize = 100;

/// A row and what it is in the ledger.
#[derive(Debug)]
pub struct Row {
    pub id: RowId,
    pub data: Map<String, Value>,
}

/// What the rows of one key want together.
#[derive(Debug)]
pub struct Item {
    /// As Zendesk compares it; none for rows that have none.
    pub key: Option<String>,
    pub wanted: Wanted,
    pub rows: Vec<Row>,
    /// What a write of it will have done, once one was sent.
    pub intended: Option<Settled>,
    /// Why its last write is to be looked at.
    pub doubt: Option<Doubt>,
}

/// Why an item is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not known whether a write took effect.
    Unsettled(String),
    /// What it would create is there already, by a key or an address.
    Duplicate(Reason),
    /// What it changes was changed meanwhile.
    Conflict(Reason),
}

/// Rows that are written together.
#[derive(Debug, Default)]
pub struct Batch {
    pub items: Vec<Item>,
    by_key: HashMap<String, usize>,
    /// What the first row of a key wanted, where rows are only added.
    operation: Option<Operation>,
}

impl Batch {
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.items.len() >= LARGEST
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// The row, and the [`Reason`] why it is rejected: where rows are only added, a second one of a key must
    /// equal the first.
    pub fn add(
        &mut self,
        key: Option<String>,
        wanted: Wanted,
        row: Row,
    ) -> Result<(), Box<(Row, Reason)>> {
        let known = key.as_ref().and_then(|key| self.by_key.get(key)).copied();
        let Some(item) = known.and_then(|at| self.items.get_mut(at)) else {
            if let Some(key) = &key {
                self.by_key.insert(key.clone(), self.items.len());
            }
            self.items.push(Item { key, wanted, rows: vec![row], intended: None, doubt: None });
            return Ok(());
        };
        if self.operation == Some(Operation::Insert) && item.wanted != wanted {
            let why = "an earlier row of this sync has the same key and other values".to_owned();
            return Err(Box::new((row, Reason::new("already_exists", None, why))));
        }
        item.wanted.extend(wanted);
        item.rows.push(row);
        Ok(())
    }

    /// The keys of its items.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| item.key.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use airbyte::destination::catalog::Descriptor;
    use airbyte::destination::ledger::Ledger;
    use serde_json::json;

    use super::*;

    fn row(ledger: &mut Ledger) -> Row {
        let stream = Descriptor { namespace: None, name: "a".into() };
        Row { id: ledger.came(&stream), data: Map::new() }
    }

    #[test]
    fn a_later_row_goes_over_an_earlier_one_and_what_it_lacks_stays() {
        let mut ledger = Ledger::default();
        let mut batch = Batch::new(Operation::Upsert);
        for (key, wanted) in [
            ("a", [(1, json!("x")), (2, json!("y"))].into()),
            ("b", [(1, json!("z"))].into()),
            ("a", [(1, json!("w"))].into()),
        ] {
            batch.add(Some(key.to_owned()), wanted, row(&mut ledger)).unwrap();
        }
        assert_eq!(batch.items.len(), 2);
        assert_eq!(batch.items[0].wanted, [(1, json!("w")), (2, json!("y"))].into());
        assert_eq!(batch.items[0].rows.len(), 2);
        for _ in 0..2 {
            batch.add(None, Wanted::new(), row(&mut ledger)).unwrap();
        }
        assert_eq!(batch.items.len(), 4, "rows without a key are items of their own");
    }

    #[test]
    fn where_rows_are_only_added_a_second_one_must_equal_the_first() {
        let mut ledger = Ledger::default();
        let mut batch = Batch::new(Operation::Insert);
        let mut add = |value: &str| {
            let wanted = [(1, json!(value))].into();
            batch.add(Some("a".to_owned()), wanted, row(&mut ledger))
        };
        add("x").unwrap();
        add("x").unwrap();
        let (_, why) = *add("y").unwrap_err();
        assert_eq!(why.reason, "already_exists");
    }
}
