//! Reads with the rights of an agent. An agent may not use the incremental exports and reads other
//! listings instead. When an administrator reads later, everything that these listings lack comes
//! too.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::{AGENT_API_TOKEN, Fault, Faults, Prng, Simulator, When};

use crate::equality::Warehouse;
use crate::expected::{ByKey, differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL, Run, simulator};

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// The streams that an agent's warehouse needs.
const STREAMS: [&str; 7] =
    ["tickets", "users", "organizations", "groups", "ticket_metrics", "ticket_comments", "tags"];

/// Streams that an administrator reads from the exports and an agent from other listings.
pub(crate) const ON_DETOUR: [&str; 6] = [
    "tickets",
    "users",
    "organizations",
    "ticket_metrics",
    "ticket_comments",
    "ticket_attachments",
];

pub(crate) fn agent(sim: &Simulator) -> Connector<'_> {
    let mut connector = Connector::new(sim);
    connector.config["credentials"]["email"] = json!(AGENT_API_TOKEN.email);
    connector.config["credentials"]["api_token"] = json!(AGENT_API_TOKEN.token);
    connector
}

fn unix(row: &Value, key: &str) -> Value {
    let time = row[key].as_str().expect("a time");
    chrono::DateTime::parse_from_rfc3339(time).expect("a time").timestamp().into()
}

/// The `timestamp` of each comment that has one of its own, by comment id.
fn with_own_timestamp(sim: &Simulator) -> ByKey {
    let events = sim.account(|account| account.truth("ticket_events"));
    let children = events
        .into_iter()
        .flat_map(|event| event.json["child_events"].as_array().cloned().unwrap_or_default());
    let own = children
        .filter_map(|child| Some((child["id"].to_string(), child.get("timestamp")?.clone())));
    own.collect()
}

/// The rows of a stream that an agent can see.
pub(crate) fn visible(sim: &Simulator, stream: &str) -> ByKey {
    let by_key = |rows: Vec<Value>| rows.into_iter().map(|row| (row["id"].to_string(), row));
    let living: BTreeMap<String, bool> = sim.account(|account| {
        let tickets = account.truth("tickets").into_iter();
        let live = |key: &str| account.row("tickets", key).is_some_and(|row| !row.archived);
        tickets.filter(|row| !row.deleted).map(|row| (row.key.clone(), live(&row.key))).collect()
    });
    match stream {
        "tickets" => {
            let rows = sim.account(|account| account.indexed_tickets());
            let with_time = |mut row: Value| {
                row["generated_timestamp"] = unix(&row, "updated_at");
                row
            };
            by_key(rows.into_iter().map(with_time).collect()).collect()
        }
        "ticket_metrics" => {
            let mut rows = listing(sim, stream);
            rows.retain(|_, row| living.get(&row["ticket_id"].to_string()) == Some(&true));
            rows.values_mut().for_each(|row| row["_ab_updated_at"] = unix(row, "updated_at"));
            rows
        }
        "ticket_attachments" => {
            let mut rows = listing(sim, stream);
            rows.retain(|_, row| living.contains_key(&row["ticket_id"].to_string()));
            rows
        }
        "ticket_comments" => {
            let mut rows = listing(sim, stream);
            let own = with_own_timestamp(sim);
            rows.retain(|_, row| living.contains_key(&row["ticket_id"].to_string()));
            for row in rows.values_mut().filter_map(Value::as_object_mut) {
                for key in ["event_type", "via_reference_id"] {
                    row.remove(key);
                }
                // Some comments have a key of that name themselves.
                row.remove("timestamp");
                if let Some(own) = row.get("id").and_then(|id| own.get(&id.to_string())) {
                    row.insert("timestamp".into(), own.clone());
                }
            }
            rows
        }
        "users" | "organizations" => {
            let rows = sim.account(|account| account.truth(stream));
            let rows = rows.into_iter().filter(|row| !row.deleted).map(|mut row| {
                row.json.as_object_mut().expect("a row").remove("deleted_at");
                row.json
            });
            by_key(rows.collect()).collect()
        }
        _ => listing(sim, stream),
    }
}

/// The statuses of the requests whose path contains `part`, without early 429s. On a busy machine a
/// scaled minute is very short. A request that comes too early then gets a 429 and is sent again,
/// which is not what these tests are about.
fn requests_below(sim: &Simulator, part: &str) -> Vec<u16> {
    let seen = sim.requests().into_iter().filter(|seen| seen.path.contains(part));
    seen.map(|seen| seen.status).filter(|status| *status != 429).collect()
}

fn detour_warnings(run: &Run) -> usize {
    run.logs("WARN").iter().filter(|told| told.contains("incremental exports")).count()
}

#[test]
fn an_agent_gets_what_agents_may_see_and_an_administrator_all_of_it() {
    let sim = simulator(170);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let admin = Connector::new(&sim).read(&STREAMS, INCREMENTAL, &[]).complete();
    assert_eq!(detour_warnings(&admin), 0);
    // An administrator takes none of the agent's roads: one side-load, no request per ticket.
    for road in ["search/export", "/comments", "/ticket_metrics"] {
        assert!(requests_below(&sim, road).is_empty(), "{road}");
    }
    let mut exports = requests_below(&sim, "/incremental/");
    exports.dedup();
    assert_eq!(exports, [200]);
    sim.clear_requests();
    // The minute whose exports the administrator has used up is over.
    sim.advance_seconds(60);
    let run = agent(&sim).read(&STREAMS, INCREMENTAL, &[]).complete();
    for stream in STREAMS {
        let (of_agent, of_admin) = (run.records(stream), admin.records(stream));
        let came = newest(stream, of_agent.iter().copied());
        let found = differences(stream, &visible(&sim, stream), &came, true);
        assert!(found.is_empty(), "{found:#?}");
        assert_eq!(of_agent.len(), came.len(), "{stream} came twice");
        assert!(of_agent.len() <= of_admin.len() && of_agent.len() > 4, "{stream}");
        let whole = differences(stream, &listing(&sim, stream), &newest(stream, of_admin), true);
        assert!(whole.is_empty(), "{whole:#?}");
    }
    assert_eq!(detour_warnings(&run), 1, "{:?}", run.logs("WARN"));
    // Each export is tried once, and the refusal is believed.
    assert_eq!(requests_below(&sim, "/incremental/"), [403; 4]);
    let tickets = visible(&sim, "tickets").len();
    let mut comments: BTreeMap<String, usize> = BTreeMap::new();
    for comment in visible(&sim, "ticket_comments").values() {
        *comments.entry(comment["ticket_id"].to_string()).or_default() += 1;
    }
    // One request per ticket, and another for each further page of five comments.
    let further: usize = comments.values().map(|count| (count - 1) / 5).sum();
    assert_eq!(requests_below(&sim, "/comments"), vec![200; tickets + further]);
    // The window of the search is counted, and so is what an estimate tells.
    let counts = requests_below(&sim, "search/count");
    assert!((1..=3).contains(&counts.len()) && counts.iter().all(|status| *status == 200));
    // Tickets and their comments share one walk of five tickets a page.
    assert_eq!(requests_below(&sim, "search/export").len(), tickets.div_ceil(5));
}

#[test]
fn changes_arrive_by_the_detours_and_the_state_keeps_the_exports_place() {
    let sim = simulator(171);
    sim.knobs(|knobs| {
        knobs.search_lag_seconds = 300;
        knobs.search_pages_shorter_by = 2;
    });
    sim.advance_seconds(600);
    let admin = Connector::new(&sim);
    let first = admin.read(&ON_DETOUR, INCREMENTAL, &[]).complete();
    let mut states = first.states_over(&[]);
    let connector = agent(&sim);
    let mut warehouse = Warehouse::default();
    for round in 0..3 {
        let mut chance = Prng::new(17_100 + round);
        sim.on_request(move |seen, account| {
            if seen.path.contains("search") && chance.chance(0.5) {
                let keys = account.keys("tickets");
                account.touch("tickets", &keys[chance.below(keys.len() as u64) as usize]);
            }
        });
        let run = connector.read(&ON_DETOUR, INCREMENTAL, &states).complete();
        sim.no_hook();
        sim.account(|account| {
            for stream in ["tickets", "users", "organizations"] {
                let key = account.keys(stream)[4].clone();
                account.touch(stream, &key);
                account.create(stream);
            }
        });
        // Less than the index needs: the next read sees some of it, and the one after the rest.
        sim.advance_seconds(120);
        for stream in ON_DETOUR {
            let key = match stream {
                "tickets" => "/generated_timestamp",
                "ticket_metrics" => "/state/_ab_updated_at",
                "ticket_comments" | "ticket_attachments" => "/created_at",
                _ => "/updated_at",
            };
            let place = |run: &Run| run.state(stream).and_then(|state| state.pointer(key).cloned());
            assert_eq!(place(&run), place(&first), "{stream}");
            assert!(place(&run).is_some(), "{stream}");
        }
        warehouse.take(&run);
        states = run.states_over(&states);
    }
    sim.advance_seconds(900);
    warehouse.states = states.clone();
    warehouse.take(&connector.read(&ON_DETOUR, INCREMENTAL, &states).complete());
    // What changed visibly since the administrator's read has come.
    let before = |stream: &str| newest(stream, first.records(stream));
    for stream in ["tickets", "users", "organizations"] {
        let mut changed = visible(&sim, stream);
        let old = before(stream);
        changed.retain(|key, row| {
            old.get(key).is_none_or(|old| old["updated_at"] != row["updated_at"])
        });
        assert!(changed.len() >= 4, "{stream} changed {} times", changed.len());
        let found = differences(stream, &changed, warehouse.rows(stream), false);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn a_raised_role_loses_nothing() {
    for begins_as_admin in [false, true] {
        let sim = simulator(172);
        let (admin, agent) = (Connector::new(&sim), agent(&sim));
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let mut warehouse = Warehouse::default();
        if begins_as_admin {
            warehouse.take(&admin.read(&ON_DETOUR, INCREMENTAL, &[]).complete());
        }
        for round in 0..2 {
            warehouse.take(&agent.read(&ON_DETOUR, INCREMENTAL, &warehouse.states).complete());
            sim.account(|account| {
                let at = 5 + round * 4;
                let keys = account.keys("tickets");
                // What no agent can see: silent changes, archived tickets, deletions.
                account.silent_update(&keys[at]);
                account.edit("tickets", &keys[at + 1], |row| row.archived = true);
                account.touch("tickets", &keys[at + 2]);
                for stream in ["users", "organizations"] {
                    let key = account.keys(stream)[at].clone();
                    account.delete(stream, &key);
                }
            });
            sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        }
        warehouse.take(&agent.read(&ON_DETOUR, INCREMENTAL, &warehouse.states).complete());
        warehouse.take(&admin.read(&ON_DETOUR, INCREMENTAL, &warehouse.states).complete());
        let mut found = warehouse.differences(&sim, &ON_DETOUR);
        // A row that comes again by the agents' listing is the same but for the export's own time.
        found.retain(|difference| !difference.contains(".generated_timestamp is "));
        assert!(found.is_empty(), "began as admin: {begins_as_admin}: {found:#?}");
    }
}

#[test]
fn only_an_agents_refusal_on_the_first_page_leads_to_a_detour() {
    let sim = simulator(173);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    // An administrator who is refused, be it by a proxy, is told so.
    sim.faults(Faults::rule("incremental/tickets", When::Always, Fault::status(403)));
    let run = Connector::new(&sim).read(&["tickets"], INCREMENTAL, &[]);
    assert_eq!((run.code, detour_warnings(&run)), (Some(1), 0));
    assert!(requests_below(&sim, "search").is_empty());
    // Streams without a detour still fail alone.
    sim.faults(Faults::none());
    let run = agent(&sim).read(&["ticket_events", "tickets"], INCREMENTAL, &[]);
    assert_eq!((run.code, detour_warnings(&run)), (Some(1), 1));
    assert_eq!(run.records("tickets").len(), visible(&sim, "tickets").len());
}

#[test]
fn a_detour_that_is_killed_goes_on_and_an_expired_cursor_restarts_its_window() {
    // In one window, and in several: with comments to read, one after the other.
    for counted_more in [0, 4000] {
        killed_and_expired(counted_more);
    }
}

fn killed_and_expired(counted_more: usize) {
    let sim = simulator(174);
    sim.knobs(|knobs| knobs.search_counts_more = counted_more);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let connector = agent(&sim);
    let mut chance = Prng::new(174);
    let mut warehouse = Warehouse::default();
    let mut parts = 0;
    loop {
        let lines = 20 + chance.below(120) as usize;
        let run = connector.read_killed(&ON_DETOUR, INCREMENTAL, &warehouse.states, lines);
        warehouse.take(&run);
        parts += 1;
        assert!(parts < 200, "no end in sight");
        if run.code.is_some() {
            assert_eq!(run.code, Some(0), "{:?}", run.lines);
            break;
        }
        if parts == 2 {
            sim.expire_cursors();
        }
    }
    assert!(parts > 2, "{parts} parts");
    for stream in ON_DETOUR {
        let expected = visible(&sim, stream);
        let found = differences(stream, &expected, warehouse.rows(stream), true);
        assert!(found.is_empty(), "{found:#?}");
    }
}
