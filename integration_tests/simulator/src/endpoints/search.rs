//! List Search Results, Export Search Results and Show Results Count. The index lags behind the
//! account, never shows deleted rows, and is not updated by silent changes. Source: Zendesk,
//! Search.

use super::search_words::{Word, words};
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

/// What can be searched: the name of the type, and its table.
const KINDS: [(&str, &str); 4] = [
    ("ticket", "tickets"),
    ("user", "users"),
    ("organization", "organizations"),
    ("group", "groups"),
];

/// The most rows that List Search Results shows (Zendesk, Search).
const MOST_RESULTS: usize = 1000;

pub(super) fn export(
    desk: &mut Desk<'_>,
    asked: &Asked,
    person: &Person,
) -> Result<Answer, Answer> {
    pass(&GATE, person, desk.settings)?;
    let kind = asked.get("filter[type]").unwrap_or_default();
    let kind = KINDS.iter().find(|(word, _)| *word == kind);
    let (kind, table) =
        *kind.ok_or_else(|| Answer::bad_value("InvalidValue", "filter[type] is not valid"))?;
    let query = query(asked)?;
    if query.split_whitespace().any(|word| word.starts_with("type:")) {
        return Err(Answer::bad_value("InvalidValue", "type belongs into filter[type]"));
    }
    let flavour = Flavour {
        key: "results",
        order: Order::Created,
        descending: false,
        max: 1000,
        help_center: false,
        json_api: false,
        cursor_life_s: Some(3600),
        is_emptied: false,
    };
    let index = Index::of(desk, query)?;
    // Newest first, ties by ascending id. No more rows are looked at than this page needs.
    let after = paging::after(asked, flavour, desk.cursors);
    let size = asked.get("page[size]").and_then(|text| text.parse().ok()).unwrap_or(flavour.max);
    let size = flavour.max.min(size).min(asked.page_cap);
    let sorted = desk.account.table_mut(table).sorted(Order::Created);
    let rows = &desk.account.table(table).rows;
    let seconds = sorted.chunk_by(|one, next| one.number == next.number);
    let keys = seconds.rev().flatten().map(|key| SortKey { number: -key.number, ..key.clone() });
    let keys = keys.filter(|key| after.as_ref() < Some(key));
    let keys = keys.filter(|key| index.shows(&rows[&key.id])).take(size + 1).collect();
    let text = |number: u64| index.text(&rows[&number], kind);
    let rows = Rows { keys, text: &text };
    let extra = |_: &[SortKey]| r#","facets":null"#.to_owned();
    let shorter = Asked {
        page_cap: asked.page_cap.saturating_sub(desk.knobs.search_pages_shorter_by).max(1),
        ..asked.clone()
    };
    paging::by_cursor(&shorter, &rows, flavour, &extra, desk.cursors)
}

/// List Search Results. The query names the type. Without a type it finds rows of all types. Only
/// offset pagination is available.
pub(super) fn list(desk: &Desk<'_>, asked: &Asked, person: &Person) -> Result<Answer, Answer> {
    pass(&GATE, person, desk.settings)?;
    let index = Index::of(desk, query(asked)?)?;
    if asked.pairs.iter().any(|(key, _)| key.starts_with("page[")) {
        // Observed: parameters of cursor pagination are refused so.
        return Err(Answer::bad_value("InvalidValue", "page must be an integer"));
    }
    let number = |key: &str, least: usize| {
        asked.get(key).and_then(|text| text.parse::<usize>().ok()).unwrap_or(least)
    };
    let size = number("per_page", 100).clamp(1, 100);
    if number("page", 1).saturating_mul(size) > MOST_RESULTS {
        let why = "Requested response size was greater than Search Response Limits";
        return Err(super::search_words::invalid(why));
    }
    let tables = index.tables();
    let found = tables.iter().flat_map(|(kind, table)| {
        let rows = desk.account.table(table).rows.values();
        rows.filter(|row| index.shows(row)).map(|row| (row, *kind))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(row, _)| (-row.created_at, row.number));
    let keys = (0..found.len() as u64)
        .map(|at| SortKey { number: 0, text: String::new(), id: at })
        .collect();
    let text = |at: u64| {
        let (row, kind) = found[at as usize];
        index.text(row, kind)
    };
    let mut answer = paging::by_offset(asked, &Rows { keys, text: &text }, "results", false)?;
    row_text::append(&mut answer.body, "facets", "null");
    Ok(answer)
}

/// Show Results Count. The query names the type. The count is that of the index.
pub(super) fn count(desk: &Desk<'_>, asked: &Asked, person: &Person) -> Result<Answer, Answer> {
    pass(&GATE, person, desk.settings)?;
    let index = Index::of(desk, query(asked)?)?;
    let rows = |table| desk.account.table(table).rows.values().filter(|row| index.shows(row));
    let count: usize = index.tables().into_iter().map(|(_, table)| rows(table).count()).sum();
    let count = count * (1 + desk.knobs.search_counts_more);
    Ok(Answer::ok(format!(r#"{{"count":{count}}}"#)))
}

fn query(asked: &Asked) -> Result<&str, Answer> {
    let query = asked.get("query").filter(|query| !query.is_empty());
    query.ok_or_else(|| Answer::bad_value("MissingParameter", "query must be present"))
}

/// The index as one query sees it.
///
/// Source: Zendesk, Search: new and changed rows take some minutes to be indexed. Hours were
/// observed.
pub(super) struct Index<'q> {
    query: &'q str,
    words: Vec<Word>,
    /// The index contains all changes up to this time, in unix seconds.
    newest: i64,
    /// Ids of rows that the index is always wrong about. Misses are never found. Overstated rows
    /// are found by every query for a field.
    misses: Vec<u64>,
    overstates: Vec<u64>,
}

impl<'q> Index<'q> {
    pub(super) fn of(desk: &Desk<'_>, query: &'q str) -> Result<Self, Answer> {
        let newest = desk.account.now() - desk.knobs.search_lag_seconds;
        let (misses, overstates) =
            (desk.knobs.search_misses.clone(), desk.knobs.search_overstates.clone());
        Ok(Self { query, words: words(query)?, newest, misses, overstates })
    }

    /// The tables of the types that the query names. All of them if it names none.
    fn tables(&self) -> Vec<(&'static str, &'static str)> {
        let types: Vec<&str> =
            self.query.split_whitespace().filter_map(|word| word.strip_prefix("type:")).collect();
        let is_asked = |(word, _): &(&str, &str)| types.is_empty() || types.contains(word);
        KINDS.into_iter().filter(is_asked).collect()
    }

    fn is_overstated(&self, row: &Row) -> bool {
        self.overstates.contains(&row.number)
    }

    /// Whether a row matches the query. An overstated row matches every word about a field.
    fn holds(&self, row: &Row) -> bool {
        let is_overstated = self.is_overstated(row);
        let is_given = |word: &Word| is_overstated && word.field().is_some();
        self.words.iter().all(|word| is_given(word) || word.holds(row))
    }

    /// Whether a query finds a row. A ticket that was deleted since the last update of the index is
    /// still found as it was.
    fn shows(&self, row: &Row) -> bool {
        let newest = self.newest;
        if self.misses.contains(&row.number) {
            return false;
        }
        // What a request wrote over is there until the index has heard of it.
        let was_there = || {
            let former = row.as_of(newest).filter(|_| !row.deleted && !row.former.is_empty());
            former.is_some_and(|former| self.holds(&former))
        };
        let is_there = !row.deleted && row.updated_at <= newest && self.holds(row);
        is_there
            || was_there()
            || row.before_deletion(newest).is_some_and(|before| self.holds(&before))
    }

    /// The rows of a table that the index finds. Rows that were written since its last update are
    /// found with their old values. With `candidates`, only these rows are considered.
    pub(super) fn found<'a>(
        &self,
        account: &'a Account,
        table: &str,
        candidates: Option<&BTreeSet<u64>>,
    ) -> Vec<Cow<'a, Row>> {
        let rows = account.table(table).rows.values().filter(|row| !row.deleted);
        let rows = rows.filter(|row| !self.misses.contains(&row.number));
        let rows = rows.filter(|row| candidates.is_none_or(|some| some.contains(&row.number)));
        let rows = rows.filter_map(|row| row.as_of(self.newest));
        rows.filter(|row| self.holds(row)).collect()
    }

    /// The text of a result in the index. An overstated row shows the values that the query asks
    /// for.
    fn text(&self, row: &Row, kind: &str) -> String {
        let written_since = row.as_of(self.newest).filter(|_| !row.former.is_empty());
        let shown = written_since.as_deref().unwrap_or(row);
        let mut text = row_text::without(&self.own_text(shown), "generated_timestamp");
        row_text::append(&mut text, "result_type", &row_text::quote(kind));
        text
    }

    /// The text of a row without what the kind of search adds to it.
    pub(super) fn own_text(&self, row: &Row) -> String {
        let mut text = row.indexed().to_owned();
        if self.is_overstated(row) {
            self.words.iter().filter_map(Word::field).for_each(|(field, value)| {
                super::search_words::pretend(&mut text, field, value);
            });
        }
        text
    }
}
