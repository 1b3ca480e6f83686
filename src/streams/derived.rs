//! Derived rows: rows that Zendesk does not list. They are made from the rows at the end of a path
//! in a page, and need no listing of their own. [`DerivedRows`] declares what is made from what;
//! `sync::records::derived` makes the rows.

use super::sources::{Source, Splice};

/// How rows are derived from the rows at the end of a path.
#[derive(Debug, PartialEq, Eq)]
pub struct DerivedRows {
    /// The kinds of derived rows that such a row may make. Without any, each row makes one derived
    /// row.
    pub kinds: &'static [Kind],
    /// The columns. The first one is the row's id.
    pub columns: &'static [Splice],
    /// The key of the listed row with the time of its last change.
    pub changed: &'static str,
}

/// A kind of derived row, such as one type of event.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    /// The conditions. All of them must hold.
    pub when: &'static [When],
    /// The parts of the row that make one derived row each.
    pub parts: Parts,
    /// Whether a listed row makes this kind only once, even if several of the rows inside it could.
    pub once: bool,
    pub time: Source,
    pub actor: Source,
    pub from: Source,
    pub to: Source,
}

impl Kind {
    /// A kind that a whole row makes, and for which Zendesk sends no time, actor or values.
    pub(super) const fn of(name: &'static str, when: &'static [When]) -> Self {
        Self {
            name,
            when,
            parts: Parts::Whole,
            once: false,
            time: Source::Untold,
            actor: Source::Untold,
            from: Source::Untold,
            to: Source::Untold,
        }
    }
}

/// The parts of a row at the end of a path that make one derived row each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// The whole row.
    Whole,
    /// Each of these members.
    Each(Members),
    /// Each text that the list under `field` has and its previous list does not. If the row has a
    /// list under `told`, the texts of that list are used instead. A text in place of a list counts
    /// as the list of its words.
    Gained { of: Members, field: &'static str, told: &'static str },
    /// Each text that the previous list has and the list under `field` does not. `told` means the
    /// same as in `Gained`.
    Lost { of: Members, field: &'static str, told: &'static str },
}

/// Which members of a row are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Members {
    /// Members that are not used.
    pub but: &'static [&'static str],
    /// If the value under this key is an object, its members are used in its place. If it is null,
    /// it is not used.
    pub open: &'static str,
    /// The key of the previous value. It holds that value itself if the row has only one member, or
    /// an object with the previous value of each member. `None` if there was no previous value,
    /// whatever the row has.
    pub before: Option<&'static str>,
}

/// A condition on a row. A null or empty value counts as no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The value under the key is one of these texts.
    Is(&'static str, &'static [&'static str]),
    /// The value under the key is not this text.
    IsNot(&'static str, &'static str),
    /// The key has a value.
    Has(&'static str),
    /// The values under two keys differ.
    Differ(&'static str, &'static str),
    /// Both values are in this order, and the first value comes after the second.
    Above(&'static str, &'static str, &'static [&'static str]),
    /// The list under the first key has this word, and the list under the second key does not.
    Gained(&'static str, &'static str, &'static str),
}

impl DerivedRows {
    /// Calls `each` with every key that is read, and its level. `last` is the level of the rows at
    /// the end of the path.
    pub(super) fn keys(&self, last: usize, each: &mut impl FnMut(usize, &'static str)) {
        for (_, source) in self.columns {
            source.keys(each);
        }
        for Kind { when, parts, time, actor, from, to, .. } in self.kinds {
            for source in [time, actor, from, to] {
                source.keys(each);
            }
            for key in when.iter().flat_map(When::keys).chain(parts.keys()) {
                each(last, key);
            }
        }
    }
}

impl Parts {
    /// The keys that the condition reads.
    fn keys(self) -> impl Iterator<Item = &'static str> {
        let (before, told) = match self {
            Self::Whole => (None, None),
            Self::Each(of) => (of.before, None),
            Self::Gained { of, told, .. } | Self::Lost { of, told, .. } => (of.before, Some(told)),
        };
        before.into_iter().chain(told)
    }
}

impl When {
    /// The keys that the parts read.
    fn keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (key, other) = match *self {
            Self::Is(key, _) | Self::IsNot(key, _) | Self::Has(key) => (key, None),
            Self::Differ(key, other) | Self::Above(key, other, _) | Self::Gained(key, other, _) => {
                (key, Some(other))
            }
        };
        std::iter::once(key).chain(other)
    }
}
