//! Export Search Results. The index lags behind the account, never shows deleted rows, and is
//! not refreshed by silent changes. Source: Zendesk, Search (Export Search Results).

use super::search_words::words;
use super::{Desk, pass};
use crate::account::Account;
use crate::account::table::{Order, Row, SortKey};
use crate::answer::Answer;
use crate::auth::{Person, Role};
use crate::listings::{Below, Gate};
use crate::paging::{self, Flavour, Rows};
use crate::query::Asked;
use crate::row_text;
use crate::settings::Plan;
use std::borrow::Cow;
use std::collections::BTreeSet;

const GATE: Gate = Gate { role: Role::Agent, plan: (Plan::Essential, Below::NoAccess), scope: "" };

pub(super) fn export(
    desk: &mut Desk<'_>,
    asked: &Asked,
    person: &Person,
) -> Result<Answer, Answer> {
    pass(&GATE, person, desk.settings)?;
    let kind = asked.get("filter[type]").unwrap_or_default();
    let table = match kind {
        "ticket" => "tickets",
        "user" => "users",
        "organization" => "organizations",
        "group" => "groups",
        _ => return Err(Answer::bad_value("InvalidValue", "filter[type] is not valid")),
    };
    let query = query(asked)?;
    if query.split_whitespace().any(|word| word.starts_with("type:")) {
        return Err(Answer::bad_value("InvalidValue", "type belongs into filter[type]"));
    }
    let found = found(desk, table, query)?;
    // Newest first, ties by ascending id.
    let key = |row: &Row| SortKey { number: -row.created_at, text: String::new(), id: row.number };
    let mut keys: Vec<_> = found.into_iter().map(key).collect();
    keys.sort_unstable();
    let account = &*desk.account;
    let newest = account.now() - desk.knobs.search_lag_seconds;
    let text = |number: u64| {
        let row = &account.table(table).rows[&number];
        let written_since = row.as_of(newest).filter(|_| !row.former.is_empty());
        let indexed = written_since.as_deref().unwrap_or(row).indexed();
        let mut text = row_text::without(indexed, "generated_timestamp");
        row_text::append(&mut text, "result_type", &row_text::quote(kind));
        text
    };
    let rows = Rows { keys, text: &text };
    let flavour = Flavour {
        key: "results",
        order: Order::Created,
        descending: false,
        max: 1000,
        help_center: false,
        cursor_life_s: Some(3600),
        is_emptied: false,
    };
    let extra = |_: &[SortKey]| r#","facets":null"#.to_owned();
    let shorter = Asked {
        page_cap: asked.page_cap.saturating_sub(desk.knobs.search_pages_shorter_by).max(1),
        ..asked.clone()
    };
    paging::by_cursor(&shorter, &rows, flavour, &extra, desk.cursors)
}

/// Show Results Count: the type is part of the query. The count is that of the index.
pub(super) fn count(desk: &Desk<'_>, asked: &Asked, person: &Person) -> Result<Answer, Answer> {
    pass(&GATE, person, desk.settings)?;
    let query = query(asked)?;
    let kinds = [("type:ticket", "tickets"), ("type:user", "users")];
    let tables = kinds.iter().filter(|(word, _)| query.split_whitespace().any(|one| one == *word));
    let mut count = 0;
    for (_, table) in tables {
        count += found(desk, table, query)?.len();
    }
    let count = count * (1 + desk.knobs.search_counts_more);
    Ok(Answer::ok(format!(r#"{{"count":{count}}}"#)))
}

fn query(asked: &Asked) -> Result<&str, Answer> {
    let query = asked.get("query").filter(|query| !query.is_empty());
    query.ok_or_else(|| Answer::bad_value("MissingParameter", "query must be present"))
}

/// The rows of a table that the index finds, as far as it has caught up. Of a ticket that was
/// deleted since it still holds the living version.
///
/// Source: Zendesk, Search: new and changed tickets take some minutes to be indexed; hours were
/// observed.
fn found<'a>(desk: &'a Desk<'_>, table: &str, query: &str) -> Result<Vec<&'a Row>, Answer> {
    let words = words(query)?;
    let newest = desk.account.now() - desk.knobs.search_lag_seconds;
    let rows = desk.account.table(table).rows.values();
    let found = rows.filter(|row| {
        let holds = |row: &Row| words.iter().all(|word| word.holds(row));
        let is_there = !row.deleted && row.updated_at <= newest && holds(row);
        // What a request wrote over is there until the index has heard of it.
        let was_there = || {
            let former = row.as_of(newest).filter(|_| !row.deleted && !row.former.is_empty());
            former.is_some_and(|former| holds(&former))
        };
        is_there || was_there() || row.before_deletion(newest).is_some_and(|before| holds(&before))
    });
    Ok(found.collect())
}

/// The rows of a table as an index shows them that has caught up to `newest`: rows that were written
/// since are there with what they held before. With candidates, no others are looked at.
pub(super) fn found_as_of<'a>(
    account: &'a Account,
    table: &str,
    query: &str,
    newest: i64,
    candidates: Option<&BTreeSet<u64>>,
) -> Result<Vec<Cow<'a, Row>>, Answer> {
    let words = words(query)?;
    let rows = account.table(table).rows.values().filter(|row| !row.deleted);
    let rows = rows.filter(|row| candidates.is_none_or(|some| some.contains(&row.number)));
    let rows = rows.filter_map(|row| row.as_of(newest));
    Ok(rows.filter(|row| words.iter().all(|word| word.holds(row))).collect())
}
