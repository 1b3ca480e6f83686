//! Requests that write one object.

use super::request::{Call, or_answer};
use super::tags::TagDeed;
use super::validation::tags;
use crate::answer::Answer;
use serde_json::json;

type Outcome = Result<Answer, Answer>;

pub(super) fn create_user(call: &mut Call<'_>) -> Outcome {
    let input = call.object("user")?;
    let id = or_answer(call.world.create_user(&input))?;
    call.shown(201, "user", "users", id)
}

pub(super) fn create_or_update_user(call: &mut Call<'_>) -> Outcome {
    let input = call.object("user")?;
    let (id, is_new) = or_answer(call.world.create_or_update_user(&input))?;
    call.shown(if is_new { 201 } else { 200 }, "user", "users", id)
}

pub(super) fn update_user(call: &mut Call<'_>) -> Outcome {
    let (id, input) = (call.id(0)?, call.object("user")?);
    or_answer(call.world.update_user(id, &input))?;
    call.shown(200, "user", "users", id)
}

pub(super) fn delete_user(call: &mut Call<'_>) -> Outcome {
    let id = call.id(0)?;
    or_answer(call.world.delete_user(id))?;
    call.shown(200, "user", "users", id)
}

pub(super) fn create_identity(call: &mut Call<'_>) -> Outcome {
    let (user, mut input) = (call.id(0)?, call.object("identity")?);
    // Zendesk, User Identities: the wish for no mail is in the body, beside the identity or in it.
    if let Some(skip) = call.body("identity")?.get("skip_verify_email") {
        input.insert("skip_verify_email".to_owned(), skip.clone());
    }
    let id = or_answer(call.world.create_identity(user, &input))?;
    call.shown(201, "identity", "user_identities", id)
}

pub(super) fn update_identity(call: &mut Call<'_>) -> Outcome {
    let (user, id, input) = (call.id(0)?, call.id(1)?, call.object("identity")?);
    or_answer(call.world.update_identity(user, id, &input))?;
    call.shown(200, "identity", "user_identities", id)
}

pub(super) fn make_primary(call: &mut Call<'_>) -> Outcome {
    let (user, id) = (call.id(0)?, call.id(1)?);
    or_answer(call.world.make_primary(user, id))?;
    let rows = call.world.account.table("user_identities").children(user);
    let rows: Vec<&str> = rows.map(|row| row.text.as_str()).collect();
    let count = rows.len();
    Ok(Answer::ok(format!(
        r#"{{"identities":[{}],"next_page":null,"previous_page":null,"count":{count}}}"#,
        rows.join(",")
    )))
}

pub(super) fn delete_identity(call: &mut Call<'_>) -> Outcome {
    let (user, id) = (call.id(0)?, call.id(1)?);
    or_answer(call.world.delete_identity(user, id))?;
    Ok(Answer::no_content())
}

pub(super) fn create_membership(call: &mut Call<'_>) -> Outcome {
    let input = call.object("organization_membership")?;
    let id = or_answer(call.world.create_membership(&input))?;
    call.shown(201, "organization_membership", "organization_memberships", id)
}

/// Zendesk, Organization Memberships: the user's other memberships stay.
pub(super) fn make_default_membership(call: &mut Call<'_>) -> Outcome {
    let (user, id) = (call.id(0)?, call.id(1)?);
    let all = call.world.account.memberships_of(user);
    let of = all.iter().find(|(number, _)| *number == id).map(|(_, of)| *of);
    call.world.make_default(user, Some(of.ok_or_else(Answer::not_found)?));
    let rows = call.world.account.table("organization_memberships");
    let rows = all.iter().filter_map(|(number, _)| rows.rows.get(number));
    let rows: Vec<&str> = rows.map(|row| row.text.as_str()).collect();
    let count = rows.len();
    Ok(Answer::ok(format!(
        r#"{{"organization_memberships":[{}],"next_page":null,"previous_page":null,"count":{count}}}"#,
        rows.join(",")
    )))
}

pub(super) fn delete_membership(call: &mut Call<'_>) -> Outcome {
    let id = call.id(0)?;
    or_answer(call.world.delete_membership(id))?;
    Ok(Answer::no_content())
}

pub(super) fn create_organization(call: &mut Call<'_>) -> Outcome {
    let input = call.object("organization")?;
    let id = or_answer(call.world.create_organization(&input))?;
    call.shown(201, "organization", "organizations", id)
}

pub(super) fn create_or_update_organization(call: &mut Call<'_>) -> Outcome {
    let input = call.object("organization")?;
    let (id, is_new) = or_answer(call.world.create_or_update_organization(&input))?;
    call.shown(if is_new { 201 } else { 200 }, "organization", "organizations", id)
}

pub(super) fn update_organization(call: &mut Call<'_>) -> Outcome {
    let (id, input) = (call.id(0)?, call.object("organization")?);
    or_answer(call.world.update_organization(id, &input))?;
    call.shown(200, "organization", "organizations", id)
}

pub(super) fn delete_organization(call: &mut Call<'_>) -> Outcome {
    let id = call.id(0)?;
    or_answer(call.world.delete_organization(id))?;
    Ok(Answer::no_content())
}

/// Zendesk, Tickets: an `Idempotency-Key` gives the same request the same answer.
pub(super) fn create_ticket(call: &mut Call<'_>) -> Outcome {
    let (key, body, now) = (call.written.idempotency_key, call.written.body, call.asked.now);
    if !key.is_empty()
        && let Some(answer) = call.idempotent.known(key, body, now)
    {
        return Ok(answer);
    }
    let input = call.object("ticket")?;
    let (id, audit) = or_answer(call.world.create_ticket(&input))?;
    let mut answer = call.shown(201, "ticket", "tickets", id)?;
    with_audit(&mut answer, &audit);
    if key.is_empty() {
        return Ok(answer);
    }
    Ok(call.idempotent.keep(key, body, now, answer))
}

pub(super) fn update_ticket(call: &mut Call<'_>) -> Outcome {
    let (id, input) = (call.id(0)?, call.object("ticket")?);
    let audit = or_answer(call.world.update_ticket(id, &input))?;
    let mut answer = call.shown(200, "ticket", "tickets", id)?;
    with_audit(&mut answer, &audit);
    Ok(answer)
}

fn with_audit(answer: &mut Answer, audit: &str) {
    crate::row_text::append(&mut answer.body, "audit", audit);
}

pub(super) fn delete_ticket(call: &mut Call<'_>) -> Outcome {
    let id = call.id(0)?;
    or_answer(call.world.delete_ticket(id))?;
    Ok(Answer::no_content())
}

pub(super) fn set_tags(call: &mut Call<'_>) -> Outcome {
    change_tags(call, TagDeed::Set)
}

pub(super) fn add_tags(call: &mut Call<'_>) -> Outcome {
    change_tags(call, TagDeed::Add)
}

pub(super) fn remove_tags(call: &mut Call<'_>) -> Outcome {
    change_tags(call, TagDeed::Remove)
}

/// Zendesk, Tags: POST replaces the list and answers 201, PUT adds and answers 200, DELETE removes.
/// For a ticket, DELETE answers 204. For other rows it was recorded that it answers 200 with the
/// list.
fn change_tags(call: &mut Call<'_>, deed: TagDeed) -> Outcome {
    let (id, body) = (call.id(0)?, call.body("tags")?);
    let object = match call.written.route.path.split('/').next() {
        Some("users") => "users",
        Some("organizations") => "organizations",
        _ => "tickets",
    };
    if object == "tickets"
        && let Some(row) = call.world.account.living("tickets", id)
    {
        let text = row.text.clone();
        or_answer(call.world.check_stamp(&text, &body))?;
    }
    let tags = tags(body.get("tags"));
    let all = or_answer(call.world.change_tags(object, id, deed, &tags))?;
    let status = match deed {
        TagDeed::Set => 201,
        TagDeed::Remove if object == "tickets" => return Ok(Answer::no_content()),
        TagDeed::Add | TagDeed::Remove => 200,
    };
    Ok(Answer::json(status, json!({ "tags": all }).to_string()))
}
