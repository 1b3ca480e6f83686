//! Export Search Results. The index lags behind the account, never shows deleted rows, and is
//! not refreshed by silent changes. Source: Zendesk, Search (Export Search Results).

use super::{Desk, pass};
use crate::account::table::{Order, Row, SortKey};
use crate::answer::Answer;
use crate::auth::{Person, Role};
use crate::clock::parse_iso;
use crate::listings::{Below, Gate};
use crate::paging::{self, Flavour, Rows};
use crate::query::Asked;
use crate::row_text;
use crate::settings::Plan;

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
    let query = asked.get("query");
    let query =
        query.ok_or_else(|| Answer::bad_value("MissingParameter", "query must be present"))?;
    let bounds: Vec<_> = query.split_whitespace().filter_map(bound).collect();
    let newest = asked.now - desk.knobs.search_lag_seconds;
    let rows = desk.account.table(table).rows.values();
    let found = rows.filter(|row| {
        !row.deleted && row.updated_at <= newest && bounds.iter().all(|bound| bound.holds(row))
    });
    // Newest first, ties by ascending id.
    let key = |row: &Row| SortKey { number: -row.created_at, text: String::new(), id: row.number };
    let mut keys: Vec<_> = found.map(key).collect();
    keys.sort_unstable();
    let account = &*desk.account;
    let text = |number: u64| {
        let row = &account.table(table).rows[&number];
        let mut text = row_text::without(&row.text, "generated_timestamp");
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
    };
    let extra = |_: &[SortKey]| r#","facets":null"#.to_owned();
    paging::by_cursor(asked, &rows, flavour, &extra, desk.cursors)
}

/// `updated>=2026-01-01T00:00:00Z` and the like.
struct Bound {
    by_update: bool,
    from: i64,
    to: i64,
}

impl Bound {
    fn holds(&self, row: &Row) -> bool {
        let second = if self.by_update { row.updated_at } else { row.created_at };
        (self.from..=self.to).contains(&second)
    }
}

fn bound(word: &str) -> Option<Bound> {
    let place = word.find(['<', '>', ':', '='])?;
    let by_update = match &word[..place] {
        "updated" | "updated_at" => true,
        "created" | "created_at" => false,
        _ => return None,
    };
    let rest = &word[place..];
    let signs = rest.len() - rest.trim_start_matches(['<', '>', ':', '=']).len();
    let second = parse_iso(&rest[signs..])?;
    let (from, to) = match &rest[..signs] {
        ">=" => (second, i64::MAX),
        ">" => (second + 1, i64::MAX),
        "<=" => (i64::MIN, second),
        "<" => (i64::MIN, second - 1),
        _ => (second, second),
    };
    Some(Bound { by_update, from, to })
}
