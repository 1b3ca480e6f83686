//! The objects of Zendesk, and the keys that find their rows.

use crate::custom_object::CustomObject;

/// An object that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    // In the order in which they are written: each may refer to those before it.
    Organizations,
    Users,
    OrganizationMemberships,
    /// Records of a custom object.
    Records(&'static CustomObject),
    Tickets,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Creates a row. If the key exists, the row is rejected, unless the existing row has the same values.
    Insert,
    /// Creates or changes a row.
    Upsert,
    /// Changes an existing row.
    Update,
    /// Deletes a row. A missing key counts as success.
    Delete,
}

/// The key that finds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyField {
    Id,
    ExternalId,
    Email,
    Name,
    /// A user and an organization together.
    Pair(&'static Pair),
}

/// Two fields that find a membership together.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The name in `match_on`.
    pub name: &'static str,
    /// The field of the user, and the field of the organization.
    pub fields: [&'static str; 2],
    /// The key of the user, and the key of the organization.
    pub by: [KeyField; 2],
}

const fn pair(name: &'static str, fields: [&'static str; 2], by: [KeyField; 2]) -> Pair {
    Pair { name, fields, by }
}

/// All pairs. The usual one comes first.
#[rustfmt::skip]
static PAIRS: [Pair; 9] = {
    use KeyField::{Email, ExternalId, Id, Name};
    [
        pair("user_external_id+organization_external_id", ["user_external_id", "organization_external_id"], [ExternalId, ExternalId]),
        pair("user_email+organization_external_id", ["user_email", "organization_external_id"], [Email, ExternalId]),
        pair("user_id+organization_id", ["user_id", "organization_id"], [Id, Id]),
        pair("user_external_id+organization_id", ["user_external_id", "organization_id"], [ExternalId, Id]),
        pair("user_external_id+organization_name", ["user_external_id", "organization_name"], [ExternalId, Name]),
        pair("user_email+organization_id", ["user_email", "organization_id"], [Email, Id]),
        pair("user_email+organization_name", ["user_email", "organization_name"], [Email, Name]),
        pair("user_id+organization_external_id", ["user_id", "organization_external_id"], [Id, ExternalId]),
        pair("user_id+organization_name", ["user_id", "organization_name"], [Id, Name]),
    ]
};

/// All pairs as keys.
static PAIR_KEYS: [KeyField; 9] = [
    KeyField::Pair(&PAIRS[0]),
    KeyField::Pair(&PAIRS[1]),
    KeyField::Pair(&PAIRS[2]),
    KeyField::Pair(&PAIRS[3]),
    KeyField::Pair(&PAIRS[4]),
    KeyField::Pair(&PAIRS[5]),
    KeyField::Pair(&PAIRS[6]),
    KeyField::Pair(&PAIRS[7]),
    KeyField::Pair(&PAIRS[8]),
];

impl Object {
    /// The objects that every account has.
    pub const ALL: [Self; 4] =
        [Self::Users, Self::Organizations, Self::Tickets, Self::OrganizationMemberships];

    /// The name in catalogs and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Organizations => "organizations",
            Self::Tickets => "tickets",
            Self::OrganizationMemberships => "organization_memberships",
            Self::Records(object) => object.name(),
        }
    }

    /// The path of the list.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Records(object) => object.records(),
            _ => self.name(),
        }
    }

    /// The key of the list in an answer.
    #[must_use]
    pub fn list(self) -> &'static str {
        match self {
            Self::Records(_) => "custom_object_records",
            _ => self.name(),
        }
    }

    /// The name in token scopes.
    ///
    /// Source: Zendesk, "OAuth tokens for grant types", scopes.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::OrganizationMemberships => "organizations",
            Self::Records(_) => "custom_objects",
            _ => self.name(),
        }
    }

    /// The key of a single row in an answer.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Organizations => "organization",
            Self::Tickets => "ticket",
            Self::OrganizationMemberships => "organization_membership",
            Self::Records(_) => "custom_object_record",
        }
    }

    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|object| object.name() == name);
        known.or_else(|| CustomObject::named(name).map(Self::Records))
    }

    /// The keys that find its rows. The usual one comes first.
    #[must_use]
    pub fn keys(self) -> &'static [KeyField] {
        match self {
            Self::Users => &[KeyField::ExternalId, KeyField::Email, KeyField::Id],
            Self::Organizations => &[KeyField::ExternalId, KeyField::Name, KeyField::Id],
            Self::Tickets | Self::Records(_) => &[KeyField::ExternalId, KeyField::Id],
            Self::OrganizationMemberships => &PAIR_KEYS,
        }
    }

    /// The keys that an operation accepts. Zendesk assigns ids, so an operation that creates does not accept
    /// them.
    pub fn keys_of(self, operation: Operation) -> impl Iterator<Item = KeyField> {
        let creates = operation == Operation::Insert;
        self.keys().iter().copied().filter(move |key| !creates || *key != KeyField::Id)
    }

    /// The operations that it accepts. A membership exists or does not, so it cannot be changed.
    #[must_use]
    pub fn operations(self) -> &'static [Operation] {
        use Operation::{Delete, Insert, Update, Upsert};
        match self {
            Self::OrganizationMemberships => &[Upsert, Delete],
            _ => &[Insert, Upsert, Update, Delete],
        }
    }

    /// Whether deletion needs `allow_deletes`. Users, organizations and tickets need it. Memberships and
    /// records do not: the operation of the stream is enough.
    #[must_use]
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Users | Self::Organizations | Self::Tickets)
    }

    /// A key in the form in which Zendesk compares it. Keys of records are case-sensitive.
    ///
    /// Source: Zendesk, "List Custom Object Records", `filter[external_ids]`.
    #[must_use]
    pub fn fold(self, text: &str) -> String {
        match self {
            Self::Records(_) => text.trim().to_owned(),
            _ => fold(text),
        }
    }

    /// The fields that a new row needs, if they can be written. Zendesk may assign the names of records.
    ///
    /// Source: Zendesk, "Users", "Organizations", "Tickets", "Custom Object Records".
    #[must_use]
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Users | Self::Organizations | Self::Records(_) => &["name"],
            Self::OrganizationMemberships => &[],
            Self::Tickets => &["subject", "description"],
        }
    }

    /// The key of the custom fields in a request body, if they are addressed by key.
    #[must_use]
    pub fn custom_fields(self) -> &'static str {
        match self {
            Self::Users => "user_fields",
            Self::Organizations => "organization_fields",
            Self::Tickets | Self::OrganizationMemberships => "custom_fields",
            Self::Records(_) => "custom_object_fields",
        }
    }

    /// The path of the list of custom fields, and the key of that list. `None` if the object has no custom
    /// fields.
    #[must_use]
    pub fn fields_list(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Users => Some(("user_fields", "user_fields")),
            Self::Organizations => Some(("organization_fields", "organization_fields")),
            Self::Tickets => Some(("ticket_fields", "ticket_fields")),
            Self::OrganizationMemberships => None,
            Self::Records(object) => Some((object.fields(), "custom_object_fields")),
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

    /// Whether the operation may create a row.
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
            Self::Pair(pair) => pair.name,
        }
    }

    /// The fields that hold the key.
    #[must_use]
    pub fn fields(self) -> Vec<&'static str> {
        match self {
            Self::Pair(pair) => pair.fields.to_vec(),
            one => vec![one.name()],
        }
    }
}

/// A key in the form in which Zendesk compares it, without case.
///
/// Source: Zendesk, "Users" and "Organizations", `external_id`.
#[must_use]
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_pair_is_called_by_its_fields_and_found_by_what_they_say() {
        for pair in &PAIRS {
            assert_eq!(pair.fields.join("+"), pair.name);
            for (field, by) in pair.fields.iter().zip(pair.by) {
                assert!(field.ends_with(&format!("_{}", by.name())), "{field}");
            }
        }
        let names: BTreeSet<&str> = PAIR_KEYS.iter().map(|key| key.name()).collect();
        assert_eq!(names.len(), 9);
    }

    #[test]
    fn keys_of_records_are_compared_letter_by_letter_and_all_others_are_not() {
        let car = Object::of("custom_object:car").unwrap();
        assert_eq!((car.fold(" Ab "), Object::Users.fold(" Ab ")), ("Ab".into(), "ab".into()));
    }
}
