//! Where the value of a column comes from that is not a member of the row itself.

/// A column that is put in front of a row: its name, and where its value comes from.
pub type Splice = (&'static str, Source);

/// Where a column's value comes from. Levels are counted down a stream's path: the row of the list
/// is level 0, and each step inside is one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value of a key of the row at a level, as it stands there.
    Of(usize, &'static str),
    /// The same as a text, whatever it is. There is none for null and for what is empty.
    TextOf(usize, &'static str),
    /// The value of a key of the row at a level, where it is a text that is not empty.
    OnlyText(usize, &'static str),
    /// The same, an address, without what may sign in to it: user and password, and what stands behind
    /// a question mark or a hash. Null for anything but a text.
    AddressOf(usize, &'static str),
    /// The value of a key of the row at a level, a time, as unix seconds.
    SecondsOf(usize, &'static str),
    /// The same, unix seconds, as a time in UTC (ISO 8601).
    TimeOf(usize, &'static str),
    /// The value to which the keys lead inside of the object under a key of the row at a level.
    Inside(usize, &'static str, &'static [&'static str]),
    /// The first of these that has a text.
    FirstOf(&'static [Self]),
    /// This text.
    Text(&'static str),
    /// The place of the row at a level in its array, from 0.
    Place(usize),
    /// The name of the list that the row is in; see `Lists::Several`.
    ListName,
    /// What filled the placeholder of this name in the path.
    Filled(&'static str),
    /// An object made of other sources. A member without a value is null.
    Object(&'static [Splice]),
    /// Those rows of this list beside the listed rows whose ids are under these keys of a listed row.
    /// Null where Zendesk sends no such list.
    SideLoaded(&'static str, &'static [&'static str]),
    /// Those resources of `included` that the listed row is related to by this name: their attributes,
    /// with their ids in front. It has one user, because Zendesk has one listing that is such a
    /// document; the form is that of JSON:API.
    Included(&'static str),
    /// These, joined by dashes into a text. Without the first there is none.
    Joined(&'static [Self]),
    /// What the kind of a derived row says.
    KindName,
    KindTime,
    KindActor,
    KindFrom,
    KindTo,
    /// What a part of a row is called: the name of a member, or the text itself.
    PartName,
    /// The same where it is a whole number.
    PartNumber,
    /// The value of a member, as a text as `TextOf` has it.
    PartValue,
    /// The same of its value before.
    PartBefore,
    /// When Zendesk answered, by its clock: unix seconds, as a text.
    AnsweredAt,
    /// Zendesk does not tell.
    Untold,
}

/// The keys of JSON:API, "Compound Documents".
pub const INCLUDED: &str = "included";
pub const RELATIONSHIPS: &str = "relationships";
pub const ATTRIBUTES: &str = "attributes";

impl Source {
    /// The list beside the listed rows that it takes from.
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
