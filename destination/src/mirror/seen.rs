//! Remembers which users or organizations the rows of a mirror found. Pure.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::look::key_of;
use crate::object::{KeyField, Object, fold};
use crate::rejected::Reason;
use crate::rows::Layout;
use crate::writer::Written;

/// The most keys that are searched once more before members are removed.
const MOST_KEYS: usize = 100_000;

/// The users or organizations that the rows found.
#[derive(Debug, Default)]
pub struct Seen {
    ids: HashSet<u64>,
    /// Those whose rows say that they are not members.
    left: HashSet<u64>,
    /// How many of them were members before.
    kept: u64,
    /// Hashes of the keys of all rows, except rows that say that they are not members. A row may exist
    /// although its key was not found. If two keys have the same hash, a member stays.
    row_keys: HashSet<u64>,
    /// Whether the key of a row was not found.
    has_unmet: bool,
    /// Keys of rows that may belong to someone who was not found. They are searched once more.
    keys: BTreeSet<String>,
    has_too_many_keys: bool,
}

impl Seen {
    /// Notes the results of items of the stream.
    pub fn note(&mut self, layout: &Layout, written: &[Written]) {
        for Written { item, came, .. } in written {
            if layout.leaves(&item.wanted) {
                self.left.extend(item.met.iter().filter(|_| came.is_ok()));
                continue;
            }
            self.row_keys.extend(item.key.as_deref().map(number_of));
            self.has_unmet |= item.met.is_empty();
            let mut is_new = false;
            for id in &item.met {
                is_new |= self.ids.insert(*id);
            }
            if is_new && came.is_ok() && item.moved.is_none() {
                self.kept += 1;
            }
            let is_nobody = matches!(came, Err(why) if why.reason == Reason::NOT_FOUND);
            if item.met.is_empty() && !is_nobody {
                self.key(layout.written_key(&item.wanted).map(|(_, key)| key));
            }
        }
    }

    /// Notes a row that was rejected before the program searched for it. Its key may still belong to a
    /// member.
    pub fn key(&mut self, key: Option<String>) {
        let Some(key) = key else { return };
        self.row_keys.insert(number_of(&key));
        if self.keys.len() < MOST_KEYS {
            self.keys.insert(key);
        } else {
            self.has_too_many_keys = true;
        }
    }

    /// Notes the id that belongs to a key.
    pub fn met(&mut self, id: u64) {
        self.ids.insert(id);
    }

    /// Whether a row found this id, so that the sweep must not remove it.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.ids.contains(&id) || self.left.contains(&id)
    }

    /// Whether a row from Zendesk has the key of a row of the stream.
    #[must_use]
    pub fn means(&self, object: Object, row: &Value, key: KeyField) -> bool {
        key_of(object, row, key).is_some_and(|key| self.row_keys.contains(&number_of(&key)))
    }

    /// Whether one of a user's identities is the address of a row of the stream.
    #[must_use]
    pub fn means_address(&self, identities: &[Value]) -> bool {
        let addresses = identities.iter().filter(|one| one["type"] == "email");
        let mut addresses = addresses.filter_map(|one| one["value"].as_str());
        addresses.any(|address| self.row_keys.contains(&number_of(address)))
    }

    /// Whether the key of a row was not found. It may be a secondary address of a member.
    #[must_use]
    pub fn has_unmet(&self) -> bool {
        self.has_unmet
    }

    /// How many members were members before.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Takes the keys that have to be searched once more. `None` if there are too many.
    #[must_use]
    pub fn take_keys(&mut self) -> Option<Vec<String>> {
        let keys = std::mem::take(&mut self.keys).into_iter().collect();
        (!self.has_too_many_keys).then_some(keys)
    }
}

/// The hash of a key.
fn number_of(key: &str) -> u64 {
    xxh3_64(fold(key).as_bytes())
}
