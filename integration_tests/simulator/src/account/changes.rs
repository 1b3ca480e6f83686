//! Changes that can happen to an account while somebody reads it. Every operation stamps the row
//! with the simulated time. It changes neighbouring rows only as Zendesk does.

use super::{Account, Birth, stamp};
use crate::prng::Prng;
use crate::resources::{Stamp, resource, resources};
use crate::{clock, row_text};

/// Fields that may change without moving the row in any listing. The first one that the row has is
/// changed.
const CHANGEABLE: &[&str] = &[
    "description",
    "body",
    "details",
    "change_description",
    "reason",
    "comment",
    "preview_text",
    "notes",
    "file_name",
    // A brand is touched without its help center coming or going.
    "signature_template",
    "time_zone",
];

impl Account {
    /// Makes a new row and returns its key. The row gets a parent of the right kind if it needs
    /// one.
    pub fn create(&mut self, name: &str) -> String {
        let kind = resource(name);
        let parent = match name {
            // Only there are messages.
            "ticket_conversation_log" => {
                let n = self.table(name).made;
                self.messaging_ticket(n)
            }
            // A merge stands below the organization that lost, which is deleted.
            _ => self.losing_organization(name, self.table(name).made),
        };
        let parent = parent.or_else(|| kind.parent.and_then(|parent| self.any_number(parent)));
        self.create_under(name, parent)
    }

    /// Makes a new row under the parent of this number. Returns its key.
    pub fn create_under(&mut self, name: &str, parent: Option<u64>) -> String {
        let kind = resource(name);
        let grandparent = match (kind.parent, parent) {
            (Some(table), Some(parent)) => {
                self.table(table).rows.get(&parent).and_then(|row| row.parent)
            }
            _ => None,
        };
        let (created_at, updated_at) = (self.now, self.now);
        let birth = Birth { created_at, updated_at, id: None, parent, grandparent };
        let number = self.add(kind.name, birth);
        if kind.name == "tickets" {
            self.add_metric_set(number, created_at, updated_at);
            self.log_ticket(number);
        }
        if name == "side_conversations" {
            self.log_side_conversation(number, updated_at);
        }
        self.table(name).rows[&number].key.clone()
    }

    /// A visible change: one field of the row differs and `updated_at` becomes now. For a ticket,
    /// an event, an audit, a metric event and the metric set report the change too.
    pub fn touch(&mut self, name: &str, key: &str) {
        let now = self.now;
        let mark = format!("changed {:x}", self.chance.bits());
        let Some(row) = self.table_mut(name).change(key) else { return };
        let old = CHANGEABLE.iter().find(|field| row_text::get(&row.text, field).is_some());
        match old {
            Some(field) => row.set(field, &row_text::quote(&mark)),
            None => flip(row),
        }
        row.updated_at = now;
        row.generated = now;
        if row_text::get(&row.text, "updated_at").is_some() {
            row.set_time("updated_at", now);
        }
        stamp(row, resource(name).stamp);
        let number = row.number;
        if name == "tickets" {
            self.log_ticket(number);
            self.touch_metric_set(number);
        }
        if name == "side_conversations" {
            self.log_side_conversation(number, now);
        }
    }

    /// A change by the system: only the ticket's `generated_timestamp` shows it.
    pub fn silent_update(&mut self, key: &str) {
        let now = self.now;
        let priority =
            ["\"low\"", "\"normal\"", "\"high\"", "\"urgent\""][self.chance.below(4) as usize];
        self.edit("tickets", key, |row| {
            row.indexed = Some((row.updated_at, row.indexed().to_owned()));
            row.generated = now;
            row.set("priority", priority);
            stamp(row, Stamp::Generated);
        });
    }

    /// Deletes a row as Zendesk does. Some resources keep the row with a mark. Most remove it.
    pub fn delete(&mut self, name: &str, key: &str) {
        let now = self.now;
        let Some(row) = self.table_mut(name).change(key) else { return };
        let number = row.number;
        if row.deleted && name != "deleted_tickets" {
            return;
        }
        match name {
            "tickets" => return self.delete_ticket(number),
            "deleted_tickets" => return self.scrub(key),
            "organizations" | "satisfaction_reasons" => {
                row.set("deleted_at", &row_text::quote(&clock::iso(now)));
            }
            "groups" => row.set("deleted", "true"),
            "users" => {
                row.set("active", "false");
                row.set("permanently_deleted", "false");
            }
            // Zendesk, Incremental Custom Object Record Export.
            "custom_object_records" => {
                row.set("name", "\"[DELETED]\"");
                row.set("external_id", "\"[DELETED]\"");
                let fields = row_text::get(&row.text, "custom_object_fields").unwrap_or("{}");
                let fields: Vec<String> = row_text::fields(fields)
                    .iter()
                    .map(|(key, _)| format!("{}:\"[DELETED]\"", row_text::quote(key)))
                    .collect();
                row.set("custom_object_fields", &format!("{{{}}}", fields.join(",")));
            }
            _ => return self.vanish(name, number),
        }
        row.deleted = true;
        row.updated_at = now;
        row.generated = now;
        row.set_time("updated_at", now);
        if name == "users" && !self.table("deleted_users").rows.contains_key(&number) {
            let (created_at, updated_at, id) = (now, now, Some(number));
            self.add("deleted_users", Birth { created_at, updated_at, id, ..Birth::default() });
        }
    }

    fn vanish(&mut self, name: &str, number: u64) {
        self.table_mut(name).remove(number);
        let below = resources().filter(|kind| kind.parent == Some(name));
        for kind in below {
            let numbers: Vec<_> =
                self.table(kind.name).children(number).map(|row| row.number).collect();
            for number in numbers {
                self.vanish(kind.name, number);
            }
        }
    }

    fn delete_ticket(&mut self, number: u64) {
        let now = self.now;
        let key = number.to_string();
        let Some(row) = self.table_mut("tickets").change(&key) else { return };
        let status = row_text::get(&row.text, "status").unwrap_or("\"open\"").to_owned();
        let subject = row_text::get(&row.text, "subject").unwrap_or("\"\"").to_owned();
        let archived = row.archived;
        row.before_deletion = Some((row.updated_at, row.indexed().to_owned()));
        row.deleted = true;
        row.updated_at = now;
        row.generated = now;
        row.set("status", "\"deleted\"");
        row.set_time("updated_at", now);
        stamp(row, Stamp::Generated);
        self.log_ticket(number);
        self.list_deleted(number, now, &status, &subject, archived);
    }

    /// Adds a deleted ticket to the listing of deleted tickets, unless it was archived.
    pub(super) fn list_deleted(
        &mut self,
        number: u64,
        deleted_at: i64,
        status: &str,
        subject: &str,
        archived: bool,
    ) {
        if archived || self.table("deleted_tickets").rows.contains_key(&number) {
            return;
        }
        let birth = Birth {
            created_at: deleted_at,
            updated_at: deleted_at,
            id: Some(number),
            ..Birth::default()
        };
        self.add("deleted_tickets", birth);
        self.edit("deleted_tickets", &number.to_string(), |row| {
            row.set("previous_state", status);
            row.set("subject", subject);
        });
    }

    /// Restores a deleted ticket, unless it was scrubbed.
    pub fn restore(&mut self, key: &str) {
        let now = self.now;
        let Some(deleted) = self.table("deleted_tickets").by_key(key) else { return };
        let number = deleted.number;
        let status =
            row_text::get(&deleted.text, "previous_state").unwrap_or("\"open\"").to_owned();
        self.table_mut("deleted_tickets").remove(number);
        self.edit("tickets", key, |row| {
            row.deleted = false;
            row.updated_at = now;
            row.generated = now;
            row.set("status", &status);
            row.set_time("updated_at", now);
            stamp(row, Stamp::Generated);
        });
        self.log_ticket(number);
    }

    /// Scrubs a deleted ticket: its content is lost for good, and the row stays in the exports.
    pub fn scrub(&mut self, key: &str) {
        let now = self.now;
        let Some(ticket) = self.table("tickets").by_key(key).filter(|row| row.deleted) else {
            return;
        };
        let number = ticket.number;
        self.table_mut("deleted_tickets").remove(number);
        self.edit("tickets", key, |row| {
            for field in ["subject", "raw_subject"] {
                row.set(field, "\"SCRUBBED\"");
            }
            row.set("description", "\"X\"");
            for field in ["tags", "custom_fields", "fields"] {
                row.set_existing(field, "[]");
            }
            row.generated = now;
            stamp(row, Stamp::Generated);
        });
    }

    /// A requester answers an offered rating, or changes the answer. The same row gets another
    /// score and a new `updated_at`.
    pub fn rate(&mut self, key: &str, score: &str) {
        let now = self.now;
        self.edit("satisfaction_ratings", key, |row| {
            row.set("score", &row_text::quote(score));
            row.updated_at = now;
            row.generated = now;
            row.set_time("updated_at", now);
        });
    }

    /// Changes the field that the row's listing sorts by.
    pub fn rename(&mut self, name: &str, key: &str, label: &str) {
        let (now, kind) = (self.now, resource(name));
        self.edit(name, key, |row| {
            if kind.label == kind.key {
                return;
            }
            row.set(kind.label, &row_text::quote(label));
            row.updated_at = now;
            row.generated = now;
            if row_text::get(&row.text, "updated_at").is_some() {
                row.set_time("updated_at", now);
            }
            stamp(row, kind.stamp);
        });
        let renamed = self.table(name).by_key(key).map(|row| row.number);
        if let Some(number) = renamed.filter(|_| name == "side_conversations") {
            self.log_side_conversation(number, now);
        }
    }

    /// Adds a comment to an article or a post without touching that row. Returns the comment's key.
    pub fn add_comment(&mut self, name: &str, key: &str) -> Option<String> {
        let comments = match name {
            "articles" => "article_comments",
            "posts" => "post_comments",
            _ => panic!("{name} cannot be commented on"),
        };
        let number = self.table(name).by_key(key)?.number;
        Some(self.create_under(comments, Some(number)))
    }

    /// Adds a vote to an article, a post or a comment without touching that row. Returns its key.
    pub fn add_vote(&mut self, name: &str, key: &str) -> Option<String> {
        let votes = match name {
            "articles" => "article_votes",
            "posts" => "post_votes",
            "article_comments" => "article_comment_votes",
            "post_comments" => "post_comment_votes",
            _ => panic!("{name} cannot be voted on"),
        };
        let number = self.table(name).by_key(key)?.number;
        Some(self.create_under(votes, Some(number)))
    }

    /// Like [`Account::add_vote`], and changes the vote counts of the article or post. Its time
    /// stays the same. Fields: Zendesk, Articles; Posts.
    pub fn add_counted_vote(&mut self, name: &str, key: &str) -> Option<String> {
        let vote = self.add_vote(name, key)?;
        self.edit(name, key, |row| {
            raise(row, "vote_count");
            raise(row, "vote_sum");
        });
        Some(vote)
    }

    /// Adds a comment to a post and raises the post's comment count. The post's time stays the
    /// same.
    pub fn add_counted_comment(&mut self, key: &str) -> Option<String> {
        let comment = self.add_comment("posts", key)?;
        self.edit("posts", key, |row| raise(row, "comment_count"));
        Some(comment)
    }

    /// Adds a follower to a post or a topic and raises its follower count. Its time stays the same.
    /// Fields: Zendesk, Posts; Topics.
    pub fn add_counted_follower(&mut self, name: &str, key: &str) -> Option<String> {
        let subscriptions = match name {
            "posts" => "post_subscriptions",
            "topics" => "topic_subscriptions",
            _ => panic!("{name} do not count who follows them"),
        };
        let number = self.table(name).by_key(key)?.number;
        let subscription = self.create_under(subscriptions, Some(number));
        self.edit(name, key, |row| raise(row, "follower_count"));
        Some(subscription)
    }

    /// Makes one random change of any kind to a random row, which a reader may or may not have
    /// passed. Returns a text that says what changed.
    pub fn random_change(&mut self, chance: &mut Prng) -> String {
        let told = self.random_change_of_one(chance);
        // Zendesk does not say whether a change of an identity moves its user, so both happen.
        let identity = told.split_once("user_identities ").map(|(_, key)| key);
        let identity = identity.and_then(|key| self.row("user_identities", key));
        if let Some(user) = identity.and_then(|row| row.parent).filter(|_| chance.chance(0.75)) {
            self.touch("users", &user.to_string());
        }
        told
    }

    fn random_change_of_one(&mut self, chance: &mut Prng) -> String {
        let kinds: Vec<_> = resources().collect();
        let name = kinds[chance.below(kinds.len() as u64) as usize].name;
        let name = if chance.chance(0.25) { "tickets" } else { name };
        let keys = self.keys(name);
        let Some(key) = keys.get(chance.below(keys.len() as u64) as usize).cloned() else {
            return format!("create {name} {}", self.create(name));
        };
        let may_be_made = !resource(name).is_object()
            && !matches!(name, "deleted_tickets" | "ticket_metrics" | "brands" | "custom_objects");
        let may_change = !matches!(
            name,
            // A metric set changes with its ticket, and an event never.
            "ticket_metrics"
                | "ticket_events"
                | "ticket_audits"
                | "ticket_metric_events"
                | "side_conversation_events"
                | "routing_attribute_events"
                | "routing_attribute_value_events"
                | "routing_instance_value_events"
                // An engagement is listed when it has ended.
                | "engagements"
                // Mail changes within a day.
                | "email_notifications"
                | "audit_logs"
                | "access_logs"
        );
        let kind = match chance.below(8) {
            0 | 1 if may_be_made => return format!("create {name} {}", self.create(name)),
            2 if may_be_made && may_change && keys.len() > 6 => {
                self.delete(name, &key);
                "delete"
            }
            3 if name == "tickets" => {
                self.silent_update(&key);
                "silently update"
            }
            4 if name == "tickets" || name == "deleted_tickets" => {
                self.restore(&key);
                "restore"
            }
            5 if name == "tickets" => {
                self.scrub(&key);
                "scrub"
            }
            6 if may_change => {
                let label = format!(
                    "{} {:x}",
                    ["A", "m", "Z"][self.chance.below(3) as usize],
                    chance.bits()
                );
                self.rename(name, &key, &label);
                "rename"
            }
            7 if name == "articles" || name == "posts" => {
                self.add_comment(name, &key);
                self.add_vote(name, &key);
                "comment and vote on"
            }
            _ if may_change && name != "deleted_tickets" => {
                self.touch(name, &key);
                "touch"
            }
            _ => "leave",
        };
        format!("{kind} {name} {key}")
    }

    pub(crate) fn add_metric_set(&mut self, ticket: u64, created_at: i64, updated_at: i64) {
        let parent = Some(ticket);
        self.add("ticket_metrics", Birth { created_at, updated_at, parent, ..Birth::default() });
    }

    pub(super) fn touch_metric_set(&mut self, ticket: u64) {
        let now = self.now;
        let set = self.table("ticket_metrics").children(ticket).next().map(|row| row.key.clone());
        if let Some(key) = set {
            self.edit("ticket_metrics", &key, |row| {
                row.updated_at = now;
                row.generated = now;
                row.set_time("updated_at", now);
            });
        }
    }

    /// Logs the event of a change of a side conversation.
    pub(super) fn log_side_conversation(&mut self, conversation: u64, at: i64) {
        let ticket = self.table("side_conversations").rows.get(&conversation);
        let grandparent = ticket.and_then(|row| row.parent);
        let (created_at, updated_at, parent) = (at, at, Some(conversation));
        let birth = Birth { created_at, updated_at, id: None, parent, grandparent };
        self.add("side_conversation_events", birth);
    }

    /// Logs a change of a ticket: an event, an audit and a metric event.
    fn log_ticket(&mut self, ticket: u64) {
        for name in ["ticket_events", "ticket_audits", "ticket_metric_events"] {
            let (created_at, updated_at, parent) = (self.now, self.now, Some(ticket));
            self.add(name, Birth { created_at, updated_at, parent, ..Birth::default() });
        }
    }
}

/// Changes a row without text: a default, a vote, a count.
fn flip(row: &mut super::Row) {
    for field in ["default", "primary", "active"] {
        if let Some(old) = row_text::get(&row.text, field) {
            let new = if old == "true" { "false" } else { "true" };
            return row.set(field, new);
        }
    }
    for field in ["value", "count", "replies"] {
        let old = row_text::get(&row.text, field).and_then(|raw| raw.parse::<i64>().ok());
        if let Some(old) = old {
            let new = if field == "value" { -old } else { old + 1 };
            return row.set(field, &new.to_string());
        }
    }
}

/// Raises a number of a row by one.
fn raise(row: &mut super::Row, field: &str) {
    let old = row_text::get(&row.text, field).and_then(|raw| raw.parse::<i64>().ok());
    row.set(field, &(old.unwrap_or_default() + 1).to_string());
}
