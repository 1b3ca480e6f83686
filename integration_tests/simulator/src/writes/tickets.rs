//! Tickets: creating, changing, deleting. Source: Zendesk, Tickets.

use super::comments::is_closed;
use super::custom_fields::{self, Change};
use super::ledger::{Deed, TriggersFired};
use super::refusal::{Problem, Refusal};
use super::validation::{Attributes, Input, Kind, flag, is_email, tags, text, whole};
use super::world::{Fields, World};
use crate::answer::public_url;
use crate::clock;
use crate::row_text::{get, get_text, quote};
use serde_json::{Value, json};

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "ticket",
    collection: "tickets",
    known: &[
        ("id", Kind::Whole),
        ("additional_collaborators", Kind::List),
        ("additional_tags", Kind::Any),
        ("assignee_email", Kind::Text),
        ("assignee_id", Kind::Whole),
        ("attribute_value_ids", Kind::List),
        ("brand_id", Kind::Whole),
        ("collaborator_ids", Kind::Wholes),
        ("collaborators", Kind::List),
        ("comment", Kind::Object),
        ("custom_fields", Kind::List),
        ("custom_status_id", Kind::Whole),
        ("description", Kind::Text),
        ("due_at", Kind::Text),
        ("email_ccs", Kind::List),
        ("external_id", Kind::Text),
        ("followers", Kind::List),
        ("group_id", Kind::Whole),
        ("metadata", Kind::Object),
        ("organization_id", Kind::Whole),
        ("priority", Kind::Text),
        ("problem_id", Kind::Whole),
        ("raw_subject", Kind::Text),
        ("recipient", Kind::Text),
        ("remove_tags", Kind::Any),
        ("requester", Kind::Object),
        ("requester_id", Kind::Whole),
        ("safe_update", Kind::Flag),
        ("status", Kind::Text),
        ("subject", Kind::Text),
        ("submitter_id", Kind::Whole),
        ("tags", Kind::Texts),
        ("ticket_form_id", Kind::Whole),
        ("type", Kind::Text),
        ("updated_stamp", Kind::Text),
    ],
};

/// The values that these attributes may have.
const CHOICES: &[(&str, &[&str])] = &[
    ("priority", &["urgent", "high", "normal", "low"]),
    ("status", &["new", "open", "pending", "hold", "solved", "closed"]),
    ("type", &["problem", "incident", "question", "task"]),
];

/// Attributes that are stored as they came.
const PLAIN: &[&str] = &[
    "brand_id",
    "collaborator_ids",
    "custom_status_id",
    "due_at",
    "group_id",
    "organization_id",
    "priority",
    "problem_id",
    "recipient",
    "requester_id",
    "status",
    "subject",
    "submitter_id",
    "ticket_form_id",
    "type",
];

const ROWS: &str = "tickets";

impl World<'_> {
    /// Creates a ticket and returns it with its audit.
    pub(super) fn create_ticket(&mut self, input: &Input) -> Result<(u64, String), Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        let comment = self.comment(input, None).ok_or_else(|| {
            let description = "Description: cannot be blank".to_owned();
            Refusal::of("description", description, "BlankValue")
        })?;
        let mut problems = choice_problems(input);
        problems.extend(self.person_problems(input));
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let fields = custom_fields::of_new_ticket(self);
        let change = self.ticket_fields(&fields, input)?;
        let requester = self.requester(input)?;
        let organization = self.ticket_organization(requester, input)?;
        let assignee = self.assignee(input)?;
        // Zendesk, Tags: the tags of the requester and of the organization are copied onto a new
        // ticket.
        let mut all = tags(input.get("tags"));
        all.extend(self.account.tags_of("users", requester));
        all.extend(organization.iter().flat_map(|id| self.account.tags_of("organizations", *id)));
        let all = tags(Some(&json!(change.on(all))));
        let (now, submitter) = (clock::iso(self.account.now()), self.actor.user_id);
        let public = Self::is_public(&comment);
        let description = Self::description(&comment).to_owned();
        let id = self.account.insert_row(ROWS, None, |id| {
            let status = if assignee.flatten().is_some() { "open" } else { "new" };
            let subject = text(input, "subject").unwrap_or(&description);
            let head = json!({
                "url": public_url(&format!("tickets/{id}.json")),
                "id": id,
                "created_at": now,
                "updated_at": now,
                "status": status,
                "subject": subject,
                "raw_subject": subject,
                "description": description,
                "submitter_id": submitter,
                "is_public": public,
            });
            new_ticket(head)
        });
        let mut row = plain_fields(input);
        row.push(("requester_id".into(), requester.to_string()));
        row.push(("organization_id".into(), json!(organization).to_string()));
        row.push(("assignee_id".into(), json!(assignee.flatten()).to_string()));
        row.push(("tags".into(), json!(all).to_string()));
        row.push(("custom_fields".into(), change.values.clone()));
        row.push(("fields".into(), change.values));
        self.account.edit(ROWS, &id.to_string(), |ticket| {
            row.iter().for_each(|(field, raw)| ticket.set(field, raw));
        });
        let at = self.account.now();
        self.account.add_metric_set(id, at, at);
        self.record(ROWS, id, Deed::Created, Vec::new());
        self.fire_triggers(id, Deed::Created);
        let changes = [("status".to_owned(), json!("new"))];
        let audit = self.log_change(id, "Create", Some(&comment), &changes);
        Ok((id, audit))
    }

    /// Updates a ticket and returns the audit.
    pub(super) fn update_ticket(&mut self, id: u64, input: &Input) -> Result<String, Refusal> {
        let unknown = ATTRIBUTES.check(input, "update")?;
        self.unpermitted.extend(unknown);
        let row = self.account.living(ROWS, id).ok_or(Refusal::NotFound)?.clone();
        if is_closed(&row.text) {
            // Zendesk, Tickets: a closed ticket cannot be changed.
            let description = "Status: closed prevents ticket update".to_owned();
            return Err(Refusal::of("status", description, "InvalidValue"));
        }
        self.check_stamp(&row.text, input)?;
        let comment = self.comment(input, Some(id));
        if comment.is_some() {
            self.check_room(id)?;
        }
        let mut problems = choice_problems(input);
        problems.extend(self.person_problems(input));
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let change = self.ticket_fields(get(&row.text, "custom_fields").unwrap_or("[]"), input)?;
        let requester = match input.get("requester_id").or(input.get("requester")) {
            Some(_) => self.requester(input)?,
            None => self.account.number_of(ROWS, id, "requester_id").unwrap_or_default(),
        };
        let mut fields = plain_fields(input);
        if input.contains_key("requester") {
            fields.push(("requester_id".into(), requester.to_string()));
        }
        if input.get("organization_id").is_some_and(|id| !id.is_null()) {
            self.ticket_organization(requester, input)?;
        }
        if let Some(assignee) = self.assignee(input)? {
            fields.push(("assignee_id".into(), json!(assignee).to_string()));
        }
        let old_tags = self.account.tags_of(ROWS, id);
        let new_tags = match input.get("tags") {
            // Zendesk, Tickets: the list takes the place of the tags that were there.
            Some(list) => {
                let new = tags(Some(list));
                self.note_lost_tags(ROWS, id, &new);
                new
            }
            None => old_tags.clone(),
        };
        let new_tags = change.on(self.with_more_tags(new_tags, input));
        if new_tags != old_tags {
            fields.push(("tags".into(), json!(new_tags).to_string()));
        }
        if input.contains_key("custom_fields") {
            fields.push(("custom_fields".into(), change.values.clone()));
            fields.push(("fields".into(), change.values));
        }
        // Zendesk, Tickets: the description is read only once there is a ticket.
        self.write_ticket(id, &fields, comment.as_ref())
    }

    /// The tags after `additional_tags` and `remove_tags`. Zendesk, Tickets, Update Many: only the
    /// form with `?ids=` adds and removes tags. The documentation contradicts itself about the
    /// batch form.
    fn with_more_tags(&self, mut all: Vec<String>, input: &Input) -> Vec<String> {
        if self.adds_tags {
            all.extend(tags(input.get("additional_tags")));
            let gone = tags(input.get("remove_tags"));
            all.retain(|tag| !gone.contains(tag));
        }
        tags(Some(&json!(all)))
    }

    /// Writes fields of a ticket, with all side effects of the change.
    fn write_ticket(
        &mut self,
        id: u64,
        fields: &Fields,
        comment: Option<&super::comments::Comment>,
    ) -> Result<String, Refusal> {
        let mut changed = self.account.write_row(ROWS, id, fields);
        let changes: Vec<(String, Value)> = fields
            .iter()
            .filter(|(field, _)| changed.contains(field) && field != "fields")
            .map(|(field, raw)| (field.clone(), serde_json::from_str(raw).unwrap_or_default()))
            .collect();
        if comment.is_some() {
            changed.push("comment".to_owned());
        }
        self.record(ROWS, id, Deed::Updated, changed);
        // Zendesk, Business rules: every update runs the triggers, whether or not it changed
        // anything.
        self.fire_triggers(id, Deed::Updated);
        Ok(self.log_change(id, "Change", comment, &changes))
    }

    /// Sets the tags of a ticket, as a request about tags alone does.
    pub(super) fn change_ticket_tags(&mut self, id: u64, new: &[String]) -> Result<(), Refusal> {
        let row = self.account.living(ROWS, id).ok_or(Refusal::NotFound)?;
        if is_closed(&row.text) {
            let description = "Status: closed prevents ticket update".to_owned();
            return Err(Refusal::of("status", description, "InvalidValue"));
        }
        self.write_ticket(id, &vec![("tags".into(), json!(new).to_string())], None).map(|_| ())
    }

    pub(super) fn delete_ticket(&mut self, id: u64) -> Result<(), Refusal> {
        self.account.living(ROWS, id).ok_or(Refusal::NotFound)?;
        self.account.delete(ROWS, &id.to_string());
        self.record(ROWS, id, Deed::Deleted, Vec::new());
        Ok(())
    }

    fn fire_triggers(&mut self, ticket_id: u64, on: Deed) {
        self.ledger.triggers_fired.push(TriggersFired { ticket_id, on });
    }

    /// Zendesk, Tickets: refuses `safe_update` with an `updated_stamp` that is older than the
    /// ticket's.
    pub(super) fn check_stamp(&self, row: &str, input: &Input) -> Result<(), Refusal> {
        let is_safe = input.get("safe_update").and_then(flag) == Some(true);
        let stamp = text(input, "updated_stamp").and_then(clock::parse_iso);
        let updated = get_text(row, "updated_at").as_deref().and_then(clock::parse_iso);
        if is_safe && stamp < updated { Err(Refusal::Conflict) } else { Ok(()) }
    }

    fn ticket_fields(&mut self, old: &str, input: &Input) -> Result<Change, Refusal> {
        custom_fields::numbered(self, old, input.get("custom_fields").unwrap_or(&Value::Null))
    }

    /// Complaints about the people that a ticket names by id.
    fn person_problems(&self, input: &Input) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, title) in [("requester_id", "Requester"), ("assignee_id", "Assignee")] {
            let Some(id) = input.get(key).and_then(whole) else { continue };
            let role =
                self.account.living("users", id).map(|_| self.account.text_of("users", id, "role"));
            let is_agent = role.as_ref().is_some_and(|role| role.as_deref() != Some("end-user"));
            if role.is_none() || (key == "assignee_id" && !is_agent) {
                let field = key.trim_end_matches("_id").to_owned();
                let description = format!("{title}: is invalid");
                problems.push(Problem { field, description, error: "InvalidValue" });
            }
        }
        problems
    }

    /// The requester: by id, or by name and address. An unknown person becomes a new user.
    fn requester(&mut self, input: &Input) -> Result<u64, Refusal> {
        if let Some(id) = input.get("requester_id").and_then(whole) {
            return Ok(id);
        }
        let Some(Value::Object(person)) = input.get("requester") else {
            return Ok(self.actor.user_id);
        };
        let email = text(person, "email").unwrap_or_default();
        if let Some(id) = self.account.users_with_email(email).first() {
            return Ok(*id);
        }
        if !is_email(email) || text(person, "name").is_none() {
            let description = "Requester: Name: is too short (minimum is 1 characters)".to_owned();
            return Err(Refusal::of("requester", description, "InvalidValue"));
        }
        let keys = ["name", "email"].iter();
        let user = keys.filter_map(|key| Some(((*key).to_owned(), person.get(*key)?.clone())));
        self.create_user(&user.collect())
    }

    /// The organization of a ticket. Zendesk, Tickets: it must be one of the requester's
    /// organizations. Without one in the request it is the requester's default.
    fn ticket_organization(&self, requester: u64, input: &Input) -> Result<Option<u64>, Refusal> {
        let theirs = self.account.organizations_of(requester);
        match input.get("organization_id").and_then(whole) {
            Some(id) if theirs.contains(&id) => Ok(Some(id)),
            Some(_) => {
                let description = "Organization: is not one of the requester's".to_owned();
                Err(Refusal::of("organization", description, "InvalidValue"))
            }
            None if input.contains_key("organization_id") => Ok(None),
            None => Ok(theirs.first().copied()),
        }
    }

    /// The assignee, if the request sets or removes it.
    fn assignee(&self, input: &Input) -> Result<Option<Option<u64>>, Refusal> {
        if let Some(email) = text(input, "assignee_email") {
            let owner = self.account.users_with_email(email).first().copied();
            let role = owner.and_then(|id| self.account.text_of("users", id, "role"));
            return match owner.filter(|_| role.as_deref() != Some("end-user")) {
                Some(id) => Ok(Some(Some(id))),
                None => {
                    let description = "Assignee: is invalid".to_owned();
                    Err(Refusal::of("assignee", description, "InvalidValue"))
                }
            };
        }
        Ok(input.get("assignee_id").map(whole))
    }
}

fn choice_problems(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, choices) in CHOICES {
        if let Some(value) = text(input, key).filter(|value| !choices.contains(value)) {
            let description = format!("{key}: {value} is not valid");
            let field = (*key).to_owned();
            problems.push(Problem { field, description, error: "InvalidValue" });
        }
    }
    if let Some(due) = text(input, "due_at").filter(|due| clock::parse_iso(due).is_none()) {
        let description = format!("Due at: {due} is not a date");
        let field = "due_at".to_owned();
        problems.push(Problem { field, description, error: "InvalidValue" });
    }
    problems
}

fn plain_fields(input: &Input) -> Fields {
    let given = PLAIN.iter().filter_map(|key| Some((*key, input.get(*key)?)));
    let mut fields: Fields = given
        .map(|(key, value)| {
            let is_whole = key.ends_with("_id");
            let number = whole(value).filter(|_| is_whole);
            (key.to_owned(), number.map_or_else(|| value.to_string(), |id| id.to_string()))
        })
        .collect();
    if let Some(subject) = input.get("subject") {
        fields.push(("raw_subject".into(), subject.to_string()));
    }
    if input.contains_key("external_id") {
        let raw = text(input, "external_id").map_or("null".into(), quote);
        fields.push(("external_id".into(), raw));
    }
    fields
}

/// A new ticket with the values in `head`, and the initial values of all other fields. Fields:
/// Zendesk, Tickets.
fn new_ticket(head: Value) -> String {
    let mut ticket = json!({
        "external_id": null,
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
        "type": null,
        "priority": null,
        "recipient": null,
        "requester_id": null,
        "assignee_id": null,
        "organization_id": null,
        "group_id": null,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": null,
        "problem_id": null,
        "has_incidents": false,
        "due_at": null,
        "tags": [],
        "custom_fields": [],
        "satisfaction_rating": null,
        "sharing_agreement_ids": [],
        "custom_status_id": null,
        "fields": [],
        "followup_ids": [],
        "ticket_form_id": null,
        "brand_id": null,
        "allow_channelback": false,
        "allow_attachments": true,
        "from_messaging_channel": false,
        "generated_timestamp": 0,
    });
    if let (Value::Object(ticket), Value::Object(head)) = (&mut ticket, head) {
        ticket.extend(head);
    }
    ticket.to_string()
}
