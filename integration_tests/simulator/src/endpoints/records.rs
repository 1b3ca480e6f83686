//! Lookups of custom objects and of their records. Sources: Zendesk, Custom Objects; Custom Object
//! Records.

use super::Desk;
use crate::account::table::{Order, Row, SortKey};
use crate::answer::Answer;
use crate::paging::{self, Flavour, Rows};
use crate::query::Asked;
use crate::row_text;

/// The most keys of a filter.
const MOST_KEYS: usize = 100;

pub(super) fn show_object(desk: &Desk<'_>, key: &str) -> Result<Answer, Answer> {
    let row = desk.account.table("custom_objects").by_key(key).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(format!("{{\"custom_object\":{}}}", row.text)))
}

pub(super) fn show(desk: &Desk<'_>, object: &str, id: &str) -> Result<Answer, Answer> {
    let account = &*desk.account;
    let object = account.table("custom_objects").by_key(object).ok_or_else(Answer::not_found)?;
    let row = account.table("custom_object_records").by_key(id);
    let row = row.filter(|row| !row.deleted && row.parent == Some(object.number));
    let row = row.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(format!("{{\"custom_object_record\":{}}}", row.text)))
}

/// Lists the records of an object by cursor. `filter[ids]` and `filter[external_ids]` select the
/// records that have one of the keys, case-sensitive. There is no lag.
pub(super) fn list(desk: &mut Desk<'_>, object: &str, asked: &Asked) -> Result<Answer, Answer> {
    let account = &*desk.account;
    let object = account.table("custom_objects").by_key(object).ok_or_else(Answer::not_found)?;
    let (ids, external_ids) =
        (filter(asked, "filter[ids]")?, filter(asked, "filter[external_ids]")?);
    let is_asked = |row: &Row| {
        let external_id = || row_text::get_text(&row.text, "external_id").unwrap_or_default();
        ids.as_ref().is_none_or(|ids| ids.contains(&row.key.as_str()))
            && external_ids.as_ref().is_none_or(|keys| keys.contains(&external_id().as_str()))
    };
    let (order, descending) = match asked.get("sort") {
        None | Some("id") => (Order::Id, false),
        Some("-id") => (Order::Id, true),
        Some("updated_at") => (Order::Updated, false),
        Some("-updated_at") => (Order::Updated, true),
        Some(_) => return Err(Answer::bad_paging("sort is not valid")),
    };
    let table = account.table("custom_object_records");
    let rows = table.children(object.number).filter(|row| !row.deleted && is_asked(row));
    let mut keys: Vec<SortKey> = rows.map(|row| table.sort_key(row, order)).collect();
    keys.sort_unstable();
    if descending {
        keys.reverse();
    }
    let flavour = Flavour {
        key: "custom_object_records",
        order,
        descending,
        max: 100,
        help_center: false,
        json_api: false,
        cursor_life_s: None,
        is_emptied: false,
    };
    let text = |number: u64| table.rows[&number].text.clone();
    // Zendesk: the number of results returned for the current request.
    let count = |page: &[SortKey]| format!(",\"count\":{}", page.len());
    paging::by_cursor(asked, &Rows { keys, text: &text }, flavour, &count, desk.cursors)
}

fn filter<'a>(asked: &'a Asked, name: &str) -> Result<Option<Vec<&'a str>>, Answer> {
    let Some(list) = asked.get(name) else { return Ok(None) };
    let keys: Vec<&str> = list.split(',').filter(|key| !key.is_empty()).collect();
    if keys.len() > MOST_KEYS {
        let text = r#"{"error":"TooManyValues","description":"Parameter  cannot specify more than 100 values","max_count":100}"#;
        return Err(Answer::json(400, text));
    }
    Ok(Some(keys))
}
