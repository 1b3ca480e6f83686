//! The rows that a complete listing of a resource contains right now, for tests to compare with.

use super::Account;
use super::table::{Row, Table};
use crate::row_text;
use crate::rows::omnichannel;

/// One row that the API would list.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The row's key: its id as text, a tag's name, `subject:all` for attribute definitions.
    pub key: String,
    /// The key of the row that it is listed under.
    pub parent: Option<String>,
    /// The key of the row that its parent is listed under.
    pub grandparent: Option<String>,
    /// The id of the brand whose help center has the row. The row itself does not contain it.
    pub brand_id: Option<u64>,
    /// The row exactly as the API sends it.
    pub text: String,
    pub json: serde_json::Value,
    /// When the row last changed, as a reader sees it: the value of the stream's cursor.
    pub at_unix: i64,
    pub created_at: i64,
    pub deleted: bool,
}

impl Account {
    /// The tickets that a search finds when the index is up to date: without deleted tickets, and
    /// without silent changes.
    pub fn indexed_tickets(&self) -> Vec<serde_json::Value> {
        let live = self.table("tickets").rows.values().filter(|row| !row.deleted);
        live.map(|row| serde_json::from_str(row.indexed()).expect("a row is JSON")).collect()
    }

    /// Every row that a full read delivers now, ordered by number, if it asks for all rows
    /// (`support_type_scope=all`, `exclude_deleted=false`, `include=comment_events`). Rows that
    /// exports withhold for a minute are included: compare `at_unix` with the clock. The records of
    /// one custom object are `custom_object_records_` and its key.
    pub fn truth(&self, resource: &str) -> Vec<Truth> {
        if let Some(kind) = resource.strip_prefix("custom_object_records_") {
            let mut records = self.truth("custom_object_records");
            records.retain(|record| record.parent.as_deref() == Some(kind));
            return records;
        }
        let table = self.table(resource);
        let visible = table.rows.values().filter(|row| self.is_listed(resource, row));
        visible.flat_map(|row| self.truths_of(table, row)).collect()
    }

    fn truths_of(&self, table: &Table, row: &Row) -> Vec<Truth> {
        let name = table.resource.name;
        let parent = row.parent.map(|number| {
            let above = table.resource.parent.and_then(|name| self.table(name).rows.get(&number));
            above.map_or_else(|| number.to_string(), |above| above.key.clone())
        });
        let truth = Truth {
            key: row.key.clone(),
            parent,
            grandparent: row.grandparent.map(|number| number.to_string()),
            brand_id: table.brands.get(&row.number).copied(),
            text: row.text.clone(),
            json: serde_json::from_str(&row.text).expect("a row is JSON"),
            at_unix: table.changed_at(row),
            created_at: row.created_at,
            deleted: row.deleted,
        };
        if name != "attribute_definitions" {
            return vec![truth];
        }
        let mut both = vec![Truth { key: format!("{}:all", row.key), ..truth.clone() }];
        if is_in_any(row) {
            both.push(Truth { key: format!("{}:any", row.key), ..truth });
        }
        both
    }

    /// Whether the most complete listing of the resource contains the row.
    pub(crate) fn is_listed(&self, resource: &str, row: &Row) -> bool {
        match resource {
            "ticket_audits" | "ticket_skips" => self.is_live_ticket(row.parent),
            "ticket_metrics" => self.ticket_of(row.parent).is_some_and(|ticket| !ticket.deleted),
            "side_conversations" | "ticket_conversation_log" => {
                self.ticket_of(row.parent).is_some_and(|ticket| !ticket.deleted)
            }
            "ticket_activities" => {
                row.created_at >= self.now - 30 * 86_400
                    && row_text::get(&row.text, "user_id")
                        == Some(super::ADMIN_USER_ID.to_string().as_str())
            }
            // Zendesk, Omnichannel Engagements, Data Retention.
            "engagements" => row.created_at >= self.now - 90 * 86_400,
            // Zendesk, Webhooks; Access Logs.
            "webhook_invocations" => row.updated_at >= self.now - 7 * 86_400,
            "access_logs" => row.created_at >= self.now - 90 * 86_400,
            "deleted_tickets" => row.updated_at >= self.now - 30 * 86_400,
            _ => true,
        }
    }

    /// The channels of an agent, as a JSON:API document includes them.
    pub fn channels_of(&self, availability: &str) -> Vec<serde_json::Value> {
        let row = self.row("agent_availabilities", availability);
        let resources = row.map(|row| omnichannel::included(&row.text)).unwrap_or_default();
        let json = resources.iter().map(|text| serde_json::from_str(text).expect("it is JSON"));
        json.filter(|resource: &serde_json::Value| resource["type"] == "channels").collect()
    }

    /// The comments of a ticket as its own listing shows them: id, unix seconds, text.
    pub(crate) fn comments_of(&self, ticket: u64) -> Vec<(u64, i64, String)> {
        let mut comments = Vec::new();
        for event in self.table("ticket_events").children(ticket) {
            let children = row_text::get(&event.text, "child_events").unwrap_or("[]");
            let children: Vec<&serde_json::value::RawValue> =
                serde_json::from_str(children).unwrap_or_default();
            for child in children.iter().map(|child| child.get()) {
                let id = row_text::get(child, "id").and_then(|id| id.parse().ok());
                if row_text::get(child, "event_type") != Some("\"Comment\"") {
                    continue;
                }
                let text = row_text::without(child, "event_type");
                let text = row_text::without(&text, "via_reference_id");
                comments.extend(id.map(|id| (id, event.created_at, text)));
            }
        }
        comments
    }

    /// One of the tickets from messaging. Every other time it is the first.
    pub(crate) fn messaging_ticket(&self, n: u64) -> Option<u64> {
        let is_of_messaging = |row: &&Row| {
            row_text::get(&row.text, "from_messaging_channel") == Some("true") && !row.deleted
        };
        let all = self.table("tickets").rows.values().filter(is_of_messaging);
        let all: Vec<u64> = all.map(|row| row.number).collect();
        let turn = if n.is_multiple_of(2) { 0 } else { n / 2 };
        all.get((turn % all.len().max(1) as u64) as usize).copied()
    }

    /// The deleted organization that lost the nth merge, mostly the first. `None` for any other
    /// resource.
    pub(crate) fn losing_organization(&self, resource: &str, n: u64) -> Option<u64> {
        let all = self.table("organizations").rows.values().filter(|row| row.deleted);
        let all: Vec<u64> = all.map(|row| row.number).collect();
        let turn = if n <= 12 { 0 } else { n };
        let nth = (turn % all.len().max(1) as u64) as usize;
        all.get(nth).copied().filter(|_| resource == "organization_merges")
    }

    pub(crate) fn ticket_of(&self, number: Option<u64>) -> Option<&Row> {
        self.table("tickets").rows.get(&number?)
    }

    /// Whether the ticket is neither archived nor deleted.
    pub(crate) fn is_live_ticket(&self, number: Option<u64>) -> bool {
        self.ticket_of(number).is_some_and(|ticket| !ticket.archived && !ticket.deleted)
    }
}

/// Whether the attribute definition may also be among the conditions of which any must hold. Every
/// second one may.
pub(crate) fn is_in_any(row: &Row) -> bool {
    row.number.is_multiple_of(2)
}
