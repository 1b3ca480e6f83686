//! Who was among the rows of a mirror. Pure.

use std::collections::{BTreeSet, HashSet};

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
