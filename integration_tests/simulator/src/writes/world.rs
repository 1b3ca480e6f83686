//! What every write works on: the account, the ledger, and the user who writes.

use super::changes::MembershipChange;
use super::ledger::{Deed, EffectiveWrite, Ledger, TagsLost};
use super::refusal::Refusal;
use crate::account::Account;
use crate::auth::Role;
use crate::row_text;

/// The user who writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    pub(crate) user_id: u64,
    pub(crate) role: Role,
}

pub(crate) struct World<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) actor: Actor,
    /// The job that the write belongs to, if any.
    pub(crate) job: Option<&'a str>,
    /// Unknown keys in bodies, for the header that warns about them.
    pub(crate) unpermitted: Vec<String>,
    /// Whether `additional_tags` and `remove_tags` of a ticket have an effect.
    pub(crate) adds_tags: bool,
}

/// The fields of a row, with their new values as JSON.
pub(super) type Fields = Vec<(String, String)>;

impl World<'_> {
    pub(super) fn record(
        &mut self,
        object: &'static str,
        id: u64,
        deed: Deed,
        fields: Vec<String>,
    ) {
        self.note_changes(object, id, deed);
        self.ledger.writes.push(EffectiveWrite {
            object,
            id,
            deed,
            changed: deed != Deed::Updated || !fields.is_empty(),
            fields,
            at_unix: self.account.now(),
            job: self.job.map(str::to_owned),
        });
    }

    /// Notes how the write that was just done changed custom fields and tags.
    fn note_changes(&mut self, object: &'static str, id: u64, deed: Deed) {
        let now = self.account.now();
        let Some(row) = self.account.table(object).rows.get(&id) else { return };
        let old = match (deed, row.former.last()) {
            (Deed::Created, _) => "{}",
            (Deed::Updated, Some((_, old))) => old,
            _ => return,
        };
        self.ledger.note_changes((object, id), old, &row.text, now);
    }

    /// Notes that a user joined or left an organization.
    pub(super) fn note_membership(&mut self, user_id: u64, organization_id: u64, joined: bool) {
        let at_unix = self.account.now();
        let change = MembershipChange { user_id, organization_id, joined, at_unix };
        self.ledger.membership_changes.push(change);
    }

    /// Updates a row. A row that does not differ is stamped and recorded too.
    pub(super) fn update(&mut self, object: &'static str, id: u64, fields: &Fields) {
        let changed = self.account.write_row(object, id, fields);
        self.record(object, id, Deed::Updated, changed);
    }

    /// Notes the tags that are lost because a new list replaces the old one.
    pub(super) fn note_lost_tags(&mut self, object: &'static str, id: u64, new: &[String]) {
        let old = self.account.tags_of(object, id);
        let tags: Vec<_> = old.into_iter().filter(|tag| !new.contains(tag)).collect();
        if !tags.is_empty() {
            self.ledger.tags_lost.push(TagsLost { object, id, tags });
        }
    }

    /// The text of a row as an answer shows it.
    pub(super) fn text(&self, object: &str, id: u64) -> Result<String, Refusal> {
        let row = self.account.table(object).rows.get(&id).ok_or(Refusal::NotFound)?;
        Ok(match object {
            "tickets" => row_text::without(&row.text, "generated_timestamp"),
            "organizations" => row_text::without(&row.text, "deleted_at"),
            _ => row.text.clone(),
        })
    }
}
