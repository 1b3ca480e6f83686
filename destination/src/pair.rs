//! The keys of an organization membership: a field that names the user, and one that names the organization.

use crate::object::KeyField;

/// Two fields that name a membership together.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// As `match_on` has it.
    pub name: &'static str,
    pub fields: [&'static str; 2],
    /// How the user is found, and how the organization is.
    pub by: [KeyField; 2],
}

/// All pairs, the usual one first.
static PAIRS: [Pair; 9] = {
    use KeyField::{Email, ExternalId, Id, Name};
    [
        Pair {
            name: "user_external_id+organization_external_id",
            fields: ["user_external_id", "organization_external_id"],
            by: [ExternalId, ExternalId],
        },
        Pair {
            name: "user_email+organization_external_id",
            fields: ["user_email", "organization_external_id"],
            by: [Email, ExternalId],
        },
        Pair {
            name: "user_id+organization_id",
            fields: ["user_id", "organization_id"],
            by: [Id, Id],
        },
        Pair {
            name: "user_external_id+organization_id",
            fields: ["user_external_id", "organization_id"],
            by: [ExternalId, Id],
        },
        Pair {
            name: "user_external_id+organization_name",
            fields: ["user_external_id", "organization_name"],
            by: [ExternalId, Name],
        },
        Pair {
            name: "user_email+organization_id",
            fields: ["user_email", "organization_id"],
            by: [Email, Id],
        },
        Pair {
            name: "user_email+organization_name",
            fields: ["user_email", "organization_name"],
            by: [Email, Name],
        },
        Pair {
            name: "user_id+organization_external_id",
            fields: ["user_id", "organization_external_id"],
            by: [Id, ExternalId],
        },
        Pair {
            name: "user_id+organization_name",
            fields: ["user_id", "organization_name"],
            by: [Id, Name],
        },
    ]
};

/// All pairs as keys.
pub static PAIR_KEYS: [KeyField; 9] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_called_by_its_fields_and_found_by_what_they_say() {
        for pair in &PAIRS {
            assert_eq!(pair.fields.join("+"), pair.name);
            let found_by = |by: KeyField| format!("_{}", by.name());
            for (field, by) in pair.fields.iter().zip(pair.by) {
                assert!(field.ends_with(&found_by(by)), "{field}");
            }
        }
        let names: std::collections::BTreeSet<&str> = PAIRS.iter().map(|pair| pair.name).collect();
        assert_eq!(names.len(), PAIRS.len());
    }
}
