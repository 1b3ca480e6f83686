//! A stream's cursor: how recent a record is, and how a state saves that.

/// The field that says how recent a record is, and how a state saves its value. The formats are
/// those of Airbyte's connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub field: &'static str,
    pub format: CursorFormat,
    /// Keys under which older versions of Airbyte's connector saved the same position.
    pub formerly: &'static [Former],
    /// The streams whose positions are saved in `parent_state`, nearest first, with their cursor
    /// fields. All these fields hold unix seconds. A stream with parents is saved in the
    /// substream's form.
    pub parents: &'static [(&'static str, &'static str)],
}

/// An older key of a saved position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    pub key: &'static str,
    /// The most that a saved value counts as, unix seconds. Rows that changed since then may be
    /// missing in what was read under this key.
    pub at_most: Option<i64>,
}

/// How a cursor's value is written in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorFormat {
    /// Unix seconds in a string.
    Unix,
    /// `2024-07-03T14:21:18Z`.
    Iso,
}

impl Cursor {
    /// A time that is saved in this format.
    pub(super) const fn of(field: &'static str, format: CursorFormat) -> Option<Self> {
        Some(Self { field, format, formerly: &[], parents: &[] })
    }

    /// `updated_at`, saved as ISO 8601. Most listings have it.
    pub(super) const UPDATED: Option<Self> = Self::of("updated_at", CursorFormat::Iso);

    /// `updated_at` of a stream that is read per parent, saved beside the positions of its parents.
    pub(super) const fn below(
        parents: &'static [(&'static str, &'static str)],
        format: CursorFormat,
    ) -> Option<Self> {
        Some(Self { field: "updated_at", format, formerly: &[], parents })
    }
}
