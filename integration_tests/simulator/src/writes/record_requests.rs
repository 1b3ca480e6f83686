//! Requests that write records of custom objects, one by one or by jobs. Source: Zendesk, Custom
//! Object Records.

use super::bulk::{MOST_ITEMS, check, order, too_many};
use super::items::{Item, JobKind};
use super::records::RecordDeed;
use super::refusal::Refusal;
use super::request::{Call, or_answer};
use super::validation::Input;
use crate::answer::Answer;
use serde_json::Value;

type Outcome = Result<Answer, Answer>;

const ONE: &str = "custom_object_record";

/// The object that the path names.
fn object(call: &Call<'_>) -> Result<u64, Answer> {
    let key = call.written.ids.first().copied().unwrap_or_default();
    or_answer(call.world.custom_object(key))
}

/// The record that the path names.
fn record(call: &Call<'_>, object: u64) -> Result<u64, Answer> {
    let id = call.written.ids.get(1).copied().unwrap_or_default();
    or_answer(call.world.record_of(object, id))
}

fn shown(call: &Call<'_>, status: u16, number: u64) -> Outcome {
    let text = or_answer(call.world.text("custom_object_records", number))?;
    Ok(Answer::json(status, format!("{{\"{ONE}\":{text}}}")))
}

pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let (object, input) = (object(call)?, call.object(ONE)?);
    let number = or_answer(call.world.create_record(object, &input))?;
    shown(call, 201, number)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let object = object(call)?;
    let (number, input) = (record(call, object)?, call.object(ONE)?);
    or_answer(call.world.update_record(object, number, &input))?;
    shown(call, 200, number)
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let object = object(call)?;
    let number = record(call, object)?;
    or_answer(call.world.delete_record(object, number))?;
    Ok(Answer::no_content())
}

/// The key in the query: either an external id or a name, never both.
fn key(call: &Call<'_>) -> Result<(&'static str, String), Answer> {
    let given = |name: &'static str| {
        let key = call.asked.get(name).filter(|key| !key.is_empty());
        key.map(|key| (name, key.to_owned()))
    };
    match (given("external_id"), given("name")) {
        (Some(_), Some(_)) => {
            Err(Answer::bad_value("InvalidValue", "external_id and name cannot be used together"))
        }
        (Some(key), None) | (None, Some(key)) => Ok(key),
        (None, None) => Err(Refusal::Missing("external_id").answer()),
    }
}

/// Zendesk, Set Custom Object Record by External Id Or Name: answers 200 whether or not the record
/// existed.
pub(super) fn upsert(call: &mut Call<'_>) -> Outcome {
    let object = object(call)?;
    let ((field, key), input) = (key(call)?, call.object(ONE)?);
    let (number, _) = or_answer(call.world.upsert_record(object, field, &key, &input))?;
    shown(call, 200, number)
}

pub(super) fn delete_by_key(call: &mut Call<'_>) -> Outcome {
    let object = object(call)?;
    let (field, key) = key(call)?;
    let number = call.world.record_with(object, field, &key).ok_or_else(Answer::not_found)?;
    or_answer(call.world.delete_record(object, number))?;
    Ok(Answer::no_content())
}

/// `{"job": {"action": "create", "items": [..]}}`
pub(super) fn order_job(call: &mut Call<'_>) -> Outcome {
    let object = object(call)?;
    let job = call.object("job")?;
    let action = job.get("action").and_then(Value::as_str).unwrap_or_default();
    let deed = RecordDeed::of(action)
        .ok_or_else(|| Answer::bad_value("InvalidValue", "action is not valid"))?;
    let Some(Value::Array(list)) = job.get("items").filter(|items| *items != &Value::Array(vec![]))
    else {
        return Err(Refusal::Missing("items").answer());
    };
    let kind = JobKind::Records(deed);
    if list.len() > MOST_ITEMS {
        return Err(too_many(kind));
    }
    let item = |one: &Value| match (deed.takes_keys(), one) {
        (true, Value::String(key)) => {
            let (external_id, object) = (Some(key.clone()), Some(object));
            Ok(Item { external_id, object, ..Item::default() })
        }
        (false, Value::Object(input)) => {
            Ok(Item { input: input.clone(), object: Some(object), ..Item::default() })
        }
        _ => Err(Refusal::Missing("items").answer()),
    };
    let items: Vec<Item> = list.iter().map(item).collect::<Result<_, Answer>>()?;
    let inputs: Vec<&Input> = items.iter().map(|item| &item.input).collect();
    inputs.into_iter().try_for_each(|input| check(call, kind, input))?;
    let mut answer = order(call, kind, items)?;
    if answer.status == 200 {
        // Zendesk, Custom Object Record Bulk Jobs.
        answer.status = 201;
    }
    Ok(answer)
}
