//! The rows of one resource, with the columns that listings sort and filter by.

use super::index::Index;
use crate::prng::mix;
use crate::resources::{Resource, Stamp};
use crate::{clock, row_text};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One row: its JSON text, and beside it what the server has to know about it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The row's name in the API, as text: an id, a UUID, a tag's name.
    pub key: String,
    /// The row's number in its table; equal to the id where ids are numbers.
    pub number: u64,
    pub created_at: i64,
    pub updated_at: i64,
    /// The second by which exports sort: generated_timestamp, timestamp or time.
    pub generated: i64,
    pub deleted: bool,
    /// Archived tickets are left out of all listings but the exports.
    pub archived: bool,
    /// Tickets handled by an AI agent are left out of exports unless asked for.
    pub ai_agent: bool,
    pub parent: Option<u64>,
    pub grandparent: Option<u64>,
    pub text: String,
    /// What the search index holds of a row that changed silently: the text of this visible change.
    pub indexed: Option<(i64, String)>,
    /// When a deleted ticket last changed before its deletion, and what the index held of it then.
    pub before_deletion: Option<(i64, String)>,
    /// What requests wrote over, oldest first: the second of the write, and the text before it.
    pub former: Vec<(i64, String)>,
}

impl Row {
    pub(crate) fn set(&mut self, field: &str, raw: &str) {
        row_text::set(&mut self.text, field, raw);
    }

    pub(crate) fn set_existing(&mut self, field: &str, raw: &str) {
        row_text::set_existing(&mut self.text, field, raw);
    }

    /// The row as the search index has it. Silent changes do not refresh it.
    pub(crate) fn indexed(&self) -> &str {
        if let Some((_, text)) = self.before_deletion.as_ref().filter(|_| self.deleted) {
            return text;
        }
        match &self.indexed {
            Some((updated_at, text)) if *updated_at == self.updated_at => text,
            _ => &self.text,
        }
    }

    /// The living row that an index still shows which has caught up to `newest`, seconds before
    /// it hears of the deletion.
    pub(crate) fn before_deletion(&self, newest: i64) -> Option<Self> {
        let (updated_at, text) = self.before_deletion.clone()?;
        let is_unheard_of = self.deleted && self.updated_at > newest && updated_at <= newest;
        is_unheard_of.then(|| Self { updated_at, text, deleted: false, ..self.clone() })
    }

    /// The row as an index shows it that has caught up to `newest`. None for a row that is younger.
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

    /// Writes a time into a field in the spelling that the field has had.
    pub(crate) fn set_time(&mut self, field: &str, unix: i64) {
        let former = row_text::get_text(&self.text, field).unwrap_or_default();
        self.set(field, &row_text::quote(&clock::iso_like(unix, &former)));
    }
}

/// Orders in which listings serve their rows; every one ends with the row's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Id,
    Label,
    Created,
    Updated,
    /// By the second of the change; ties by number, as cursor exports do.
    Changed,
    /// By the second of the change alone: ties come in no order a reader could use.
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

/// What a listing sorts a row by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey {
    pub(crate) number: i64,
    pub(crate) text: String,
    pub(crate) id: u64,
}

pub(crate) struct Table {
    pub(crate) resource: &'static Resource,
    pub(crate) rows: BTreeMap<u64, Row>,
    /// How many rows were ever made.
    pub(crate) made: u64,
    pub(crate) last_id: u64,
    /// The brands of all rows of a help center that were ever made.
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

    /// Whether a row is shown at a brand's host: those of no help center are at every one.
    pub(crate) fn is_shown_at(&self, brand: u64, number: u64) -> bool {
        self.brands.get(&number).is_none_or(|own| *own == brand)
    }

    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    pub(crate) fn by_key(&self, key: &str) -> Option<&Row> {
        self.rows.get(self.by_key.get(key)?)
    }

    /// The row to be changed, if there is one; orders are computed anew afterwards.
    pub(crate) fn change(&mut self, key: &str) -> Option<&mut Row> {
        let number = self.by_key.get(key)?;
        self.sorted.clear();
        self.index.note(*number);
        self.rows.get_mut(number)
    }

    /// The rows whose field has this value, in any case of letters.
    pub(crate) fn find(&self, field: &str, value: &str) -> Vec<&Row> {
        let numbers = self.index.find(&self.rows, field, value);
        numbers.iter().filter_map(|number| self.rows.get(number)).collect()
    }

    /// The numbers of the rows whose field has a value, in small letters, that fits.
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

    /// When a reader would say that the row last changed.
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
