//! Finds rows by a value in one of their fields, without a look at all rows. Upper and lower case
//! are equal, as they are for all keys that Zendesk matches.

use super::table::Row;
use crate::row_text;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The fields of a resource that can be looked up.
fn fields_of(resource: &str) -> &'static [&'static str] {
    match resource {
        "users" => &["external_id", "email"],
        "user_identities" => &["value"],
        "organizations" => &["external_id", "name"],
        "organization_memberships" => &["user_id", "organization_id"],
        "tickets" => &["external_id", "requester_id"],
        "custom_object_records" => &["external_id", "name"],
        _ => &[],
    }
}

/// The index of one table. It is brought up to date when it is used.
pub(super) struct Index {
    fields: &'static [&'static str],
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    rows: HashMap<(&'static str, String), BTreeSet<u64>>,
    values: HashMap<u64, Vec<(&'static str, String)>>,
    changed: BTreeSet<u64>,
}

impl Index {
    pub(super) fn new(resource: &str) -> Self {
        Self { fields: fields_of(resource), state: RefCell::default() }
    }

    /// Notes that the row was added, changed or removed.
    pub(super) fn note(&self, number: u64) {
        if !self.fields.is_empty() {
            self.state.borrow_mut().changed.insert(number);
        }
    }

    /// The numbers of the rows whose field has this value. Upper and lower case are equal.
    pub(super) fn find(&self, rows: &BTreeMap<u64, Row>, field: &str, value: &str) -> Vec<u64> {
        let field = self.known(field);
        self.catch_up(rows);
        let state = self.state.borrow();
        let found = state.rows.get(&(field, value.to_lowercase()));
        found.into_iter().flatten().copied().collect()
    }

    /// The numbers of the rows whose field has a value for which `fits` is true. `fits` gets the
    /// value in lower case.
    pub(super) fn find_like(
        &self,
        rows: &BTreeMap<u64, Row>,
        field: &str,
        fits: impl Fn(&str) -> bool,
    ) -> BTreeSet<u64> {
        let field = self.known(field);
        self.catch_up(rows);
        let state = self.state.borrow();
        let found = state.rows.iter().filter(|((of, value), _)| *of == field && fits(value));
        found.flat_map(|(_, numbers)| numbers).copied().collect()
    }

    fn known(&self, field: &str) -> &'static str {
        let known = self.fields.iter().find(|known| **known == field);
        known.unwrap_or_else(|| panic!("no index of {field}"))
    }

    fn catch_up(&self, rows: &BTreeMap<u64, Row>) {
        let state = &mut *self.state.borrow_mut();
        for number in std::mem::take(&mut state.changed) {
            state.forget(number);
            if let Some(row) = rows.get(&number) {
                state.learn(row, self.fields);
            }
        }
    }
}

impl State {
    fn forget(&mut self, number: u64) {
        for key in self.values.remove(&number).unwrap_or_default() {
            if let Some(numbers) = self.rows.get_mut(&key) {
                numbers.remove(&number);
            }
        }
    }

    fn learn(&mut self, row: &Row, fields: &'static [&'static str]) {
        let held = fields.iter().filter_map(|field| {
            let value = row_text::get_text(&row.text, field)?;
            Some((*field, value.to_lowercase()))
        });
        let held: Vec<_> = held.collect();
        for key in &held {
            self.rows.entry(key.clone()).or_default().insert(row.number);
        }
        self.values.insert(row.number, held);
    }
}
