//! Lookups, by which programs that write find rows: single objects, up to a hundred by key,
//! searches of users and organizations, jobs. Sources: Zendesk, Users; Organizations; Tickets; Job
//! Statuses.

use super::search::Index;
use super::{Desk, pass, records};
use crate::account::Account;
use crate::account::table::{Order, Row, SortKey};
use crate::answer::Answer;
use crate::auth::{Person, Role};
use crate::listings::{Below, Gate, ids_of};
use crate::paging::{self, Flavour, Rows};
use crate::query::Asked;
use crate::row_text;
use crate::settings::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// The most keys of a lookup (Zendesk).
const MOST_KEYS: usize = 100;

#[derive(Clone, Copy)]
enum Kind {
    Show,
    ShowMany,
    Search,
    Autocomplete,
    Memberships,
    Tags,
    Job,
    Jobs,
    AllJobs,
    CustomObject,
    Records,
    Record,
}

struct Lookup {
    path: &'static str,
    kind: Kind,
    /// The table, and the name of one row in bodies.
    table: &'static str,
    one: &'static str,
    scope: &'static str,
}

const fn lookup(
    path: &'static str,
    kind: Kind,
    table: &'static str,
    one: &'static str,
    scope: &'static str,
) -> Lookup {
    Lookup { path, kind, table, one, scope }
}

/// It is not known which granular scope allows reading a job's status, so none does.
const LOOKUPS: &[Lookup] = &[
    lookup("users/show_many", Kind::ShowMany, "users", "user", "users"),
    lookup("users/search", Kind::Search, "users", "user", "users"),
    lookup("users/{}", Kind::Show, "users", "user", "users"),
    lookup("users/{}/tags", Kind::Tags, "users", "user", "users"),
    lookup("users/{}/organization_memberships", Kind::Memberships, "users", "user_id", "users"),
    lookup(
        "organizations/show_many",
        Kind::ShowMany,
        "organizations",
        "organization",
        "organizations",
    ),
    lookup("organizations/search", Kind::Search, "organizations", "organization", "organizations"),
    lookup(
        "organizations/autocomplete",
        Kind::Autocomplete,
        "organizations",
        "organization",
        "organizations",
    ),
    lookup("organizations/{}", Kind::Show, "organizations", "organization", "organizations"),
    lookup("organizations/{}/tags", Kind::Tags, "organizations", "organization", "organizations"),
    lookup(
        "organizations/{}/organization_memberships",
        Kind::Memberships,
        "organizations",
        "organization_id",
        "organizations",
    ),
    lookup(
        "organization_memberships/{}",
        Kind::Show,
        "organization_memberships",
        "organization_membership",
        "organizations",
    ),
    lookup("tickets/show_many", Kind::ShowMany, "tickets", "ticket", "tickets"),
    lookup("tickets/{}", Kind::Show, "tickets", "ticket", "tickets"),
    lookup("tickets/{}/tags", Kind::Tags, "tickets", "ticket", "tickets"),
    lookup("custom_objects/{}", Kind::CustomObject, "", "", "custom_objects"),
    lookup("custom_objects/{}/records", Kind::Records, "", "", "custom_objects"),
    lookup("custom_objects/{}/records/{}", Kind::Record, "", "", "custom_objects"),
    lookup("job_statuses", Kind::AllJobs, "", "", ""),
    lookup("job_statuses/show_many", Kind::Jobs, "", "", ""),
    lookup("job_statuses/{}", Kind::Job, "", "", ""),
];

fn find(route: &str) -> Option<(&'static Lookup, Vec<&str>)> {
    LOOKUPS.iter().find_map(|lookup| Some((lookup, ids_of(lookup.path, route)?)))
}

/// Whether the route is one of these lookups.
pub(super) fn is_known(route: &str) -> bool {
    find(route).is_some()
}

/// The answer, if the route is one of these lookups.
pub(super) fn answer(
    desk: &mut Desk<'_>,
    route: &str,
    asked: &Asked,
    person: &Person,
) -> Option<Result<Answer, Answer>> {
    let (lookup, ids) = find(route)?;
    let plan = (Plan::Essential, Below::NoAccess);
    let gate = Gate { role: Role::Agent, plan, scope: lookup.scope };
    let id = ids.first().copied().unwrap_or_default();
    let done = pass(&gate, person, desk.settings).and_then(|()| match lookup.kind {
        Kind::Show => show(desk.account, lookup, id),
        Kind::ShowMany => show_many(desk.account, lookup, asked),
        Kind::Search if lookup.table == "users" => search_users(desk, asked),
        Kind::Search => search_organizations(desk.account, asked),
        Kind::Autocomplete => autocomplete(desk.account, asked),
        Kind::Memberships => memberships(desk, lookup, id, asked),
        Kind::CustomObject => records::show_object(desk, id),
        Kind::Records => records::list(desk, id, asked),
        Kind::Record => records::show(desk, id, ids.get(1).copied().unwrap_or_default()),
        Kind::Tags => tags(desk.account, lookup, id),
        Kind::Job => desk.jobs.show(id, desk.now_ms),
        Kind::AllJobs => Ok(desk.jobs.list(desk.now_ms)),
        Kind::Jobs => {
            let ids = keys(asked, "ids")?.unwrap_or_default();
            Ok(desk.jobs.show_many(&ids, desk.now_ms))
        }
    });
    Some(done)
}

/// The keys of a list parameter. `None` if the parameter is missing.
fn keys<'a>(asked: &'a Asked, name: &str) -> Result<Option<Vec<&'a str>>, Answer> {
    let Some(list) = asked.get(name) else { return Ok(None) };
    let keys: Vec<&str> = list.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
    if keys.len() > MOST_KEYS {
        let text = r#"{"error":"TooManyValues","description":"Parameter  cannot specify more than 100 values","max_count":100}"#;
        return Err(Answer::json(400, text));
    }
    Ok(Some(keys))
}

fn text(row: &Row, table: &str) -> String {
    match table {
        "tickets" => row_text::without(&row.text, "generated_timestamp"),
        "organizations" => row_text::without(&row.text, "deleted_at"),
        _ => row.text.clone(),
    }
}

/// Whether a row can be looked up. Zendesk, Users: a deleted user is shown by its id, as inactive.
/// Other deleted rows are not shown.
fn is_shown(row: &Row, table: &str) -> bool {
    !row.deleted || table == "users"
}

fn show(account: &Account, lookup: &Lookup, id: &str) -> Result<Answer, Answer> {
    let row = id.parse().ok().and_then(|id: u64| account.table(lookup.table).rows.get(&id));
    let row = row.filter(|row| is_shown(row, lookup.table)).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(format!("{{\"{}\":{}}}", lookup.one, text(row, lookup.table))))
}

fn envelope(key: &str, texts: &[String]) -> Answer {
    let count = texts.len();
    let rows = texts.join(",");
    Answer::ok(format!(
        r#"{{"{key}":[{rows}],"next_page":null,"previous_page":null,"count":{count}}}"#
    ))
}

/// Up to a hundred rows in the order of their ids. Missing rows are left out. There is no lag.
fn show_many(account: &Account, lookup: &Lookup, asked: &Asked) -> Result<Answer, Answer> {
    let mut rows: Vec<&Row> = Vec::new();
    if let Some(ids) = keys(asked, "ids")? {
        let ids = ids.iter().filter_map(|id| id.parse::<u64>().ok());
        let found = ids.filter_map(|id| account.table(lookup.table).rows.get(&id));
        rows.extend(found.filter(|row| is_shown(row, lookup.table)));
    } else if let Some(keys) = keys(asked, "external_ids")?.filter(|_| lookup.table != "tickets") {
        for key in keys {
            let found = account.table(lookup.table).find("external_id", key);
            rows.extend(found.into_iter().filter(|row| !row.deleted));
        }
    } else {
        return Err(Answer::bad_value("ParameterMissing", "Required parameter missing: ids"));
    }
    rows.sort_by_key(|row| row.number);
    rows.dedup_by_key(|row| row.number);
    let texts: Vec<String> = rows.into_iter().map(|row| text(row, lookup.table)).collect();
    Ok(envelope(lookup.table, &texts))
}

/// Finds users. By external id the result is exact and current. By a query it is what the index
/// holds.
///
/// Zendesk, Users, Search; reports of others: the index lags behind, and an address also finds
/// similar addresses.
fn search_users(desk: &Desk<'_>, asked: &Asked) -> Result<Answer, Answer> {
    let account = &*desk.account;
    if let Some(key) = asked.get("external_id") {
        let found = account.living_with("users", "external_id", key);
        let texts: Vec<String> =
            found.iter().map(|id| account.table("users").rows[id].text.clone()).collect();
        return Ok(envelope("users", &texts));
    }
    let query = asked.get("query").unwrap_or_default();
    let newest = account.now() - desk.knobs.search_lag_seconds;
    let (addresses, rest): (Vec<&str>, Vec<&str>) =
        query.split_whitespace().partition(|word| word.starts_with("email:"));
    let addresses: Vec<String> = addresses
        .iter()
        .map(|word| word["email:".len()..].trim_matches('"').to_lowercase())
        .collect();
    let is_like_one = |own: &str| addresses.iter().any(|asked| is_like(own, asked));
    let candidates = (!addresses.is_empty()).then(|| candidates(account, newest, is_like_one));
    let rest = rest.join(" ");
    let index = Index::of(desk, &rest)?;
    let rows = index.found(account, "users", candidates.as_ref());
    let rows = rows.into_iter().filter(|row| {
        candidates.is_none() || emails(account, row, newest).any(|own| is_like_one(&own))
    });
    let rows: BTreeMap<u64, String> = rows.map(|row| (row.number, index.own_text(&row))).collect();
    let key = |id: &u64| SortKey { number: 0, text: String::new(), id: *id };
    let keys = rows.keys().map(key).collect();
    paging::by_offset(asked, &Rows { keys, text: &|id| rows[&id].clone() }, "users", false)
}

/// Users who may have a matching address: those who have one now, and those who were written since
/// the index was last updated.
fn candidates(account: &Account, newest: i64, fits: impl Fn(&str) -> bool) -> BTreeSet<u64> {
    let (users, identities) = (account.table("users"), account.table("user_identities"));
    let mut all = users.find_like("email", &fits);
    let of = |number: u64| identities.rows.get(&number).and_then(|row| row.parent);
    all.extend(identities.find_like("value", &fits).into_iter().filter_map(of));
    let written = users.rows.values().filter(|row| row.updated_at > newest);
    all.extend(written.map(|row| row.number));
    all
}

/// The addresses of a user that the index contains.
fn emails<'a>(
    account: &'a Account,
    row: &'a Row,
    newest: i64,
) -> impl Iterator<Item = String> + 'a {
    let primary = row_text::get_text(&row.text, "email");
    let identities = account.table("user_identities").children(row.number);
    let others = identities
        .filter(move |identity| identity.created_at <= newest)
        .filter(|identity| row_text::get(&identity.text, "type") == Some("\"email\""))
        .filter_map(|identity| row_text::get_text(&identity.text, "value"));
    primary.into_iter().chain(others).map(|email| email.to_lowercase())
}

/// Whether the index matches two addresses: if they are equal, if one contains the other, or if
/// they are equal apart from the part after a plus sign.
fn is_like(own: &str, asked: &str) -> bool {
    own.contains(asked) || base(own).is_some_and(|base_of_own| Some(base_of_own) == base(asked))
}

/// The parts of an address without the part after a plus sign.
fn base(email: &str) -> Option<(&str, &str)> {
    let (local, domain) = email.split_once('@')?;
    Some((local.split('+').next().unwrap_or(local), domain))
}

/// Zendesk, Organizations, Search: by exact `external_id` or `name`. Upper and lower case are
/// equal.
fn search_organizations(account: &Account, asked: &Asked) -> Result<Answer, Answer> {
    let field = ["external_id", "name"].into_iter().find(|field| asked.get(field).is_some());
    let Some(field) = field else {
        let missing = "Required parameter missing: external_id or name";
        return Err(Answer::bad_value("ParameterMissing", missing));
    };
    let value = asked.get(field).unwrap_or_default();
    let found = account.living_with("organizations", field, value);
    let rows = found.iter().map(|id| &account.table("organizations").rows[id]);
    let texts: Vec<String> = rows.map(|row| text(row, "organizations")).collect();
    Ok(envelope("organizations", &texts))
}

/// Zendesk, Organizations, Autocomplete: names that begin with these letters, two or more.
fn autocomplete(account: &Account, asked: &Asked) -> Result<Answer, Answer> {
    let name = asked.get("name").unwrap_or_default().to_lowercase();
    if name.chars().count() < 2 {
        return Err(Answer::bad_value("InvalidValue", "name is too short"));
    }
    let rows = account.table("organizations").rows.values().filter(|row| {
        let own = row_text::get_text(&row.text, "name").unwrap_or_default();
        !row.deleted && own.to_lowercase().starts_with(&name)
    });
    let texts: Vec<String> = rows.take(100).map(|row| text(row, "organizations")).collect();
    Ok(envelope("organizations", &texts))
}

fn memberships(
    desk: &mut Desk<'_>,
    lookup: &Lookup,
    id: &str,
    asked: &Asked,
) -> Result<Answer, Answer> {
    let account = &*desk.account;
    let number = id.parse().ok().filter(|id| account.living(lookup.table, *id).is_some());
    number.ok_or_else(Answer::not_found)?;
    let table = account.table("organization_memberships");
    let rows = table.find(lookup.one, id);
    let key = |row: &&Row| SortKey { number: 0, text: String::new(), id: row.number };
    let keys = rows.iter().map(key).collect();
    let text = |id: u64| table.rows[&id].text.clone();
    let (rows, key) = (Rows { keys, text: &text }, "organization_memberships");
    if asked.get("page[size]").is_none() && asked.get("page[after]").is_none() {
        return paging::by_offset(asked, &rows, key, false);
    }
    let flavour = Flavour {
        key,
        order: Order::Id,
        descending: false,
        max: 100,
        help_center: false,
        json_api: false,
        cursor_life_s: None,
        is_emptied: false,
    };
    paging::by_cursor(asked, &rows, flavour, &|_: &[SortKey]| String::new(), desk.cursors)
}

fn tags(account: &Account, lookup: &Lookup, id: &str) -> Result<Answer, Answer> {
    let row = id.parse().ok().and_then(|id| account.living(lookup.table, id));
    let row = row.ok_or_else(Answer::not_found)?;
    let tags = row_text::get(&row.text, "tags").unwrap_or("[]");
    Ok(Answer::ok(format!("{{\"tags\":{tags}}}")))
}
