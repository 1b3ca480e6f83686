//! Rows that Zendesk does not list: they are made of what listed rows hold, in a walk that is done
//! anyway. What is made of what is said in a [`DerivedRows`]; `sync::records::derived` is where it acts.

/// How rows are made of a listed row.
#[derive(Debug, PartialEq, Eq)]
pub struct DerivedRows {
    /// Arrays, one inside the other, from the listed row down. Each element of the innermost is
    /// looked at; without any, the listed row itself.
    pub within: &'static [&'static str],
    /// What an element may tell, each a row of its own. Without any, each element is one row.
    pub kinds: &'static [Kind],
    /// The columns, the one that is the row's name first.
    pub columns: &'static [(&'static str, Source)],
    /// The key of the listed row that tells when it changed.
    pub changed: &'static str,
}

/// Something that an element tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    /// What must be so, all of it.
    pub when: &'static [When],
    /// Whether a listed row tells it once, however many of its elements do.
    pub once: bool,
    pub time: Source,
    pub actor: Source,
    pub from: Source,
    pub to: Source,
}

/// A condition on an element. A value that is null or empty counts as none.
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

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value of a key, so many levels below the listed row, as it stands there.
    Of(usize, &'static str),
    /// The same as a text, whatever it is.
    TextOf(usize, &'static str),
    /// The place of the element at that level in its array, from 0.
    Place(usize),
    /// These, joined by dashes into a text. Without the first there is none.
    Joined(&'static [Self]),
    /// What the kind says.
    KindName,
    KindTime,
    KindActor,
    KindFrom,
    KindTo,
    /// Zendesk does not tell.
    Untold,
}
