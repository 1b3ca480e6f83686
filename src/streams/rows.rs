//! Where a stream's rows are in an answer, and which columns they get from elsewhere.

use serde_json::Value;

use super::derived::DerivedRows;
use super::feed::Feed;

/// A column that is there by an option.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: &'static str,
    /// Its JSON schema.
    pub schema: Value,
}

/// Where a stream's rows lie in a page of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsAt {
    /// They are the listed rows.
    Listed,
    /// One object inside each listed row, or those of an array there, or none.
    Inside(&'static str),
    /// Those of an array inside each listed row that have this text under this key.
    EachInside { array: &'static str, key: &'static str, text: &'static str },
    /// All of an array inside each of those.
    EachOfEach { array: &'static str, key: &'static str, text: &'static str, inner: &'static str },
    /// They are a list beside the listed rows, which a side-load brings.
    /// Such a row belongs to the listed row whose key `of` equals its own key `by`.
    Beside { list: &'static [&'static str], by: &'static str, of: &'static str },
    /// They are the rows of several lists, the feed's first; this key tells by a text which list.
    InLists { key: &'static str, lists: &'static [(&'static str, &'static [&'static str])] },
    /// They are the rows of an array inside each row of several lists, told apart likewise.
    InsideLists {
        array: &'static str,
        key: &'static str,
        lists: &'static [(&'static str, &'static [&'static str])],
    },
    /// They are none of Zendesk's: they are made of the listed rows.
    Made(&'static DerivedRows),
}

/// A key that a row gets from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// The value of a key of the row around this one.
    Around { key: &'static str, from: &'static str },
    /// The value of a key of the listed row, however deep inside of it this one lies.
    Outermost { key: &'static str, from: &'static str },
    /// An object made of values of this very row.
    Object { key: &'static str, members: &'static [(&'static str, &'static str)] },
    /// A time of this very row, as unix seconds.
    Seconds { key: &'static str, from: &'static str },
    /// What filled the placeholder of this name in the path.
    Filled { key: &'static str, placeholder: &'static str },
    /// The value of another key of this very row.
    Own { key: &'static str, from: &'static str },
    /// Those rows of the list of the same name beside the listed rows whose ids stand under these
    /// keys of this row. Null where Zendesk sends no such list.
    Joined { key: &'static str, ids: &'static [&'static str] },
}

impl RowsAt {
    /// The lists of an answer in which the rows lie.
    #[must_use]
    pub fn lists(&self, feed: &Feed) -> Vec<&'static [&'static str]> {
        match self {
            Self::Listed
            | Self::Inside(_)
            | Self::EachInside { .. }
            | Self::EachOfEach { .. }
            | Self::Made(_) => {
                vec![feed.list]
            }
            Self::Beside { list, .. } => vec![list],
            Self::InLists { lists, .. } | Self::InsideLists { lists, .. } => {
                lists.iter().map(|(_, path)| *path).collect()
            }
        }
    }

    /// The key and the text that tell of which list a row is.
    #[must_use]
    pub fn mark(&self, list: &[&str]) -> Option<(&'static str, &'static str)> {
        let (Self::InLists { key, lists } | Self::InsideLists { key, lists, .. }) = self else {
            return None;
        };
        lists.iter().find(|(_, path)| *path == list).map(|(text, _)| (*key, *text))
    }
}
