//! Endpoints that are not listings: the current user, settings, counts, single objects, and a few
//! special envelopes.

use super::{Desk, pass, search};
use crate::account::table::{Order, SortKey};
use crate::account::{Account, truth};
use crate::answer::{Answer, public_url};
use crate::auth::{Person, Role};
use crate::clock;
use crate::listings::{self, Below, Gate};
use crate::oauth;
use crate::paging::{self, Flavour, Rows};
use crate::query::Asked;
use crate::row_text;
use crate::settings::Plan;

const AGENTS: Gate =
    Gate { role: Role::Agent, plan: (Plan::Essential, Below::NoAccess), scope: "" };
const DEFINITIONS: Gate =
    Gate { role: Role::Admin, plan: (Plan::Enterprise, Below::Restricted), scope: "" };

/// What can be counted: the route, the table, the scope and the least role that may count it.
const COUNTED: &[(&str, &str, &str, Role)] = &[
    ("tickets", "tickets", "tickets", Role::Agent),
    ("users", "users", "users", Role::Agent),
    ("organizations", "organizations", "organizations", Role::Agent),
    ("groups", "groups", "", Role::Agent),
    ("ticket_fields", "ticket_fields", "tickets", Role::Agent),
    ("activities", "ticket_activities", "", Role::Agent),
    ("satisfaction_ratings", "satisfaction_ratings", "", Role::Admin),
];

/// A count above this is computed in the background. Until it is ready, the answer is this number.
const COUNTED_AT_ONCE: usize = 100_000;

/// Whether the route is one of these endpoints.
pub(super) fn is_known(route: &str) -> bool {
    let fixed = [
        "users/me",
        "oauth/tokens/current",
        "routing/attributes/definitions",
        "search",
        "search/export",
        "search/count",
        "tickets/side_conversations/events",
    ];
    fixed.contains(&route)
        || counted(route).is_some()
        || metrics_of(route).is_some()
        || comments_of(route).is_some()
}

fn counted(route: &str) -> Option<&'static (&'static str, &'static str, &'static str, Role)> {
    let name = route.strip_suffix("/count")?;
    COUNTED.iter().find(|(counted, ..)| *counted == name)
}

fn metrics_of(route: &str) -> Option<u64> {
    listings::ids_of("tickets/{}/metrics", route)?.first()?.parse().ok()
}

fn comments_of(route: &str) -> Option<u64> {
    listings::ids_of("tickets/{}/comments", route)?.first()?.parse().ok()
}

/// The answer, if the route is one of these endpoints.
pub(super) fn answer(
    desk: &mut Desk<'_>,
    route: &str,
    asked: &Asked,
    person: &Person,
) -> Option<Result<Answer, Answer>> {
    let settings = desk.settings;
    let passed = |gate: &Gate| pass(gate, person, settings);
    Some(match route {
        "users/me" => Ok(current_user(desk.account, person)),
        "oauth/tokens/current" => match &person.token {
            Some(token) => Ok(oauth::current(&person.scopes(), token.expires_at)),
            None => Err(Answer::not_found()),
        },
        "routing/attributes/definitions" => {
            passed(&DEFINITIONS).map(|()| definitions(desk.account))
        }
        "search" => search::list(desk, asked, person),
        "search/export" => search::export(desk, asked, person),
        "search/count" => search::count(desk, asked, person),
        "tickets/side_conversations/events" if !desk.settings.side_conversations => {
            Err(Answer::no_access())
        }
        "tickets/side_conversations/events" => {
            // Zendesk, Side Conversation Events: admins.
            let gate = Gate { role: Role::Admin, scope: "tickets", ..AGENTS };
            passed(&gate).map(|()| side_conversation_events(desk.account, asked))
        }
        _ => {
            if let Some(ticket) = comments_of(route) {
                let gate = Gate { scope: "tickets", ..AGENTS };
                return Some(passed(&gate).and_then(|()| comments(desk, ticket, asked)));
            }
            if let Some(ticket) = metrics_of(route) {
                let gate = Gate { scope: "tickets", ..AGENTS };
                return Some(passed(&gate).and_then(|()| metrics(desk.account, ticket)));
            }
            let (_, table, scope, role) = counted(route)?;
            let gate = Gate { role: *role, scope, ..AGENTS };
            passed(&gate).map(|()| count(desk, table, asked))
        }
    })
}

/// The current user of a request without credentials or with a wrong password. Zendesk answers with
/// an anonymous user.
pub(super) fn anonymous_user() -> Answer {
    Answer::ok(
        r#"{"user":{"id":null,"url":null,"name":"Anonymous user","email":"invalid@example.com","created_at":null,"updated_at":null,"role":"end-user","verified":false,"active":true}}"#,
    )
}

fn current_user(account: &Account, person: &Person) -> Answer {
    let row = account.row("users", &person.user_id.to_string());
    let mut text = row.map_or_else(|| "{}".to_owned(), |row| row.text.clone());
    let role = if person.role == Role::Admin { "\"admin\"" } else { "\"agent\"" };
    row_text::set(&mut text, "role", role);
    row_text::set(&mut text, "email", &row_text::quote(person.email));
    row_text::set(&mut text, "active", "true");
    row_text::set(&mut text, "suspended", "false");
    Answer::ok(format!(r#"{{"user":{text}}}"#))
}

fn definitions(account: &Account) -> Answer {
    let rows = || account.table("attribute_definitions").rows.values();
    let all: Vec<_> = rows().map(|row| row.text.as_str()).collect();
    let any = rows().filter(|row| truth::is_in_any(row));
    let any: Vec<_> = any.map(|row| row.text.as_str()).collect();
    Answer::ok(format!(
        r#"{{"definitions":{{"conditions_all":[{}],"conditions_any":[{}]}}}}"#,
        all.join(","),
        any.join(",")
    ))
}

fn metrics(account: &Account, ticket: u64) -> Result<Answer, Answer> {
    account.ticket_of(Some(ticket)).filter(|row| !row.deleted).ok_or_else(Answer::not_found)?;
    let set = account.table("ticket_metrics").children(ticket).next();
    let set = set.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(format!(r#"{{"ticket_metric":{}}}"#, set.text)))
}

/// The comments of a ticket, oldest first. They come from the ticket's events, without the fields
/// that the export adds and without the ticket's id. Source: Zendesk, Ticket Comments.
fn comments(desk: &mut Desk<'_>, ticket: u64, asked: &Asked) -> Result<Answer, Answer> {
    let account = &*desk.account;
    account.ticket_of(Some(ticket)).filter(|row| !row.deleted).ok_or_else(Answer::not_found)?;
    let comments = account.comments_of(ticket);
    let keys = comments.iter().map(|(id, at, _)| {
        let (number, text, id) = (*at, String::new(), *id);
        SortKey { number, text, id }
    });
    let mut keys: Vec<SortKey> = keys.collect();
    keys.sort_unstable();
    // Zendesk, Ticket Comments: `sort_order`, and `sort` of cursor pages.
    let descending =
        asked.get("sort_order") == Some("desc") || asked.get("sort") == Some("-created_at");
    if descending {
        keys.reverse();
    }
    let text = |number: u64| {
        let comment = comments.iter().find(|(id, ..)| *id == number);
        comment.map(|(.., text)| text.clone()).unwrap_or_default()
    };
    let rows = Rows { keys, text: &text };
    let flavour = Flavour {
        key: "comments",
        order: Order::Created,
        descending,
        max: 100,
        help_center: false,
        json_api: false,
        cursor_life_s: None,
        is_emptied: false,
    };
    paging::by_cursor(asked, &rows, flavour, &|_: &[SortKey]| String::new(), desk.cursors)
}

fn count(desk: &Desk<'_>, name: &str, asked: &Asked) -> Answer {
    if desk.knobs.still_counting {
        let value = COUNTED_AT_ONCE;
        return Answer::ok(format!(r#"{{"count":{{"value":{value},"refreshed_at":null}}}}"#));
    }
    let live = |row: &&crate::account::Row| match name {
        "tickets" => !row.deleted && !row.archived,
        _ => !row.deleted,
    };
    let count = desk.account.table(name).rows.values().filter(live).count();
    let refreshed_at = clock::iso(asked.now - asked.now.rem_euclid(3600));
    Answer::ok(format!(r#"{{"count":{{"value":{count},"refreshed_at":"{refreshed_at}"}}}}"#))
}

/// Events of side conversations from `unix_time` on. The last page has no next link.
fn side_conversation_events(account: &Account, asked: &Asked) -> Answer {
    let from = asked.get("unix_time").and_then(|text| text.parse().ok()).unwrap_or(0i64);
    let rows = account.table("side_conversation_events").rows.values();
    let mut rows: Vec<_> = rows.filter(|row| row.created_at >= from).collect();
    rows.sort_by_key(|row| (row.created_at, row.number));
    let size = asked.page_cap.min(100);
    let has_more = rows.len() > size;
    let cut = if has_more {
        // A page ends where a second ends, so that the next one can start behind it.
        let edge = rows[size - 1].created_at;
        rows.partition_point(|row| row.created_at <= edge)
    } else {
        rows.len()
    };
    let page = &rows[..cut];
    let events: Vec<_> = page.iter().map(|row| row.text.as_str()).collect();
    let next = page.last().filter(|_| cut < rows.len()).map(|last| {
        let next = last.created_at + 1;
        public_url(&format!("tickets/side_conversations/events?unix_time={next}"))
    });
    let next = next.map_or("null".to_owned(), |url| row_text::quote(&url));
    Answer::ok(format!(
        r#"{{"events":[{}],"next_page":{next},"previous_page":null,"count":{}}}"#,
        events.join(","),
        page.len()
    ))
}
