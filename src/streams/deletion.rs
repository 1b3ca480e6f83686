//! How a row shows that it was deleted in Zendesk.

/// The sign of a row that was deleted in Zendesk, and the key of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    pub sign: DeletionMarker,
    /// The key of the deletion's time, or of the last change where Zendesk sends no time of
    /// deletion.
    pub at: &'static str,
}

/// What happens to rows that are deleted in Zendesk, for streams without a [`Deletion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedRows {
    /// The listing no longer has them. An incremental read keeps the old rows; a full refresh drops
    /// them.
    Vanish,
    /// They belong to a ticket and are deleted with it.
    GoWithTheTicket,
    /// There are none: no row is ever deleted.
    None,
}

/// The sign of a deleted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionMarker {
    /// A boolean that is true.
    Flag(&'static str),
    /// A boolean that is false.
    FlagUnset(&'static str),
    /// A time that is not null.
    Time(&'static str),
    /// A text.
    Text(&'static str, &'static str),
    /// Every row of the stream is a deleted one.
    Every,
}

impl Deletion {
    /// A deletion that a sign shows. Its time is that of the row's last change.
    pub(super) const fn by(sign: DeletionMarker) -> Option<Self> {
        Some(Self { sign, at: "updated_at" })
    }

    /// Whether this column holds the time of the deletion as Zendesk sends it.
    pub(super) fn is_told_in(&self, column: &str) -> bool {
        self.at == column && matches!(self.sign, DeletionMarker::Time(_) | DeletionMarker::Every)
    }
}

impl DeletionMarker {
    /// The key of the row that [`Self::is_in`] reads.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Flag(key) | Self::FlagUnset(key) | Self::Time(key) | Self::Text(key, _) => {
                Some(key)
            }
            Self::Every => None,
        }
    }

    /// Whether the value of that key means that the row is deleted. `raw` is the value as it is in
    /// the row.
    #[must_use]
    pub fn is_in(self, raw: Option<&[u8]>) -> bool {
        match self {
            Self::Flag(_) => raw == Some(b"true"),
            Self::FlagUnset(_) => raw == Some(b"false"),
            Self::Time(_) => raw.is_some_and(|raw| raw != b"null"),
            Self::Text(_, text) => {
                let inner = raw.and_then(|raw| raw.strip_prefix(b"\"")?.strip_suffix(b"\""));
                inner == Some(text.as_bytes())
            }
            Self::Every => true,
        }
    }
}
