//! Decides what to do with an item, from its values and from what exists in Zendesk. Pure.

use std::collections::{BTreeMap, BTreeSet};

use airbyte::destination::ledger::{Move, Settled};
use serde_json::{Map, Value, json};

use crate::audience::Mark;
use crate::config::{Config, NullHandling, OnEmailMatch, OrganizationMode, TagsMode};
use crate::fields::{Field, Place, is_id};
use crate::id::Id;
use crate::object::{KeyField, Object, Operation};
use crate::rejected::Reason;
use crate::rows::{Doubt, Item, Layout};

mod change;
mod memberships;
mod whom;

pub use self::change::Change;
pub use self::memberships::Ends;
use self::memberships::{Decision, membership};
use self::whom::{ambiguous, of_whom, related_not_found};

/// What exists in Zendesk for an item.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Why Zendesk refuses to search for the key.
    pub refused: Option<Reason>,
    /// The rows that have its key.
    pub rows: Vec<Value>,
    /// Users with its address, or organizations with its name. Searched if a creation was refused as a
    /// duplicate.
    pub rivals: Vec<Value>,
    /// Rows with its external id, if the external id is not its key.
    pub taken: Vec<Value>,
    /// The ids of related rows, by the number of the field that refers to them.
    pub related: BTreeMap<usize, Id>,
    /// The two ends of a membership.
    pub ends: Option<Ends>,
    /// The organizations of the user, each with the id of the membership. `None` if they are not needed.
    pub memberships: Option<BTreeMap<u64, u64>>,
}

impl Found {
    /// The ids of all rows that the item may mean: those with its key, its address or its external id.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        let rows = self.rows.iter().chain(&self.rivals).chain(&self.taken);
        rows.filter_map(|row| row["id"].as_u64())
    }
}

/// What to do with an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    Settle(Result<Settled, Reason>),
    /// Zendesk reports a duplicate that the search does not show yet: search again later.
    LookAgain,
    Create(Map<String, Value>),
    Change(Change),
    Delete(Id),
}

/// Decides what to do with an item.
#[must_use]
pub fn plan(layout: &Layout, item: &Item, found: &Found, config: &Config) -> Plan {
    match of_item(layout, item, found, config) {
        Ok(plan) => plan,
        Err(why) => Plan::Settle(Err(why)),
    }
}

fn of_item(layout: &Layout, item: &Item, found: &Found, config: &Config) -> Result<Plan, Reason> {
    if let Some(why) = &found.refused {
        return Err(why.clone());
    }
    if let Some(ends) = &found.ends {
        return membership(layout, item, ends, config).map(|decision| match decision {
            Decision::Settle(settled) => Plan::Settle(Ok(settled)),
            Decision::Add(body) => Plan::Create(body),
            Decision::Remove(id) => Plan::Delete(id),
        });
    }
    let (object, operation) = (layout.bound.object, layout.bound.operation);
    let key = layout.bound.key.map(KeyField::name);
    let (row, is_adopted) = match (found.rows.as_slice(), operation) {
        ([], Operation::Delete) => {
            let settled = item.intended.unwrap_or(Settled::Unchanged);
            return Ok(Plan::Settle(Ok(settled)));
        }
        // A row that does not exist is not a member.
        ([], _) if layout.leaves(&item.wanted) => {
            return Ok(Plan::Settle(Ok(item.intended.unwrap_or(Settled::Unchanged))));
        }
        // Zendesk assigns ids: the new row would get another id, and each sync would create it again.
        ([], _) if layout.bound.key == Some(KeyField::Id) => {
            let why = format!(
                "no {} has this id, and Zendesk assigns the ids of new rows",
                object.singular()
            );
            return Err(Reason::new(Reason::NOT_FOUND, key, why));
        }
        ([], Operation::Update) => {
            let why = format!("no {} has this key", object.singular());
            return Err(Reason::new(Reason::NOT_FOUND, key, why));
        }
        ([], Operation::Insert | Operation::Upsert) => {
            match adopted(layout, item, found, config)? {
                Adopted::Nobody => return create(layout, item, found, config).map(Plan::Create),
                Adopted::NotSeenYet => return Ok(Plan::LookAgain),
                Adopted::User(user) => (user, true),
            }
        }
        ([row], _) => (row, false),
        (rows, _) => return Err(ambiguous(key, rows)),
    };
    let id = of_whom(object, row, config)?;
    if operation == Operation::Delete {
        return Ok(Plan::Delete(id));
    }
    let change = change(layout, item, found, (id.clone(), row), config)?;
    if change.is_empty() {
        return Ok(Plan::Settle(Ok(item.intended.unwrap_or(Settled::Unchanged))));
    }
    // A row that this program created gets the values of the item. A row of others is not changed.
    if operation == Operation::Insert && item.intended != Some(Settled::Created) && !is_adopted {
        let why = format!("the {} {id} already has this key, with other values", object.singular());
        return Err(Reason::new("already_exists", key, why));
    }
    if object == Object::Tickets && row["status"] == "closed" {
        let why = format!("the ticket {id} is closed, and closed tickets cannot be changed");
        return Err(Reason::new("closed_ticket", None, why));
    }
    Ok(Plan::Change(change))
}

/// The user that blocks a creation, if there is one.
enum Adopted<'f> {
    Nobody,
    NotSeenYet,
    User(&'f Value),
}

/// Finds the user who has the row's address. An upsert adopts the user if the config allows it and the user
/// has no external id.
fn adopted<'f>(
    layout: &Layout,
    item: &Item,
    found: &'f Found,
    config: &Config,
) -> Result<Adopted<'f>, Reason> {
    // Some are searched before anything was refused.
    let refusal = match &item.doubt {
        Some(Doubt::Duplicate(why)) => Some(why),
        _ => None,
    };
    if let Some(other) = found.taken.first() {
        let (id, one) = (&other["id"], layout.bound.object.singular());
        let words = format!("the {one} {id} already has this external id");
        let name = KeyField::ExternalId.name();
        let why = Reason::new("already_exists", Some(name), words);
        return Err(match refusal {
            Some(refusal) => {
                Reason { job_id: refusal.job_id.clone(), http_status: refusal.http_status, ..why }
            }
            None => why,
        });
    }
    match (found.rivals.first(), refusal) {
        (Some(rival), refusal) => adopt(layout, rival, refusal, config),
        // Records cannot be searched by name.
        (None, Some(why)) if is_record(layout) && why.field.as_deref() == Some("name") => {
            Err(Reason { reason: "already_exists".into(), ..why.clone() })
        }
        (None, Some(_)) => Ok(Adopted::NotSeenYet),
        (None, None) => Ok(Adopted::Nobody),
    }
}

fn is_record(layout: &Layout) -> bool {
    matches!(layout.bound.object, Object::Records(_))
}

fn adopt<'f>(
    layout: &Layout,
    rival: &'f Value,
    why: Option<&Reason>,
    config: &Config,
) -> Result<Adopted<'f>, Reason> {
    let object = layout.bound.object;
    let field = if object == Object::Users { "email" } else { "name" };
    let id = &rival["id"];
    let refused = |words: String| {
        let mut refused = Reason::new("already_exists", Some(field), words);
        if let Some(why) = why {
            refused.job_id.clone_from(&why.job_id);
            refused.http_status = why.http_status;
        }
        Err(refused)
    };
    let may_adopt = object == Object::Users
        && layout.bound.operation == Operation::Upsert
        && config.on_email_match == OnEmailMatch::Adopt;
    let external_id = rival["external_id"].as_str().filter(|text| !text.is_empty());
    match external_id {
        _ if !may_adopt => {
            refused(format!("the {} {id} already has this {field}", object.singular()))
        }
        Some(_) => refused(format!("the user {id} has this email and another external id")),
        None => Ok(Adopted::User(rival)),
    }
}

/// The request body that creates the item.
fn create(
    layout: &Layout,
    item: &Item,
    found: &Found,
    config: &Config,
) -> Result<Map<String, Value>, Reason> {
    let object = layout.bound.object;
    if let Some(why) = layout.lack(&item.wanted) {
        return Err(why);
    }
    let mut body = Map::new();
    let mut custom_fields = Vec::new();
    for (at, value) in &item.wanted {
        let Some(field) = layout.fields.get(*at).filter(|_| !value.is_null()) else { continue };
        match &field.place {
            Place::System | Place::Email | Place::AtCreation | Place::Domains => {
                body.insert(field.name.clone(), value.clone());
            }
            Place::Tags if config.tags_mode != TagsMode::Remove => {
                body.insert("tags".into(), value.clone());
            }
            Place::Organization => drop(body.insert("organization_id".into(), value.clone())),
            Place::CustomKey(key) => {
                let fields = body.entry(object.custom_fields()).or_insert_with(|| json!({}));
                fields[key] = field.written(object, value);
            }
            Place::CustomId(id) => custom_fields.push(json!({ "id": id, "value": value })),
            Place::Related(relation) => {
                let id = related(field, *at, found)?;
                relation.write(object, Some(id), &mut body, &mut custom_fields);
            }
            Place::Description => {
                let comment = json!({ "body": value, "public": config.notify });
                body.insert("comment".into(), comment);
            }
            Place::Mark(mark) if *value == true => mark_new(&mut body, object, mark),
            Place::Id | Place::Tags | Place::Comment | Place::Mark(_) => {}
        }
    }
    if !custom_fields.is_empty() {
        body.insert("custom_fields".into(), Value::Array(custom_fields));
    }
    if object == Object::Users {
        body.insert("skip_verify_email".into(), Value::Bool(!config.notify));
    }
    Ok(body)
}

/// The id of the row that a field refers to.
fn related(field: &Field, at: usize, found: &Found) -> Result<Id, Reason> {
    found.related.get(&at).cloned().ok_or_else(|| related_not_found(Some(&field.name)))
}

/// Compares the item with the existing row.
fn change(
    layout: &Layout,
    item: &Item,
    found: &Found,
    (id, row): (Id, &Value),
    config: &Config,
) -> Result<Change, Reason> {
    let object = layout.bound.object;
    let mut change = Change { id, ..Change::default() };
    let mut custom_fields = Vec::new();
    let key = layout.bound.key.map(KeyField::name);
    for (at, value) in &item.wanted {
        let Some(field) = layout.fields.get(*at) else { continue };
        let current = field.current(object, row);
        // The key found the row, so it is equal, whatever its case is.
        if key == Some(&field.name) && !current.is_null() {
            continue;
        }
        let is_other = match &field.place {
            Place::Tags => {
                let own = |written| layout.fields.tags_of_values(object, row, written);
                let own = (own(&BTreeMap::new()), own(&item.wanted));
                tags(&mut change, (value, current), &own, config)
            }
            Place::Domains => domains(&mut change, value, current),
            Place::Organization => organization(&mut change, value.as_u64(), (row, found), config),
            Place::Related(relation) => {
                let id = match value.is_null() {
                    true => None,
                    false => Some(related(field, *at, found)?),
                };
                if relation.is_organization_of(object) {
                    organization(&mut change, id.and_then(|id| id.number()), (row, found), config)
                } else {
                    let differs = !is_id(id.as_ref(), current);
                    if differs {
                        relation.write(object, id, &mut change.body, &mut custom_fields);
                    }
                    differs
                }
            }
            Place::Comment => {
                let text = value.as_str().filter(|text| !text.trim().is_empty());
                change.comment = text.map(str::to_owned);
                change.comment.is_some()
            }
            Place::Mark(mark) => {
                mark_existing(&mut change, (mark, *value == true), (object, row), found)
            }
            _ if field.equals(value, current) => false,
            Place::System => {
                change.body.insert(field.name.clone(), value.clone());
                true
            }
            Place::CustomKey(key) => {
                let fields = change.body.entry(object.custom_fields()).or_insert_with(|| json!({}));
                fields[key] = field.written(object, value);
                true
            }
            Place::CustomId(id) => {
                custom_fields.push(json!({ "id": id, "value": field.written(object, value) }));
                true
            }
            Place::Email => {
                change.email = value.as_str().map(str::to_owned);
                change.email.is_some()
            }
            Place::Id | Place::Description | Place::AtCreation => false,
        };
        if is_other {
            change.fields.push(field.name.clone());
        }
    }
    if !custom_fields.is_empty() {
        change.body.insert("custom_fields".into(), Value::Array(custom_fields));
    }
    Ok(change)
}

/// Marks a new row as a member.
fn mark_new(body: &mut Map<String, Value>, object: Object, mark: &Mark) {
    match mark {
        Mark::Field(key) => {
            let fields = body.entry(object.custom_fields()).or_insert_with(|| json!({}));
            fields[key] = Value::Bool(true);
        }
        Mark::Tag(tag) => drop(body.insert("tags".into(), json!([tag]))),
        Mark::Organization(id) => drop(body.insert("organization_id".into(), json!(id))),
    }
}

/// Marks an existing row as a member or removes the mark, with a request that changes nothing else. Returns
/// whether anything changes.
fn mark_existing(
    change: &mut Change,
    (mark, wanted): (&Mark, bool),
    (object, row): (Object, &Value),
    found: &Found,
) -> bool {
    let membership = match (mark, &found.memberships) {
        (Mark::Organization(id), Some(memberships)) => memberships.get(id).copied(),
        _ => None,
    };
    // If the memberships are known, they are more complete than the user's first organization.
    let is_member = match (mark, &found.memberships) {
        (Mark::Organization(_), Some(_)) => membership.is_some(),
        _ => Field::is_marked(mark, object, row),
    };
    if is_member == wanted {
        return false;
    }
    change.moved = Some(if wanted { Move::Joined } else { Move::Left });
    match mark {
        Mark::Field(key) => {
            let fields = change.body.entry(object.custom_fields()).or_insert_with(|| json!({}));
            fields[key] = Value::Bool(wanted);
        }
        Mark::Tag(tag) if wanted => change.tags_added = vec![tag.clone()],
        Mark::Tag(tag) => change.tags_removed = vec![tag.clone()],
        Mark::Organization(id) if wanted => change.organization = Some(*id),
        Mark::Organization(_) => change.ended = membership,
    }
    true
}

fn words(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    items.map(str::to_lowercase).collect()
}

/// Adds, removes or replaces tags. `before` and `after` are the tags that Zendesk sets itself, before and
/// after the row's fields are written: they are never removed.
fn tags(
    change: &mut Change,
    (value, current): (&Value, &Value),
    (before, after): &(BTreeSet<String>, BTreeSet<String>),
    config: &Config,
) -> bool {
    let (wanted, current) = (words(value), words(current));
    match config.tags_mode {
        TagsMode::Add => {
            change.tags_added = wanted.into_iter().filter(|tag| !current.contains(tag)).collect();
            !change.tags_added.is_empty()
        }
        TagsMode::Remove => {
            change.tags_removed = wanted.into_iter().filter(|tag| current.contains(tag)).collect();
            !change.tags_removed.is_empty()
        }
        TagsMode::Replace => {
            // What the fields themselves change about the tags.
            let mut current: BTreeSet<String> = current.into_iter().collect();
            current.retain(|tag| !before.contains(tag) || after.contains(tag));
            current.extend(after.difference(before).cloned());
            let kept = current.intersection(after).cloned();
            let all: BTreeSet<String> = wanted.into_iter().chain(kept).collect();
            let differs = all != current;
            if differs {
                change.body.insert("tags".into(), json!(all));
            }
            differs
        }
    }
}

/// Adds domains. To remove one would remove users from the organization.
fn domains(change: &mut Change, value: &Value, current: &Value) -> bool {
    let mut all = words(current);
    let before = all.len();
    for domain in words(value) {
        if !all.contains(&domain) {
            all.push(domain);
        }
    }
    let is_more = all.len() > before;
    if is_more {
        change.body.insert("domain_names".into(), json!(all));
    }
    is_more
}

/// Adds or replaces the organization of a user. Returns whether anything changes.
fn organization(
    change: &mut Change,
    wanted: Option<u64>,
    (row, found): (&Value, &Found),
    config: &Config,
) -> bool {
    let current = row["organization_id"].as_u64();
    let memberships: BTreeSet<u64> = match &found.memberships {
        Some(memberships) => memberships.keys().copied().collect(),
        None => current.into_iter().collect(),
    };
    match (config.organization_mode, wanted) {
        (OrganizationMode::Add, Some(wanted)) => {
            let is_new = current != Some(wanted) && !memberships.contains(&wanted);
            if is_new {
                change.organization = Some(wanted);
            }
            is_new
        }
        // Without an organization there is nothing to add.
        (OrganizationMode::Add, None) => false,
        (OrganizationMode::Replace, wanted) => {
            let only: BTreeSet<u64> = wanted.into_iter().collect();
            let may_clear = wanted.is_some() || config.null_handling == NullHandling::Clear;
            let differs = may_clear && (current != wanted || memberships != only);
            if differs {
                change.body.insert("organization_id".into(), json!(wanted));
            }
            differs
        }
    }
}

#[cfg(test)]
mod tests;
