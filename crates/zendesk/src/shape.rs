//! What a scan looks for in an answer: which lists of rows, and which members of each row.

use std::borrow::Cow;

/// What a scan looks for in one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub lists: Vec<ListShape>,
}

/// A list of rows: the keys that lead to it, the wanted members of each row, and rows inside of
/// rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListShape {
    pub path: &'static [&'static str],
    pub wanted: Vec<Cow<'static, str>>,
    /// Rows inside each row, one list for each key. The value is an object or an array of objects.
    pub inner: Vec<ListShape>,
    /// Other places where the list may be instead. An empty place: the answer itself is the list.
    pub or_at: &'static [&'static [&'static str]],
    /// Whether an answer without the list is valid.
    pub is_optional: bool,
    /// Whether one object takes the place of the list.
    pub is_object: bool,
    /// Whether an answer without the list is valid if it has another list of this kind.
    pub is_one_of_several: bool,
}

impl Shape {
    /// The index of the list that the answer itself may be, in place of an object. `None` if no
    /// list may.
    #[must_use]
    pub(crate) fn bare(&self) -> Option<usize> {
        self.lists.iter().position(|list| list.or_at.iter().any(|place| place.is_empty()))
    }
}

impl ListShape {
    /// The places where the list may be, its own first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &'static [&'static str]> {
        std::iter::once(self.path).chain(self.or_at.iter().copied())
    }

    /// Whether one of the list's places has this key at this level. `ends` says whether the place
    /// must end there or must go on.
    pub(crate) fn has_place(&self, level: usize, key: &[u8], ends: bool) -> bool {
        self.places().any(|place| {
            place.get(level).is_some_and(|step| step.as_bytes() == key)
                && (place.len() == level + 1) == ends
        })
    }

    /// Adds what another caller looks for in the same list. Nothing is looked for twice.
    pub fn add(&mut self, other: Self) {
        self.wanted.extend(other.wanted);
        self.wanted.sort_unstable();
        self.wanted.dedup();
        self.is_optional &= other.is_optional;
        self.is_object |= other.is_object;
        self.is_one_of_several |= other.is_one_of_several;
        self.or_at = if self.or_at.is_empty() { other.or_at } else { self.or_at };
        Self::add_to(&mut self.inner, other.inner);
    }

    /// Adds lists to others. Lists with the same path become one.
    pub fn add_to(lists: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for more in more {
            let Self { path, is_optional, is_object, or_at, .. } = more;
            let at = lists.iter().position(|list| list.path == path).unwrap_or(lists.len());
            if at == lists.len() {
                lists.push(Self { path, is_optional, is_object, or_at, ..Self::default() });
            }
            lists[at].add(more);
        }
    }
}
