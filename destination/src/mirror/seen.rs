//! Who was among the rows of a mirror. Pure.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::look::key_of;
use crate::object::{KeyField, Object, fold};
use crate::rejected::Reason;
use crate::rows::Layout;
use crate::writer::Written;

/// Keys that are resolved once more before anybody is removed.
const MOST_KEYS: usize = 100_000;

/// Who was among the rows.
#[derive(Debug, Default)]
pub struct Seen {
    ids: HashSet<u64>,
    /// Those whose rows say that they leave.
    left: HashSet<u64>,
    /// Members that were members before.
    kept: u64,
    /// The keys of all rows but of those that leave, each as a number: a key may not have been found although
    /// somebody has it. Two keys of one number only keep somebody.
    row_keys: HashSet<u64>,
    /// Whether the key of a row was not found.
    has_unmet: bool,
    /// Keys of rows that may mean somebody who was not met: each is looked for once more.
    keys: BTreeSet<String>,
    has_too_many_keys: bool,
}

impl Seen {
    /// Notes what came of items of the stream.
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

    /// A row was rejected before it was looked for. A key means somebody all the same.
    pub fn key(&mut self, key: Option<String>) {
        let Some(key) = key else { return };
        self.row_keys.insert(number_of(&key));
        if self.keys.len() < MOST_KEYS {
            self.keys.insert(key);
        } else {
            self.has_too_many_keys = true;
        }
    }

    /// Notes somebody whom a key means.
    pub fn met(&mut self, id: u64) {
        self.ids.insert(id);
    }

    /// Whether a row meant somebody, and has been dealt with.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.ids.contains(&id) || self.left.contains(&id)
    }

    /// Whether a row of Zendesk's has the key of a row that came.
    #[must_use]
    pub fn means(&self, object: Object, row: &Value, key: KeyField) -> bool {
        key_of(object, row, key).is_some_and(|key| self.row_keys.contains(&number_of(&key)))
    }

    /// Whether one of these identities of a user is the address of a row that came.
    #[must_use]
    pub fn means_address(&self, identities: &[Value]) -> bool {
        let addresses = identities.iter().filter(|one| one["type"] == "email");
        let mut addresses = addresses.filter_map(|one| one["value"].as_str());
        addresses.any(|address| self.row_keys.contains(&number_of(address)))
    }

    /// Whether the key of a row was not found, so that it may be a further address of somebody.
    #[must_use]
    pub fn has_unmet(&self) -> bool {
        self.has_unmet
    }

    /// Members that were members before.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// The keys that are to be looked for once more; none where they are more than is reasonable.
    #[must_use]
    pub fn take_keys(&mut self) -> Option<Vec<String>> {
        let keys = std::mem::take(&mut self.keys).into_iter().collect();
        (!self.has_too_many_keys).then_some(keys)
    }
}

/// A key as a number.
fn number_of(key: &str) -> u64 {
    xxh3_64(fold(key).as_bytes())
}
