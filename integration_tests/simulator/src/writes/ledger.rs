//! The record of all writes and of their side effects.

use super::changes::{FieldChange, MembershipChange, TagChange};
use std::collections::BTreeMap;

/// What a write did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    Created,
    Updated,
    Deleted,
}

/// One write that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveWrite {
    /// `users`, `organizations`, `tickets`, `user_identities`, `organization_memberships`,
    /// `custom_object_records`
    pub object: &'static str,
    pub id: u64,
    pub deed: Deed,
    /// False for an update that changed nothing. It still moved `updated_at`.
    pub changed: bool,
    /// The names of the fields that differ.
    pub fields: Vec<String>,
    pub at_unix: i64,
    /// The job that the write belonged to, if any.
    pub job: Option<String>,
}

/// A mail that asks a person to verify an address, or that welcomes a new user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationMail {
    pub user_id: u64,
    pub email: String,
}

/// A mail that a public comment sent to the requester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequesterMail {
    pub ticket_id: u64,
    pub requester_id: u64,
}

/// Business rules ran over a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggersFired {
    pub ticket_id: u64,
    pub on: Deed,
}

/// A write of something else removed a user from an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationLost {
    pub user_id: u64,
    pub organization_id: u64,
}

/// A ticket lost its organization and its assignee because a membership ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUnassigned {
    pub ticket_id: u64,
    pub user_id: u64,
    pub organization_id: u64,
}

/// Tags that were lost because another list replaced theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagsLost {
    pub object: &'static str,
    pub id: u64,
    pub tags: Vec<String>,
}

/// A value of a user that moved to another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserChange {
    pub user_id: u64,
    pub from: Option<String>,
    pub to: String,
}

/// The ledger of writes and side effects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    pub verification_mails: Vec<VerificationMail>,
    pub requester_mails: Vec<RequesterMail>,
    pub triggers_fired: Vec<TriggersFired>,
    pub organizations_lost: Vec<OrganizationLost>,
    pub tickets_unassigned: Vec<TicketUnassigned>,
    pub tags_lost: Vec<TagsLost>,
    pub role_changes: Vec<UserChange>,
    pub primary_email_changes: Vec<UserChange>,
    pub writes: Vec<EffectiveWrite>,
    pub field_changes: Vec<FieldChange>,
    pub tag_changes: Vec<TagChange>,
    pub membership_changes: Vec<MembershipChange>,
    /// Dropdown values that are not an option and were ignored: the field and the value.
    pub ignored_options: Vec<(String, String)>,
    /// Lookup values that are the id of no row and were ignored: the field and the value.
    pub ignored_lookups: Vec<(String, String)>,
    /// Keys that are not a field and were ignored: the listing of the fields and the key.
    pub ignored_fields: Vec<(String, String)>,
}

impl Ledger {
    /// The ids of the rows to which this was done, in the order of the writes.
    pub fn ids(&self, object: &str, deed: Deed) -> Vec<u64> {
        let writes = self.writes.iter();
        let writes = writes.filter(|write| write.object == object && write.deed == deed);
        writes.map(|write| write.id).collect()
    }

    pub fn created(&self, object: &str) -> Vec<u64> {
        self.ids(object, Deed::Created)
    }

    pub fn updated(&self, object: &str) -> Vec<u64> {
        self.ids(object, Deed::Updated)
    }

    pub fn deleted(&self, object: &str) -> Vec<u64> {
        self.ids(object, Deed::Deleted)
    }

    /// Updates that changed nothing.
    pub fn noop_writes(&self) -> Vec<&EffectiveWrite> {
        self.writes.iter().filter(|write| !write.changed).collect()
    }

    /// How many of each there were. Created, updated and deleted rows are counted by object, such
    /// as `users_created`.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let lists = [
            ("verification_mails", self.verification_mails.len()),
            ("requester_mails", self.requester_mails.len()),
            ("triggers_fired", self.triggers_fired.len()),
            ("organizations_lost", self.organizations_lost.len()),
            ("tickets_unassigned", self.tickets_unassigned.len()),
            ("tags_lost", self.tags_lost.len()),
            ("role_changes", self.role_changes.len()),
            ("primary_email_changes", self.primary_email_changes.len()),
            ("ignored_options", self.ignored_options.len()),
            ("field_changes", self.field_changes.len()),
            ("tag_changes", self.tag_changes.len()),
            ("membership_changes", self.membership_changes.len()),
            ("ignored_lookups", self.ignored_lookups.len()),
            ("ignored_fields", self.ignored_fields.len()),
            ("writes", self.writes.len()),
            ("noop_writes", self.noop_writes().len()),
        ];
        let mut counts: BTreeMap<String, u64> =
            lists.into_iter().map(|(name, count)| (name.to_owned(), count as u64)).collect();
        for write in &self.writes {
            let deed = match write.deed {
                Deed::Created => "created",
                Deed::Updated => "updated",
                Deed::Deleted => "deleted",
            };
            *counts.entry(format!("{}_{deed}", write.object)).or_default() += 1;
        }
        counts
    }
}
