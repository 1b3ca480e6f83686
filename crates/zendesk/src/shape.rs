//! What is looked for in an answer: which lists of rows, and which members of each row.

use std::borrow::Cow;

/// What is looked for in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub lists: Vec<ListShape>,
}

/// A list of rows: the keys that lead to it, what is wanted of each row, and rows inside of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListShape {
    pub path: &'static [&'static str],
    pub wanted: Vec<Cow<'static, str>>,
    /// Rows inside each row, each kind under one key: an object, or an array of objects.
    pub inner: Vec<ListShape>,
    /// Whether an answer without it is sound.
    pub is_optional: bool,
    /// Whether one object stands in the place of the list.
    pub is_object: bool,
}

impl ListShape {
    /// Adds what somebody else looks for in the same list. Everything is looked for once.
    pub fn add(&mut self, other: Self) {
        self.wanted.extend(other.wanted);
        self.wanted.sort_unstable();
        self.wanted.dedup();
        self.is_optional &= other.is_optional;
        self.is_object |= other.is_object;
        Self::add_to(&mut self.inner, other.inner);
    }

    /// Adds lists to others, those of one path to each other.
    pub fn add_to(lists: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for more in more {
            let Self { path, is_optional, is_object, .. } = more;
            let at = lists.iter().position(|list| list.path == path).unwrap_or(lists.len());
            if at == lists.len() {
                lists.push(Self { path, is_optional, is_object, ..Self::default() });
            }
            lists[at].add(more);
        }
    }
}
