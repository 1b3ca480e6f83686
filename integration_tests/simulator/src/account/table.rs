//! The rows of one resource, with the columns that listings sort and filter by.

use super::index::Index;
use crate::prng::mix;
use crate::resources::{Resource, Stamp};
use crate::{clock, row_text};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One row: its JSON text, and what the server needs to know about it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The row's name in the API, as text: an id, a UUID, the name of a tag.
    pub key: String,
    /// The row's number in its table. If the resource has numeric ids, it is the id.
    pub number: u64,
    pub created_at: i64,
    pub updated_at: i64,
    /// The time that exports sort by, in unix seconds: `generated_timestamp`, `timestamp` or
    /// `time`.
    pub generated: i64,
    pub deleted: bool,
    /// Whether the ticket is archived. All listings except the exports leave archived tickets out.
    pub archived: bool,
    /// Whether an AI agent handled the ticket. Exports leave such tickets out unless a request asks
    /// for them.
    pub ai_agent: bool,
    pub parent: Option<u64>,
    pub grandparent: Option<u64>,
    pub text: String,
    /// The text in the search index after a silent change: that of the visible change at this time.
    pub indexed: Option<(i64, String)>,
    /// For a deleted ticket: when it last changed before its deletion, and its text in the index
    /// then.
    pub before_deletion: Option<(i64, String)>,
    /// Texts that requests have overwritten, oldest first, each with the time of the write.
    pub former: Vec<(i64, String)>,
}

impl Row {
    pub(crate) fn set(&mut self, field: &str, raw: &str) {
        row_text::set(&mut self.text, field, raw);
    }

    pub(crate) fn set_existing(&mut self, field: &str, raw: &str) {
        row_text::set_existing(&mut self.text, field, raw);
    }

    /// The text of the row in the search index. Silent changes do not update it.
    pub(crate) fn indexed(&self) -> &str {
        if let Some((_, text)) = self.before_deletion.as_ref().filter(|_| self.deleted) {
            return text;
        }
        match &self.indexed {
            Some((updated_at, text)) if *updated_at == self.updated_at => text,
            _ => &self.text,
        }
    }

    /// The row before its deletion, if an index that covers changes up to `newest` (unix seconds)
    /// does not know of the deletion yet.
    pub(crate) fn before_deletion(&self, newest: i64) -> Option<Self> {
        let (updated_at, text) = self.before_deletion.clone()?;
        let is_unheard_of = self.deleted && self.updated_at > newest && updated_at <= newest;
        is_unheard_of.then(|| Self { updated_at, text, deleted: false, ..self.clone() })
    }

    /// The row in an index that covers changes up to `newest`. `None` if the row is younger.
    pub(crate) fn as_of(&self, newest: i64) -> Option<Cow<'_, Self>> {
        if self.created_at > newest {
            return None;
        }
        let former = self.former.iter().find(|(written_at, _)| *written_at > newest);
        Some(match former {
            None => Cow::Borrowed(self),
            Some((_, text)) => {
                let (text, former, indexed) = (text.clone(), Vec::new(), None);
                Cow::Owned(Self { text, former, indexed, ..self.clone() })
            }
        })
    }

    /// Writes a time into a field, in the spelling of the field's old value.
    pub(crate) fn set_time(&mut self, field: &str, unix: i64) {
        let former = row_text::get_text(&self.text, field).unwrap_or_default();
        self.set(field, &row_text::quote(&clock::iso_like(unix, &former)));
    }
}

/// The orders in which listings return their rows. Rows that are equal are sorted by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Id,
    Label,
    Created,
    Updated,
    /// By the second of the change. Rows of the same second come by number, as in cursor exports.
    Changed,
    /// By the second of the change only. Rows of the same second come in an order that a reader
    /// cannot use.
    ChangedOnly,
    Position,
    Score,
    Status,
}

impl Order {
    /// The column list that Zendesk writes into its cursors.
    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Label => "name,id",
            Self::Created => "created_at,id",
            Self::Updated => "updated_at,id",
            Self::Changed | Self::ChangedOnly => "generated_timestamp,id",
            Self::Position => "position,id",
            Self::Score => "-score,id",
            Self::Status => "status,id",
        }
    }
}

/// The values that a listing sorts a row by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey {
    pub(crate) number: i64,
    pub(crate) text: String,
    pub(crate) id: u64,
}

pub(crate) struct Table {
    pub(crate) resource: &'static Resource,
    pub(crate) rows: BTreeMap<u64, Row>,
    /// How many rows were ever made, removed ones included.
    pub(crate) made: u64,
    pub(crate) last_id: u64,
    /// The brands of all help center rows that were ever made, by row number.
    pub(crate) brands: BTreeMap<u64, u64>,
    by_key: HashMap<String, u64>,
    by_parent: BTreeMap<u64, BTreeSet<u64>>,
    sorted: Vec<(Order, Arc<Vec<SortKey>>)>,
    index: Index,
}

impl Table {
    pub(crate) fn new(resource: &'static Resource, last_id: u64) -> Self {
        let (by_key, by_parent) = (HashMap::new(), BTreeMap::new());
        let (rows, brands, sorted) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let index = Index::new(resource.name);
        Self { resource, rows, made: 0, last_id, brands, by_key, by_parent, sorted, index }
    }

    pub(crate) fn insert(&mut self, row: Row) {
        self.sorted.clear();
        self.last_id = self.last_id.max(row.number);
        self.by_key.insert(row.key.clone(), row.number);
        if let Some(parent) = row.parent {
            self.by_parent.entry(parent).or_default().insert(row.number);
        }
        self.index.note(row.number);
        self.rows.insert(row.number, row);
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Row> {
        self.sorted.clear();
        self.index.note(number);
        let row = self.rows.remove(&number)?;
        self.by_key.remove(&row.key);
        if let Some(siblings) = row.parent.and_then(|parent| self.by_parent.get_mut(&parent)) {
            siblings.remove(&number);
        }
        Some(row)
    }

    /// Whether a brand's host shows a row. Rows that belong to no help center are shown at every
    /// host.
    pub(crate) fn is_shown_at(&self, brand: u64, number: u64) -> bool {
        self.brands.get(&number).is_none_or(|own| *own == brand)
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    pub(crate) fn by_key(&self, key: &str) -> Option<&Row> {
        self.rows.get(self.by_key.get(key)?)
    }

    /// The row to change, if it exists. The orders are computed again afterwards.
    pub(crate) fn change(&mut self, key: &str) -> Option<&mut Row> {
        let number = self.by_key.get(key)?;
        self.sorted.clear();
        self.index.note(*number);
        self.rows.get_mut(number)
    }

    /// The rows whose field has this value. Upper and lower case are equal.
    pub(crate) fn find(&self, field: &str, value: &str) -> Vec<&Row> {
        let numbers = self.index.find(&self.rows, field, value);
        numbers.iter().filter_map(|number| self.rows.get(number)).collect()
    }

    /// The numbers of the rows whose field has a value for which `fits` is true. `fits` gets the
    /// value in lower case.
    pub(crate) fn find_like(&self, field: &str, fits: impl Fn(&str) -> bool) -> BTreeSet<u64> {
        self.index.find_like(&self.rows, field, fits)
    }

    pub(crate) fn children(&self, parent: u64) -> impl DoubleEndedIterator<Item = &Row> {
        let numbers = self.by_parent.get(&parent).into_iter().flatten();
        numbers.filter_map(|number| self.rows.get(number))
    }

    pub(crate) fn sort_key(&self, row: &Row, order: Order) -> SortKey {
        let number = match order {
            Order::Id | Order::Label | Order::Status => 0,
            Order::Created => row.created_at,
            Order::Updated => row.updated_at,
            Order::Changed | Order::ChangedOnly => row.generated,
            Order::Position => whole_number(&row.text, "position"),
            Order::Score => -whole_number(&row.text, "count"),
        };
        let text = match order {
            Order::Label => row_text::get_text(&row.text, self.resource.label).unwrap_or_default(),
            Order::Status => row_text::get_text(&row.text, "status").unwrap_or_default(),
            Order::ChangedOnly => format!("{:016x}", mix(row.number)),
            _ => String::new(),
        };
        SortKey { number, text, id: row.number }
    }

    /// All rows in an order. The order is kept until the table changes.
    pub(crate) fn sorted(&mut self, order: Order) -> Arc<Vec<SortKey>> {
        if let Some((_, keys)) = self.sorted.iter().find(|(known, _)| *known == order) {
            return Arc::clone(keys);
        }
        let mut keys: Vec<_> = self.rows.values().map(|row| self.sort_key(row, order)).collect();
        keys.sort_unstable();
        let keys = Arc::new(keys);
        self.sorted.push((order, Arc::clone(&keys)));
        keys
    }

    /// The time of the row's last change, as a reader sees it.
    pub(crate) fn changed_at(&self, row: &Row) -> i64 {
        match self.resource.stamp {
            Stamp::Created => row.created_at,
            Stamp::Generated | Stamp::Timestamp | Stamp::Time => row.generated,
            Stamp::Updated
            | Stamp::LastUpdated
            | Stamp::Completed
            | Stamp::Deleted
            | Stamp::None => row.updated_at,
        }
    }
}

fn whole_number(text: &str, field: &str) -> i64 {
    row_text::get(text, field).and_then(|raw| raw.parse().ok()).unwrap_or(0)
}
