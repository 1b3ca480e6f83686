//! Audiences: sets of users or organizations, and what a stream does to them. Pure.

use std::sync::Arc;

use crate::object::{Object, Operation, fold};

/// The column that says for each row whether it is a member.
pub const MEMBER: &str = "member";

/// An audience of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    pub slug: String,
    pub of: Object,
    pub by: WrittenMark,
    /// Whether a mirror creates rows that do not exist.
    pub create_missing: bool,
    /// Whether a mirror without rows removes all members.
    pub allow_empty: bool,
}

/// What marks the members, as written in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenMark {
    /// The key of a checkbox field.
    Field(String),
    Tag(String),
    /// The external id of an organization.
    Organization(String),
}

impl WrittenMark {
    /// Whether both marks are the same in Zendesk.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organization(one), Self::Organization(other)) => fold(one) == fold(other),
            _ => self == other,
        }
    }
}

/// What marks the members, resolved to what Zendesk has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The key of a checkbox field.
    Field(String),
    Tag(String),
    /// The id of an organization.
    Organization(u64),
}

/// What a stream does to an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Marks the rows that are found.
    Add,
    /// Marks the rows, writes their mapped fields, and creates those that do not exist.
    Upsert,
    /// Removes the mark. Deletes no user.
    Remove,
    /// Marks all rows, and removes the mark from all other members.
    Mirror,
}

/// An audience, and what the stream does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub audience: Arc<Audience>,
    pub mode: Mode,
}

impl Membership {
    /// The operation that writes the rows.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self.mode {
            Mode::Upsert => Operation::Upsert,
            Mode::Mirror if self.audience.create_missing => Operation::Upsert,
            Mode::Add | Mode::Remove | Mode::Mirror => Operation::Update,
        }
    }

    /// Whether a row without the column `member` becomes a member.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.mode != Mode::Remove
    }

    /// The object name of the stream in a catalog.
    #[must_use]
    pub fn object_name(&self) -> String {
        let kind = if self.mode == Mode::Mirror { MIRROR } else { AUDIENCE };
        format!("{kind}{}", self.audience.slug)
    }
}

/// The prefixes of object names.
const AUDIENCE: &str = "audience:";
const MIRROR: &str = "audience_mirror:";

/// Returns the audience with this object name, and whether it is a mirror. `None` if the name is not that of
/// an audience.
///
/// # Errors
/// A message, if the config has no audience with this slug.
pub fn named<'a>(
    name: &str,
    audiences: &'a [Arc<Audience>],
) -> Option<Result<(&'a Arc<Audience>, bool), String>> {
    let (slug, is_mirror) = match (name.strip_prefix(MIRROR), name.strip_prefix(AUDIENCE)) {
        (Some(slug), _) => (slug, true),
        (None, Some(slug)) => (slug, false),
        (None, None) => return None,
    };
    let found = audiences.iter().find(|audience| audience.slug == slug);
    Some(found.map(|audience| (audience, is_mirror)).ok_or_else(|| {
        format!("`audiences` has no audience with the slug `{slug}`. Add it, or correct the slug.")
    }))
}
