//! Where a stream's rows are in an answer, and what a row is made from.

use serde_json::Value;

use super::derived::DerivedRows;
use super::feed::Feed;

/// A column that the schema file of its stream does not have.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    /// Makes the column's JSON schema.
    pub schema: fn() -> Value,
}

/// Where a stream's rows are in a page of its feed: the lists, and the steps from a listed row down
/// to the stream's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsAt {
    pub lists: Lists,
    pub steps: &'static [Step],
    /// The derived rows that are written in place of the rows at the end of the steps.
    pub derived: Option<&'static DerivedRows>,
}

/// The lists of an answer in which a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// The feed's list.
    Listed,
    /// Several lists by their names, the feed's list first. `Source::ListName` is the name of a
    /// row's list.
    Several(&'static [(&'static str, &'static [&'static str])]),
    /// A list beside the listed rows, from a side-load.
    Beside(Beside),
}

/// A list whose rows belong to listed rows. The key `by` of such a row equals the key `of` of its
/// listed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    pub list: &'static [&'static str],
    pub by: &'static str,
    pub of: &'static str,
}

/// One step of a path. One object is accepted in place of an array, and an array in place of one
/// object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Down to the object under this key.
    Into(&'static str),
    /// Down to each object of the array under this key.
    Each(&'static str),
    /// Stays at the row, and goes on only if this key has this text.
    Where(&'static str, &'static str),
}

impl RowsAt {
    /// The listed rows themselves.
    pub const LISTED: Self = Self { lists: Lists::Listed, steps: &[], derived: None };

    /// Rows inside listed rows.
    pub(super) const fn inside(steps: &'static [Step]) -> Self {
        Self { steps, ..Self::LISTED }
    }

    /// The paths of the lists in an answer.
    #[must_use]
    pub fn lists(&self, feed: &Feed) -> Vec<&'static [&'static str]> {
        match self.lists {
            Lists::Listed => vec![feed.list],
            Lists::Several(lists) => lists.iter().map(|(_, path)| *path).collect(),
            Lists::Beside(Beside { list, .. }) => vec![list],
        }
    }

    /// The name of the list with this path. `None` if the stream has only one list.
    #[must_use]
    pub fn name_of(&self, list: &[&str]) -> Option<&'static str> {
        let Lists::Several(lists) = self.lists else { return None };
        lists.iter().find(|(_, path)| *path == list).map(|(name, _)| *name)
    }

    /// The keys that the steps enter, outermost first.
    pub fn keys(&self) -> impl Iterator<Item = &'static &'static str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Into(key) | Step::Each(key) => Some(key),
            Step::Where(..) => None,
        })
    }
}
