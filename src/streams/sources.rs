//! Where a column's value comes from, if it is not a member of the row itself.

/// A column that is put in front of a row: its name, and the source of its value.
pub type Splice = (&'static str, Source);

/// Where a column's value comes from. Levels are counted down a stream's path. The row of the list
/// is level 0, and each step inside is one level more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value of a key of the row at a level, unchanged.
    Of(usize, &'static str),
    /// The value of a key of the row at a level, as a text. A null or empty value gives none.
    TextOf(usize, &'static str),
    /// The value of a key of the row at a level, if it is a text that is not empty.
    OnlyText(usize, &'static str),
    /// An address under a key of the row at a level, without what may sign in to it: the user and
    /// password, and everything after a question mark or a hash. Null for a value that is not a
    /// text.
    AddressOf(usize, &'static str),
    /// A time under a key of the row at a level, as unix seconds.
    SecondsOf(usize, &'static str),
    /// Unix seconds under a key of the row at a level, as a time in UTC (ISO 8601).
    TimeOf(usize, &'static str),
    /// The value at the end of these keys, inside the object under a key of the row at a level.
    Inside(usize, &'static str, &'static [&'static str]),
    /// The first of these sources that has a value, as a text.
    FirstOf(&'static [Self]),
    /// This text.
    Text(&'static str),
    /// The index of the row at a level in its array, from 0.
    Place(usize),
    /// The name of the list that has the row; see `Lists::Several`.
    ListName,
    /// The value that filled the placeholder of this name in the path.
    Filled(&'static str),
    /// An object with these members. A member without a value is null.
    Object(&'static [Splice]),
    /// The elements of this list beside the listed rows whose ids are under these keys of a listed
    /// row. Null if Zendesk does not send the list.
    SideLoaded(&'static str, &'static [&'static str]),
    /// The resources of `included` that the listed row has under this relationship: their
    /// attributes, with their ids in front. The form is that of JSON:API. One stream uses it,
    /// because only one listing of Zendesk's is such a document.
    Included(&'static str),
    /// The values of these sources, joined with dashes. None if the first source has no value.
    Joined(&'static [Self]),
    /// The name of a derived row's kind.
    KindName,
    KindTime,
    KindActor,
    KindFrom,
    KindTo,
    /// The name of a part of a row: a member's name, or the text itself.
    PartName,
    /// The name of a part, if it is a whole number.
    PartNumber,
    /// The value of a member, as a text in the way of `TextOf`.
    PartValue,
    /// The previous value of a member, as a text in the way of `TextOf`.
    PartBefore,
    /// The time of Zendesk's answer by its clock: unix seconds, as a text.
    AnsweredAt,
    /// Zendesk does not send it.
    Untold,
}

/// The keys of JSON:API, "Compound Documents".
pub const INCLUDED: &str = "included";
pub const RELATIONSHIPS: &str = "relationships";
pub const ATTRIBUTES: &str = "attributes";

impl Source {
    /// The list beside the listed rows that the source reads.
    #[must_use]
    pub fn beside(&self) -> Option<&'static str> {
        match self {
            Self::SideLoaded(name, _) => Some(name),
            Self::Included(_) => Some(INCLUDED),
            _ => None,
        }
    }

    /// Calls `each` with every key that is read, and its level.
    pub(super) fn keys(&self, each: &mut impl FnMut(usize, &'static str)) {
        match self {
            Self::Of(level, key)
            | Self::TextOf(level, key)
            | Self::OnlyText(level, key)
            | Self::AddressOf(level, key)
            | Self::SecondsOf(level, key)
            | Self::TimeOf(level, key)
            | Self::Inside(level, key, _) => each(*level, key),
            Self::SideLoaded(_, ids) => ids.iter().for_each(|key| each(0, key)),
            Self::Included(_) => each(0, RELATIONSHIPS),
            Self::Object(members) => members.iter().for_each(|(_, source)| source.keys(each)),
            Self::Joined(parts) | Self::FirstOf(parts) => {
                parts.iter().for_each(|part| part.keys(each));
            }
            // The keys of a kind's own sources, and of its parts, are noted where the kind is.
            Self::KindName | Self::KindTime | Self::KindActor | Self::KindFrom | Self::KindTo => {}
            Self::PartName | Self::PartNumber | Self::PartValue | Self::PartBefore => {}
            Self::Place(_) | Self::ListName | Self::Filled(_) | Self::Text(_) => {}
            Self::AnsweredAt | Self::Untold => {}
        }
    }
}
