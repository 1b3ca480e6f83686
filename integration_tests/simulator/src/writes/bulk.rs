//! Requests that order a job: for up to a hundred objects, or one change of up to a hundred rows.

use super::items::{Item, JobKind};
use super::refusal::Refusal;
use super::request::{Call, or_answer};
use super::validation::{Input, whole};
use crate::answer::Answer;
use serde_json::{Value, json};

/// The most items of a bulk call (Zendesk).
pub(super) const MOST_ITEMS: usize = 100;

type Outcome = Result<Answer, Answer>;

/// The names of an object in bodies.
#[derive(Clone, Copy)]
struct Names {
    one: &'static str,
    many: &'static str,
}

const USER: Names = Names { one: "user", many: "users" };
const ORGANIZATION: Names = Names { one: "organization", many: "organizations" };
const TICKET: Names = Names { one: "ticket", many: "tickets" };
const MEMBERSHIP: Names =
    Names { one: "organization_membership", many: "organization_memberships" };

pub(super) fn create_users(call: &mut Call<'_>) -> Outcome {
    create(call, JobKind::CreateUsers, USER)
}

pub(super) fn upsert_users(call: &mut Call<'_>) -> Outcome {
    create(call, JobKind::UpsertUsers, USER)
}

pub(super) fn update_users(call: &mut Call<'_>) -> Outcome {
    update(call, JobKind::UpdateUsers, USER)
}

pub(super) fn delete_users(call: &mut Call<'_>) -> Outcome {
    delete(call, JobKind::DeleteUsers)
}

pub(super) fn create_organizations(call: &mut Call<'_>) -> Outcome {
    create(call, JobKind::CreateOrganizations, ORGANIZATION)
}

pub(super) fn update_organizations(call: &mut Call<'_>) -> Outcome {
    update(call, JobKind::UpdateOrganizations, ORGANIZATION)
}

pub(super) fn delete_organizations(call: &mut Call<'_>) -> Outcome {
    delete(call, JobKind::DeleteOrganizations)
}

pub(super) fn create_tickets(call: &mut Call<'_>) -> Outcome {
    create(call, JobKind::CreateTickets, TICKET)
}

pub(super) fn update_tickets(call: &mut Call<'_>) -> Outcome {
    update(call, JobKind::UpdateTickets, TICKET)
}

pub(super) fn delete_tickets(call: &mut Call<'_>) -> Outcome {
    delete(call, JobKind::DeleteTickets)
}

pub(super) fn create_memberships(call: &mut Call<'_>) -> Outcome {
    create(call, JobKind::CreateMemberships, MEMBERSHIP)
}

pub(super) fn delete_memberships(call: &mut Call<'_>) -> Outcome {
    delete(call, JobKind::DeleteMemberships)
}

fn create(call: &mut Call<'_>, kind: JobKind, names: Names) -> Outcome {
    let items = objects(call, kind, names)?;
    let items = items.into_iter().map(|input| Item { input, ..Item::default() });
    order(call, kind, items.collect())
}

/// The objects in the body.
fn objects(call: &mut Call<'_>, kind: JobKind, names: Names) -> Result<Vec<Input>, Answer> {
    let mut body = call.body(names.many)?;
    let Some(Value::Array(list)) = body.remove(names.many) else {
        return Err(Refusal::Missing(names.many).answer());
    };
    let count = list.len();
    let objects = list.into_iter().filter_map(|one| match one {
        Value::Object(object) => Some(object),
        _ => None,
    });
    let objects: Vec<Input> = objects.collect();
    if objects.is_empty() || objects.len() < count {
        return Err(Refusal::Missing(names.many).answer());
    }
    if count > MOST_ITEMS {
        return Err(too_many(kind));
    }
    objects.iter().try_for_each(|input| check(call, kind, input))?;
    Ok(objects)
}

/// Checks the types of an object's values. A wrong type refuses the whole request before there is a
/// job.
pub(super) fn check(call: &mut Call<'_>, kind: JobKind, input: &Input) -> Result<(), Answer> {
    let (attributes, action) = kind.attributes();
    for key in or_answer(attributes.check(input, action))? {
        if !call.world.unpermitted.contains(&key) {
            call.world.unpermitted.push(key);
        }
    }
    Ok(())
}

/// Orders one change of the rows that the query names, or a batch of objects with ids.
fn update(call: &mut Call<'_>, kind: JobKind, names: Names) -> Outcome {
    if let Some(rows) = listed(call, kind)? {
        let input = call.object(names.one)?;
        check(call, kind, &input)?;
        let items = rows.into_iter().map(|item| Item { input: input.clone(), ..item });
        return order(call, kind, items.collect());
    }
    let items = objects(call, kind, names)?.into_iter().map(|mut input| {
        // Zendesk, Update Many: an object of a batch is named by its id. That an external id names
        // one is claimed by one report alone.
        let id = input.remove("id").as_ref().and_then(whole);
        Item { id, input, ..Item::default() }
    });
    order(call, kind, items.collect())
}

fn delete(call: &mut Call<'_>, kind: JobKind) -> Outcome {
    match listed(call, kind)? {
        Some(items) => order(call, kind, items),
        None => Err(Refusal::Missing("ids").answer()),
    }
}

/// The rows that `?ids=` or `?external_ids=` names. `None` without either parameter.
fn listed(call: &Call<'_>, kind: JobKind) -> Result<Option<Vec<Item>>, Answer> {
    let has_external_ids = matches!(
        kind,
        JobKind::UpdateUsers
            | JobKind::DeleteUsers
            | JobKind::UpdateOrganizations
            | JobKind::DeleteOrganizations
    );
    let words = |list: &str| -> Vec<String> {
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let items: Vec<Item> = if let Some(list) = call.asked.get("ids") {
        let ids = words(list).into_iter().map(|word| {
            let id =
                word.parse().map_err(|_| Answer::bad_value("InvalidValue", "ids is not valid"))?;
            Ok(Item { id: Some(id), is_listed: true, ..Item::default() })
        });
        ids.collect::<Result<_, Answer>>()?
    } else if let Some(list) = call.asked.get("external_ids").filter(|_| has_external_ids) {
        let keys = words(list).into_iter().map(|key| {
            let external_id = Some(key);
            Item { external_id, is_listed: true, ..Item::default() }
        });
        keys.collect()
    } else {
        return Ok(None);
    };
    match items.len() {
        0 => Err(Refusal::Missing("ids").answer()),
        1..=MOST_ITEMS => Ok(Some(items)),
        _ => Err(too_many(kind)),
    }
}

/// The recorded answer to more than a hundred items.
pub(super) fn too_many(kind: JobKind) -> Answer {
    let body = if kind == JobKind::CreateUsers {
        json!({ "error": "TooManyValues",
            "description": "Maximum 100 users may be created per call" })
    } else {
        json!({ "error": "TooManyValues", "max_count": MOST_ITEMS,
            "description": "Parameter  cannot specify more than 100 values" })
    };
    Answer::json(400, body.to_string())
}

pub(super) fn order(call: &mut Call<'_>, kind: JobKind, items: Vec<Item>) -> Outcome {
    let Call { world, jobs, knobs, written, .. } = call;
    Ok(jobs.order(kind, items, world, knobs, written.now_ms))
}
