//! What a write adds to a ticket's history: the comment, the event of the export, the audit.
//! Sources: Zendesk, Ticket Comments; Ticket Audits; Incremental Ticket Event Export.

use super::ledger::RequesterMail;
use super::refusal::Refusal;
use super::validation::{Input, flag, text, whole};
use super::world::World;
use crate::clock;
use crate::row_text::get;
use serde_json::{Map, Value, json};

/// The most comments of a ticket (Zendesk, Ticket Comments).
const MOST_COMMENTS: usize = 5000;

/// A comment to be added.
pub(super) struct Comment {
    body: String,
    public: bool,
    author_id: u64,
}

impl World<'_> {
    /// The comment in a request. `description` counts as a comment only for a new ticket.
    pub(super) fn comment(&self, input: &Input, ticket: Option<u64>) -> Option<Comment> {
        let comment = input.get("comment").and_then(Value::as_object);
        let words = |comment: &Input| {
            let keys = ["body", "html_body", "value"];
            keys.iter().find_map(|key| text(comment, key)).map(str::to_owned)
        };
        let body = comment.and_then(words);
        let description = text(input, "description").filter(|_| ticket.is_none());
        let body = body.or(description.map(str::to_owned))?;
        // Zendesk, Ticket Comments: a comment is public unless it says otherwise; on a ticket whose
        // first comment is private it is private.
        let is_private = ticket.is_some_and(|id| {
            self.account.text_of("tickets", id, "is_public").as_deref() == Some("false")
        });
        let public = comment.and_then(|comment| comment.get("public")).and_then(flag);
        let author = comment.and_then(|comment| comment.get("author_id")).and_then(whole);
        Some(Comment {
            body,
            public: public.unwrap_or(!is_private),
            author_id: author.unwrap_or(self.actor.user_id),
        })
    }

    /// Refuses a comment on a ticket that has the most comments already.
    pub(super) fn check_room(&self, ticket: u64) -> Result<(), Refusal> {
        if self.account.comments_of(ticket).len() < MOST_COMMENTS {
            return Ok(());
        }
        let description = "Ticket: has reached the limit of 5000 comments".to_owned();
        Err(Refusal::of("base", description, "InvalidValue"))
    }

    /// Logs a change of a ticket with its comment. Mails the requester if the comment is public.
    /// Returns the audit.
    pub(super) fn log_change(
        &mut self,
        ticket: u64,
        kind: &'static str,
        comment: Option<&Comment>,
        changes: &[(String, Value)],
    ) -> String {
        let now = self.account.now();
        let updater = self.actor.user_id;
        let event = self.account.insert_row("ticket_events", Some(ticket), |id| {
            let mut children = Vec::new();
            children.extend(comment.map(|comment| child_comment(comment, id, now)));
            for (at, (field, value)) in changes.iter().enumerate() {
                let mut child = Map::new();
                child.insert("id".into(), part_of(id, at as u64 + 1).into());
                child.insert("via".into(), "API".into());
                child.insert("via_reference_id".into(), Value::Null);
                child.insert(field.clone(), value.clone());
                child.insert("event_type".into(), kind.into());
                children.push(Value::Object(child));
            }
            json!({
                "id": id,
                "ticket_id": ticket,
                "timestamp": now,
                "created_at": clock::iso(now),
                "updater_id": updater,
                "via": "API",
                "via_reference_id": null,
                "system": {},
                "metadata": {},
                "event_type": "Audit",
                "child_events": children,
            })
            .to_string()
        });
        let audit = self.account.insert_row("ticket_audits", Some(ticket), |id| {
            let mut events: Vec<Value> = Vec::new();
            events.extend(comment.map(|comment| audit_comment(comment, event, id)));
            for (at, (field, value)) in changes.iter().enumerate() {
                events.push(json!({
                    "id": part_of(event, at as u64 + 1),
                    "type": kind,
                    "field_name": field,
                    "value": value,
                }));
            }
            json!({
                "id": id,
                "ticket_id": ticket,
                "created_at": clock::iso(now),
                "author_id": updater,
                "metadata": { "system": {}, "custom": {} },
                "events": events,
                "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
            })
            .to_string()
        });
        if comment.is_some_and(|comment| comment.public) {
            self.mail_requester(ticket);
        }
        self.account.table("ticket_audits").rows[&audit].text.clone()
    }

    /// Mails a public comment to the requester, as the standard triggers do (Zendesk, Business
    /// rules).
    fn mail_requester(&mut self, ticket_id: u64) {
        let requester = self.account.number_of("tickets", ticket_id, "requester_id");
        if let Some(requester_id) = requester.filter(|id| *id != self.actor.user_id) {
            self.ledger.requester_mails.push(RequesterMail { ticket_id, requester_id });
        }
    }

    /// Whether the first comment of a new ticket is public. The ticket's row shows it.
    pub(super) fn is_public(comment: &Comment) -> bool {
        comment.public
    }

    /// The text of the first comment, which is the ticket's description.
    pub(super) fn description(comment: &Comment) -> &str {
        &comment.body
    }
}

/// The id of a part of an event. It differs from those of neighbouring events.
fn part_of(event: u64, step: u64) -> u64 {
    event + (step + 1) * 10_000_019
}

fn child_comment(comment: &Comment, event: u64, now: i64) -> Value {
    json!({
        "id": part_of(event, 0),
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
        "via_reference_id": null,
        "type": "Comment",
        "author_id": comment.author_id,
        "body": comment.body,
        "html_body": format!("<div class=\"zd-comment\"><p>{}</p></div>", comment.body),
        "plain_body": comment.body,
        "public": comment.public,
        "attachments": [],
        "audit_id": event,
        "created_at": clock::iso(now),
        "event_type": "Comment",
        "metadata": { "system": {}, "custom": {} },
    })
}

fn audit_comment(comment: &Comment, event: u64, audit: u64) -> Value {
    json!({
        "id": part_of(event, 0),
        "type": "Comment",
        "author_id": comment.author_id,
        "body": comment.body,
        "html_body": comment.body,
        "plain_body": comment.body,
        "public": comment.public,
        "attachments": [],
        "audit_id": audit,
    })
}

impl crate::account::Account {
    /// Adds this many comments to a ticket, in one event, without touching the ticket.
    pub fn add_ticket_comments(&mut self, ticket: u64, count: u64) {
        let now = self.now();
        self.insert_row("ticket_events", Some(ticket), |id| {
            let children: Vec<Value> = (0..count)
                .map(|at| {
                    let body = format!("comment {at}");
                    let comment =
                        Comment { body, public: false, author_id: crate::account::ADMIN_USER_ID };
                    let mut child = child_comment(&comment, id, now);
                    child["id"] = part_of(id, at).into();
                    child
                })
                .collect();
            json!({ "id": id, "ticket_id": ticket, "timestamp": now,
                "created_at": clock::iso(now), "event_type": "Audit", "child_events": children })
            .to_string()
        });
    }
}

/// Whether a ticket is closed, which is final.
pub(super) fn is_closed(text: &str) -> bool {
    get(text, "status") == Some("\"closed\"")
}
