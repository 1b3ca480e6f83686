//! Values of custom fields: which are accepted, how they are stored, and the tags that they add and
//! remove. Sources: Zendesk, Ticket Fields; User Fields; Organization Fields; Custom Object Fields.

use super::pattern;
use super::refusal::Refusal;
use super::validation::{flag, whole};
use super::world::World;
use crate::row_text::{self, get, get_text, quote};
use serde_json::Value;
use serde_json::value::RawValue;

/// A field as its listing shows it.
struct Field {
    id: u64,
    key: String,
    kind: String,
    title: String,
    /// The values of its options.
    options: Vec<String>,
    /// The tag of a checkbox.
    tag: Option<String>,
    pattern: Option<String>,
    /// The target of a lookup, such as `zen:user`.
    target: Option<String>,
    is_system: bool,
}

/// What the fields belong to. It decides the form in which values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ticket,
    /// A user or an organization.
    Person,
    /// A record of this custom object.
    Record(u64),
}

/// New values, and the tags that they add and remove.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The row's `user_fields`, `organization_fields` or `custom_fields`, as JSON.
    pub(super) values: String,
    pub(super) tags_gained: Vec<String>,
    pub(super) tags_lost: Vec<String>,
}

impl Change {
    /// The tags of a row after the change.
    pub(super) fn on(&self, mut tags: Vec<String>) -> Vec<String> {
        tags.retain(|tag| !self.tags_lost.contains(tag) || self.tags_gained.contains(tag));
        for tag in &self.tags_gained {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        tags
    }
}

/// A change of fields of users or organizations, which are named by key. Unknown keys are ignored.
pub(super) fn keyed(
    world: &mut World<'_>,
    listing: &'static str,
    old: Option<&str>,
    input: &Value,
) -> Result<Change, Refusal> {
    keyed_of(world, listing, Owner::Person, old.unwrap_or("{}"), input)
}

/// A change of fields of a custom object's record, which are named by key. Unknown keys are
/// ignored.
pub(super) fn of_record(
    world: &mut World<'_>,
    object: u64,
    old: &str,
    input: &Value,
) -> Result<String, Refusal> {
    let owner = Owner::Record(object);
    keyed_of(world, "custom_object_fields", owner, old, input).map(|change| change.values)
}

fn keyed_of(
    world: &mut World<'_>,
    listing: &'static str,
    owner: Owner,
    old: &str,
    input: &Value,
) -> Result<Change, Refusal> {
    let old = if old.trim_start().starts_with('{') { old } else { "{}" };
    let mut change = Change { values: old.to_owned(), ..Change::default() };
    let Value::Object(input) = input else { return Ok(change) };
    for (key, value) in input {
        let Some(field) = field(world, listing, owner, |field| field.key == *key) else {
            world.ledger.ignored_fields.push((listing.to_owned(), key.clone()));
            continue;
        };
        let Some(raw) = kept(world, &field, value, owner)? else { continue };
        let former = get(&change.values, key).map(str::to_owned);
        note_tags(&mut change, &field, former, &raw);
        row_text::set(&mut change.values, key, &raw);
    }
    Ok(change)
}

/// A change of fields of tickets, which are named by id: `[{"id": 1, "value": 2}]`.
pub(super) fn numbered(world: &mut World<'_>, old: &str, input: &Value) -> Result<Change, Refusal> {
    let old: Vec<&RawValue> = serde_json::from_str(old).unwrap_or_default();
    let mut values: Vec<(u64, String)> = old
        .iter()
        .filter_map(|pair| {
            let id = get(pair.get(), "id")?.parse().ok()?;
            Some((id, get(pair.get(), "value").unwrap_or("null").to_owned()))
        })
        .collect();
    let mut change = Change::default();
    for pair in input.as_array().into_iter().flatten() {
        let (Some(id), Some(value)) = (pair.get("id").and_then(whole), pair.get("value")) else {
            continue;
        };
        // Zendesk, Ticket Fields: the system's own fields go by their names.
        let own = |field: &Field| field.id == id && !field.is_system;
        let Some(field) = field(world, "ticket_fields", Owner::Ticket, own) else { continue };
        let Some(raw) = kept(world, &field, value, Owner::Ticket)? else { continue };
        let place = values.iter().position(|(known, _)| *known == id);
        let former = place.map(|place| values[place].1.clone());
        note_tags(&mut change, &field, former, &raw);
        match place {
            Some(place) => values[place].1 = raw,
            None => values.push((id, raw)),
        }
    }
    let values = values.iter().map(|(id, raw)| format!("{{\"id\":{id},\"value\":{raw}}}"));
    change.values = format!("[{}]", values.collect::<Vec<_>>().join(","));
    Ok(change)
}

/// The fields of a new ticket: one entry for each active custom field.
pub(super) fn of_new_ticket(world: &World<'_>) -> String {
    let rows = world.account.table("ticket_fields").rows.values();
    let own =
        rows.filter(|row| get(&row.text, "removable") == Some("true") && is_active(&row.text));
    let pairs = own.map(|row| {
        let empty = match get_text(&row.text, "type").as_deref() {
            Some("checkbox") => "false",
            Some("multiselect") => "[]",
            _ => "null",
        };
        format!("{{\"id\":{},\"value\":{empty}}}", row.number)
    });
    format!("[{}]", pairs.collect::<Vec<_>>().join(","))
}

fn is_active(text: &str) -> bool {
    get(text, "active") != Some("false")
}

fn field(
    world: &World<'_>,
    listing: &str,
    owner: Owner,
    is: impl Fn(&Field) -> bool,
) -> Option<Field> {
    let rows = world.account.table(listing).rows.values();
    let is_of = |parent: Option<u64>| match owner {
        Owner::Record(object) => parent == Some(object),
        _ => true,
    };
    let rows = rows.filter(|row| is_active(&row.text) && is_of(row.parent));
    let mut fields = rows.map(|row| {
        let text = |key: &str| get_text(&row.text, key);
        let options = get(&row.text, "custom_field_options").unwrap_or("[]");
        let options: Vec<&RawValue> = serde_json::from_str(options).unwrap_or_default();
        let value = |option: &&RawValue| get_text(option.get(), "value");
        Field {
            id: row.number,
            key: text("key").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            title: text("title").unwrap_or_default(),
            options: options.iter().filter_map(value).collect(),
            tag: text("tag"),
            pattern: text("regexp_for_validation"),
            target: text("relationship_target_type"),
            is_system: get(&row.text, "removable") == Some("false"),
        }
    });
    fields.find(is)
}

/// The value as the row stores it, as JSON. `None` if the value is ignored.
fn kept(
    world: &mut World<'_>,
    field: &Field,
    value: &Value,
    owner: Owner,
) -> Result<Option<String>, Refusal> {
    let is_keyed = owner != Owner::Ticket;
    let kind = field.kind.as_str();
    let bad = |what: &str| {
        let description = format!("{}: {what}", field.title);
        Err(Refusal::of(if is_keyed { &field.key } else { "base" }, description, "InvalidValue"))
    };
    // Null clears a field. Zendesk does not say so of each kind.
    if value.is_null() || (value.as_str() == Some("") && kind != "checkbox") {
        return Ok(Some(match kind {
            "checkbox" => "false".to_owned(),
            "multiselect" => "[]".to_owned(),
            _ => "null".to_owned(),
        }));
    }
    let as_text = || match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    Ok(Some(match kind {
        "checkbox" => match (flag(value), value.as_u64(), value.as_str()) {
            (Some(flag), ..) => flag.to_string(),
            (_, Some(number @ 0..=1), _) => (number == 1).to_string(),
            (_, _, Some("1")) => "true".to_owned(),
            (_, _, Some("" | "0")) => "false".to_owned(),
            _ => return bad("must be true or false"),
        },
        "tagger" | "dropdown" => {
            let chosen = as_text();
            if !value.is_string() || !field.options.contains(&chosen) {
                // Zendesk, issues of clients: a value that is no option, a title among them, is
                // ignored, and the answer is 200.
                world.ledger.ignored_options.push((name_of(field), chosen));
                return Ok(None);
            }
            quote(&chosen)
        }
        "multiselect" => {
            let Value::Array(chosen) = value else { return bad("must be a list") };
            let is_option = |one: &&str| field.options.iter().any(|option| option == one);
            let (known, unknown): (Vec<_>, Vec<_>) =
                chosen.iter().filter_map(Value::as_str).partition(is_option);
            let ignored = unknown.into_iter().map(|one| (name_of(field), one.to_owned()));
            world.ledger.ignored_options.extend(ignored);
            Value::from(known).to_string()
        }
        "date" => match day(&as_text()) {
            // Zendesk, User Fields: the dates of users and organizations have a time when they are
            // read.
            Some(day) if owner == Owner::Person => quote(&format!("{day}T00:00:00+00:00")),
            Some(day) => quote(&day),
            None => return bad("must be a date in the format YYYY-MM-DD"),
        },
        "integer" => match as_text().parse::<i64>() {
            // Zendesk, Ticket Fields: numbers of tickets are read as texts.
            Ok(number) if is_keyed => number.to_string(),
            Ok(number) => quote(&number.to_string()),
            Err(_) => return bad("must be an integer"),
        },
        "decimal" => match as_text().parse::<f64>() {
            Ok(number) if number.is_finite() && is_keyed => Value::from(number).to_string(),
            Ok(number) if number.is_finite() => quote(&as_text()),
            _ => return bad("must be a number"),
        },
        "lookup" => match (found(world, field, value), owner) {
            (Found::Row(id), Owner::Person) if id.bytes().all(|b| b.is_ascii_digit()) => id,
            (Found::Row(id), _) => quote(&id),
            (Found::NoRow, _) => {
                // Zendesk does not say what becomes of the id of a row that is not there. As with the
                // value of a dropdown it is ignored, and the answer is 200.
                world.ledger.ignored_lookups.push((name_of(field), as_text()));
                return Ok(None);
            }
            (Found::NoId, _) => return bad("must be the id of a record"),
        },
        _ if value.is_object() || value.is_array() => return bad("must be a text"),
        _ => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let is_fit = |pattern: &String| pattern::fits(pattern, &text);
            if kind == "regexp" && !field.pattern.as_ref().is_none_or(is_fit) {
                return bad("is not valid");
            }
            quote(&text)
        }
    }))
}

/// What the value of a lookup refers to.
enum Found {
    /// An existing row, by its id.
    Row(String),
    NoRow,
    /// The value cannot be an id.
    NoId,
}

/// Looks up a row of the kind that the field is for, by its id (Zendesk, Lookup Relationships).
fn found(world: &World<'_>, field: &Field, value: &Value) -> Found {
    let target = field.target.as_deref().unwrap_or_default();
    if let Some(key) = target.strip_prefix("zen:custom_object:") {
        let Some(id) = value.as_str() else { return Found::NoId };
        let object = world.custom_object(key);
        let record = object.and_then(|object| world.record_of(object, id));
        return record.map_or(Found::NoRow, |_| Found::Row(id.to_owned()));
    }
    let Some(id) = whole(value) else { return Found::NoId };
    let is_there = |table: &str| world.account.living(table, id).is_some();
    let is_there = match target {
        "zen:user" => is_there("users"),
        "zen:organization" => is_there("organizations"),
        "zen:ticket" => is_there("tickets"),
        _ => true,
    };
    if is_there { Found::Row(id.to_string()) } else { Found::NoRow }
}

fn name_of(field: &Field) -> String {
    if field.key.is_empty() { field.id.to_string() } else { field.key.clone() }
}

/// The day of a date. A time may follow it.
fn day(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let is_behind_fine = text.len() == 10 || text[10..].starts_with(['T', ' ']);
    let shape = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (shape && is_behind_fine && crate::clock::parse_iso(day).is_some()).then(|| day.to_owned())
}

/// Notes the tags that a change adds and removes. Zendesk, Ticket Fields: the tags of checkboxes
/// and the values of dropdowns are tags of the row. Zendesk adds and removes them.
fn note_tags(change: &mut Change, field: &Field, old: Option<String>, new: &str) {
    let tags = |raw: &str| -> Vec<String> {
        match (field.kind.as_str(), serde_json::from_str::<Value>(raw)) {
            ("checkbox", Ok(Value::Bool(true))) => field.tag.clone().into_iter().collect(),
            ("tagger" | "dropdown", Ok(Value::String(value))) => vec![value],
            ("multiselect", Ok(Value::Array(values))) => {
                values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let (old, new) = (tags(old.as_deref().unwrap_or("null")), tags(new));
    change.tags_lost.extend(old.iter().filter(|tag| !new.contains(tag)).cloned());
    change.tags_gained.extend(new.into_iter().filter(|tag| !old.contains(tag)));
}
