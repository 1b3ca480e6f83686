//! Audiences: sets of users or organizations, and what a stream does to one. Pure.

use std::sync::Arc;

use crate::object::{Object, Operation, fold};

/// The column that marks or unmarks row by row.
pub const MEMBER: &str = "member";

/// A set of users or organizations, as the config has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    pub slug: String,
    pub of: Object,
    pub by: WrittenMark,
    /// Whether a mirror creates who is missing.
    pub create_missing: bool,
    /// Whether a mirror of no rows empties it.
    pub allow_empty: bool,
}

/// What makes somebody a member, as the user writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenMark {
    /// The key of a checkbox field.
    Field(String),
    Tag(String),
    /// The external id of an organization.
    Organization(String),
}

impl WrittenMark {
    /// Whether both mean the same in Zendesk.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organization(one), Self::Organization(other)) => fold(one) == fold(other),
            _ => self == other,
        }
    }
}

/// What makes somebody a member, as Zendesk has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A checkbox field by its key.
    Field(String),
    Tag(String),
    /// An organization by its id.
    Organization(u64),
}

/// What a stream does to an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Marks those who are found.
    Add,
    /// Marks, writes mapped fields, and creates who is missing.
    Upsert,
    /// Unmarks. Nobody is deleted.
    Remove,
    /// Marks all rows, and unmarks whoever is not among them.
    Mirror,
}

/// An audience, and what a stream does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub audience: Arc<Audience>,
    pub mode: Mode,
}

impl Membership {
    /// What is done with the rows themselves.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self.mode {
            Mode::Upsert => Operation::Upsert,
            Mode::Mirror if self.audience.create_missing => Operation::Upsert,
            Mode::Add | Mode::Remove | Mode::Mirror => Operation::Update,
        }
    }

    /// Whether a row that does not say so is to be a member.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.mode != Mode::Remove
    }

    /// The name of what its rows are written to.
    #[must_use]
    pub fn object_name(&self) -> String {
        let kind = if self.mode == Mode::Mirror { MIRROR } else { AUDIENCE };
        format!("{kind}{}", self.audience.slug)
    }
}

/// What names of objects begin with.
const AUDIENCE: &str = "audience:";
const MIRROR: &str = "audience_mirror:";

/// The audience that an object's name means, and whether it is mirrored.
///
/// # Errors
/// The slug that no audience of the config has.
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
        format!(
            "`audiences` has no audience with the slug `{slug}`. Add it, or correct the \
                                    slug."
        )
    }))
}
