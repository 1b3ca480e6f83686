//! Rows that Zendesk does not list: they are made of the rows that a path leads to, in a walk that is
//! done anyway. What is made of what is said in a [`DerivedRows`]; `sync::records::derived` is where it acts.

use super::sources::{Source, Splice};

/// How rows are made of the rows at the end of a path.
#[derive(Debug, PartialEq, Eq)]
pub struct DerivedRows {
    /// What such a row may tell, each in rows of its own. Without any, each is one row.
    pub kinds: &'static [Kind],
    /// The columns, the one that is the row's name first.
    pub columns: &'static [Splice],
    /// The key of the listed row that tells when it changed.
    pub changed: &'static str,
}

/// Something that a row tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    /// What must be so, all of it.
    pub when: &'static [When],
    /// What of the row makes a derived row each.
    pub parts: Parts,
    /// Whether a listed row tells it once, however many of the rows inside of it do.
    pub once: bool,
    pub time: Source,
    pub actor: Source,
    pub from: Source,
    pub to: Source,
}

impl Kind {
    /// A kind that each row as a whole tells, and of which Zendesk tells nothing more.
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

/// What of the row at the end of a path makes a derived row each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// The row as a whole.
    Whole,
    /// Each member.
    Each(Members),
    /// Each text that the list under the field has and the list before it lacks, unless the row tells
    /// them in a list under `told`. A text counts as the list of its words.
    Gained { of: Members, field: &'static str, told: &'static str },
    /// The same of what the list before has and the list lacks.
    Lost { of: Members, field: &'static str, told: &'static str },
}

/// The members of a row that are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Members {
    /// All but these.
    pub but: &'static [&'static str],
    /// Where the value under this key is an object, each member of that stands in its place; null is
    /// nothing.
    pub open: &'static str,
    /// The key of the value before: of the only member, or an object with that of each. None where
    /// there was none before, whatever the row has.
    pub before: Option<&'static str>,
}

/// A condition on a row. A value that is null or empty counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The value under the key is one of these.
    Is(&'static str, &'static [&'static str]),
    /// It is not this one.
    IsNot(&'static str, &'static str),
    /// There is one.
    Has(&'static str),
    /// The values under two keys differ.
    Differ(&'static str, &'static str),
    /// The first value comes later in this order than the second; both are in it.
    Above(&'static str, &'static str, &'static [&'static str]),
    /// The list under the first key has a word that the list under the second has not.
    Gained(&'static str, &'static str, &'static str),
}

impl DerivedRows {
    /// Calls `each` with every key that is read, and its level. `last` is the level of the rows at the
    /// end of the path.
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
    /// The keys that it looks up.
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
    /// The keys that it reads.
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
