//! What rows are in Zendesk, and by what they are found there.

/// A kind of thing that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    // In the order in which they are written: each may name those before it.
    Organizations,
    Users,
    Tickets,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Creates. A key that exists is refused, unless what is there equals the row.
    Insert,
    /// Creates or changes.
    Upsert,
    /// Changes what exists.
    Update,
    /// Deletes. A key that is missing is success.
    Delete,
}

/// The field by which a row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyField {
    Id,
    ExternalId,
    Email,
    Name,
}

impl Object {
    pub const ALL: [Self; 3] = [Self::Users, Self::Organizations, Self::Tickets];

    /// Its name in paths, in lists and in catalogs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Organizations => "organizations",
            Self::Tickets => "tickets",
        }
    }

    /// The key of one of it in a body.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Organizations => "organization",
            Self::Tickets => "ticket",
        }
    }

    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|object| object.name() == name)
    }

    /// The keys by which it is found, the usual one first.
    #[must_use]
    pub fn keys(self) -> &'static [KeyField] {
        match self {
            Self::Users => &[KeyField::ExternalId, KeyField::Email, KeyField::Id],
            Self::Organizations => &[KeyField::ExternalId, KeyField::Name, KeyField::Id],
            Self::Tickets => &[KeyField::ExternalId, KeyField::Id],
        }
    }

    /// The keys of an operation. Zendesk gives ids, so nothing is created by one.
    pub fn keys_of(self, operation: Operation) -> impl Iterator<Item = KeyField> {
        let creates = operation == Operation::Insert;
        self.keys().iter().copied().filter(move |key| !creates || *key != KeyField::Id)
    }

    /// The fields without which nothing can be created.
    ///
    /// Source: Zendesk, "Users", "Organizations", "Tickets".
    #[must_use]
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Users | Self::Organizations => &["name"],
            Self::Tickets => &["subject", "description"],
        }
    }

    /// The key of its custom fields in a body, where they are addressed by their keys.
    #[must_use]
    pub fn custom_fields(self) -> &'static str {
        match self {
            Self::Users => "user_fields",
            Self::Organizations => "organization_fields",
            Self::Tickets => "custom_fields",
        }
    }

    /// The path of the list of its custom fields, and the key of that list.
    #[must_use]
    pub fn fields_path(self) -> &'static str {
        match self {
            Self::Users => "user_fields",
            Self::Organizations => "organization_fields",
            Self::Tickets => "ticket_fields",
        }
    }
}

impl Operation {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it may make something new.
    #[must_use]
    pub fn creates(self) -> bool {
        matches!(self, Self::Insert | Self::Upsert)
    }
}

impl KeyField {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ExternalId => "external_id",
            Self::Email => "email",
            Self::Name => "name",
        }
    }
}

/// A key as Zendesk compares it: without regard to case.
///
/// Source: Zendesk, "Users" and "Organizations", `external_id`.
#[must_use]
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}
