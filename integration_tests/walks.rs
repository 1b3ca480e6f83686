//! Walks: their cost, what they share, and the traps of each paging dialect.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Account, Fault, FaultRule, Faults, Latency, Settings, Simulator, Size, When};

use crate::equality::{Warehouse, names, streams};
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, SCALE, simulator};

/// The number of requests whose path contains `path` since the log was cleared.
fn requests(sim: &Simulator, path: &str) -> usize {
    sim.requests().iter().filter(|request| request.path.contains(path)).count()
}

fn complete(sim: &Simulator, connector: &Connector<'_>, stream: &str, mode: &str) {
    let run = connector.read(&[stream], mode, &[]).complete();
    let found =
        differences(stream, &listing(sim, stream), &newest(stream, run.records(stream)), true);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn rows_do_not_depend_on_what_else_is_selected() {
    let sim = simulator(60);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let (all, _) = streams(&connector);
    let all = names(&all);
    let together = connector.read(&all, FULL, &[]).complete();
    for stream in &all {
        let alone = connector.read(&[stream], FULL, &[]).complete();
        let rows = |run: &crate::harness::Run| newest(stream, run.records(stream));
        assert_eq!(rows(&alone), rows(&together), "{stream}");
    }
}

#[test]
fn streams_of_one_feed_cost_one_walk_and_converge_when_one_is_added_later() {
    let sim = simulator(61);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    sim.clear_requests();
    let alone = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    let one_walk = requests(&sim, "incremental/tickets");
    assert!(one_walk > 3, "{one_walk} pages are no walk");
    // A stream that is added later reads its past first, and from then on they are one walk.
    let pair = ["tickets", "ticket_metrics"];
    let states = alone.states_over(&[]);
    let joined = connector.read(&pair, INCREMENTAL, &states).complete();
    sim.account(|account| (1..20).for_each(|key| account.touch("tickets", &key.to_string())));
    sim.advance_seconds(70);
    sim.clear_requests();
    let after = connector.read(&pair, INCREMENTAL, &joined.states_over(&states)).complete();
    let together = requests(&sim, "incremental/tickets");
    let changed = after.records("tickets").len();
    assert!(changed >= 15, "{changed}");
    assert!(
        together <= changed.div_ceil(5) + 1,
        "{together} requests for {changed} rows of five a page"
    );
    assert_eq!(requests(&sim, "ticket_metrics"), 0);
}

#[test]
fn articles_are_walked_once_for_all_that_hangs_on_them() {
    let sim = simulator(62);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    sim.clear_requests();
    connector.read(&["articles"], FULL, &[]).complete();
    let alone = requests(&sim, "incremental/articles");
    sim.clear_requests();
    connector
        .read(&["articles", "article_comments", "article_comment_votes"], FULL, &[])
        .complete();
    assert_eq!(requests(&sim, "incremental/articles"), alone);
}

#[test]
fn a_cursor_that_expired_starts_the_walk_again_and_loses_nothing() {
    let sim = simulator(63);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let (_, incremental) = streams(&connector);
    let incremental = names(&incremental);
    let mut warehouse = Warehouse::default();
    // Stop in the middle, so that every kind of cursor is saved, then let all of them expire.
    warehouse.take(&connector.read_killed(&incremental, INCREMENTAL, &[], 400));
    sim.expire_cursors();
    sim.advance_seconds(70);
    let run = connector.read(&incremental, INCREMENTAL, &warehouse.states).complete();
    warehouse.take(&run);
    let found = warehouse.differences(&sim, &incremental);
    assert!(found.is_empty(), "{found:#?}");
    let told = run.logs("WARN");
    assert!(told.iter().any(|line| line.contains("no longer knows the saved place")), "{told:?}");
}

#[test]
fn an_empty_page_that_is_not_the_last_ends_no_export() {
    let sim = simulator(64);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    for stream in ["tickets", "ticket_metrics", "ticket_events", "organizations"] {
        sim.knobs(|knobs| knobs.empty_page_every = Some(2));
        complete(&sim, &connector, stream, INCREMENTAL);
    }
}

#[test]
fn a_second_with_more_rows_than_a_page_comes_whole() {
    let sim = simulator(65);
    let connector = Connector::new(&sim);
    // All of these carry the same second.
    sim.account(|account| {
        for resource in ["organizations", "articles", "tickets"] {
            (0..17).for_each(|_| drop(account.create(resource)));
        }
    });
    sim.advance_seconds(70);
    for stream in ["organizations", "articles", "tickets", "ticket_events", "ticket_metric_events"]
    {
        complete(&sim, &connector, stream, INCREMENTAL);
    }
}

#[test]
fn ai_tickets_and_deleted_groups_are_asked_for_and_deleted_tickets_are_not() {
    let sim = simulator(66);
    let connector = Connector::new(&sim);
    sim.account(|account| {
        account.set_field("tickets", "3", "support_type", "\"ai_agent\"");
        let group = account.keys("groups")[0].clone();
        account.delete("groups", &group);
        account.delete("tickets", "5");
    });
    sim.advance_seconds(70);
    let run = connector.read(&["tickets", "groups"], FULL, &[]).complete();
    let tickets = newest("tickets", run.records("tickets"));
    assert!(tickets.contains_key("3") && !tickets.contains_key("5"));
    let groups = run.records("groups");
    assert!(groups.iter().any(|group| group["deleted"] == true));
}

#[test]
fn a_deleted_group_arrives_though_its_deletion_is_older_than_the_cursor() {
    let sim = simulator(67);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let first = connector.read(&["groups"], INCREMENTAL, &[]).complete();
    let key = sim.account(|account| {
        let live = |key: &String| !account.row("groups", key).is_some_and(|row| row.deleted);
        let key = account.keys("groups").into_iter().find(live).expect("a live group");
        // The mark alone changes, as for a deletion that was noted late.
        account.set_field("groups", &key, "deleted", "true");
        key
    });
    let states = first.states_over(&[]);
    let second = connector.read(&["groups"], INCREMENTAL, &states).complete();
    let told =
        |run: &crate::harness::Run| newest("groups", run.records("groups")).contains_key(&key);
    assert!(told(&second));
    let third = connector.read(&["groups"], INCREMENTAL, &second.states_over(&states)).complete();
    assert!(!told(&third));
}

#[test]
fn requests_in_flight_stay_within_the_workers_and_children_use_them_all() {
    for workers in [1, 4] {
        let latency = Latency::Fixed(3_000);
        let settings = Settings { seed: 68, scale: SCALE, latency, ..Settings::default() };
        let sim = Simulator::start(settings).expect("the simulator starts");
        let mut connector = Connector::new(&sim);
        connector.config["num_workers"] = json!(workers);
        sim.advance_seconds(70);
        sim.clear_requests();
        connector
            .read(&["article_comments", "article_comment_votes", "groups"], FULL, &[])
            .complete();
        assert_eq!(sim.peak_in_flight(), workers, "of {workers} workers");
    }
}

#[test]
fn limits_are_kept_without_being_told_off() {
    let sim = simulator(69);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let (all, _) = streams(&connector);
    connector.read(&names(&all), FULL, &[]).complete();
    let refused = sim.limit_refusals();
    // A client that did not keep them would be refused dozens of times; a few are the price of a
    // clock that is scaled by six hundred, where a second of `resets` is less than two milliseconds.
    assert!(refused.values().all(|refusals| *refusals <= 3), "{refused:?}");
}

#[test]
fn every_saved_walk_stays_within_eight_kilobytes() {
    let sim = simulator(70);
    let connector = Connector::new(&sim);
    // More deleted groups than are remembered, and more rows in one second than are hashed.
    sim.account(|account| {
        (0..520).for_each(|_| drop(account.create("groups")));
        for key in account.keys("groups") {
            account.delete("groups", &key);
        }
        for resource in ["organizations", "articles"] {
            (0..150).for_each(|_| drop(account.create(resource)));
        }
    });
    sim.advance_seconds(70);
    let (all, incremental) = streams(&connector);
    for (mode, streams) in [(FULL, &all), (INCREMENTAL, &incremental)] {
        let run = connector.read(&names(streams), mode, &[]).complete();
        let states = run.messages.iter().filter(|message| message["type"] == "STATE");
        for state in states {
            let state: &Value = &state["state"]["stream"];
            let size = state["stream_state"]["walk"].to_string().len();
            assert!(size <= 8192, "{}: {size} bytes", state["stream_descriptor"]["name"]);
        }
    }
}

#[test]
fn links_and_redirects_to_other_hosts_are_never_followed() {
    let sim = simulator(71);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    // Every link of the simulator names the public host; a client that followed one would fail.
    let run = connector.read(&["tags", "organizations", "ticket_audits"], FULL, &[]).complete();
    let hosts: BTreeSet<bool> = run
        .records("organizations")
        .iter()
        .map(|row| row["url"].to_string().contains("zendesk.com"))
        .collect();
    assert_eq!(hosts, BTreeSet::from([true]));
    assert!(requests(&sim, "tags") > 2 && requests(&sim, "ticket_audits") > 2);
}

#[test]
fn rows_without_a_key_and_empty_ones_are_held_back_and_counted() {
    let sim = simulator(72);
    let connector = Connector::new(&sim);
    let keys = sim.account(|account| {
        let keys = account.keys("groups");
        account.set_field("groups", &keys[0], "id", "null");
        account.edit("groups", &keys[1], |row| row.text = "{}".to_owned());
        account.edit("groups", &keys[2], |row| row.text = "null".to_owned());
        keys
    });
    let run = connector.read(&["groups"], FULL, &[]).complete();
    assert_eq!(newest("groups", run.records("groups")).len(), keys.len() - 3);
    let told = run.logs("WARN");
    assert!(told.iter().any(|line| line.contains("3 rows have no primary key")), "{told:?}");
}

#[test]
fn a_row_too_large_for_platforms_loses_its_largest_text_and_says_so() {
    let sim = simulator(73);
    let connector = Connector::new(&sim);
    let key = sim.account(|account| {
        let key = account.keys("groups")[1].clone();
        account.set_field(
            "groups",
            &key,
            "description",
            &format!("\"{}\"", "x".repeat(20_000_000)),
        );
        key
    });
    let run = connector.read(&["groups"], FULL, &[]).complete();
    let group = newest("groups", run.records("groups")).remove(&key).expect("the row itself");
    assert!(group["description"].is_null() && !group["name"].is_null());
    let changed =
        run.messages.iter().find_map(|message| message["record"]["meta"]["changes"].as_array());
    assert_eq!(changed.expect("a change")[0]["field"], "description");
}

#[test]
fn a_stream_that_waits_gives_a_sign_of_life_every_five_minutes() {
    // Twenty simulated minutes a request: two seconds of the wall's.
    let latency = Latency::Fixed(1_200_000);
    let settings =
        Settings { seed: 74, scale: SCALE, latency, page_cap: None, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let connector = Connector::new(&sim);
    let run = connector.read(&["groups"], INCREMENTAL, &[]).complete();
    let states = run.messages.iter().filter(|message| message["type"] == "STATE").count();
    // One request for the user and one for the page, the second of which is waited for here.
    assert!(states >= 4, "{states} states in twenty minutes");
    assert!(states <= 12, "{states} states where a few do");
}

#[test]
fn side_conversations_that_change_alone_come_by_their_events_or_with_the_weekly_pass() {
    for answers in [true, false] {
        let sim = simulator(75);
        let connector = Connector::new(&sim);
        sim.advance_seconds(70);
        if !answers {
            let gone = Fault::Status { status: 404, headers: Vec::new(), body: String::new() };
            let rule = FaultRule::new("/side_conversations/events", When::Always, gone);
            sim.faults(Faults::rules([rule]));
        }
        let selected = ["tickets", "side_conversations"];
        let mut warehouse = Warehouse::default();
        warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
        assert_eq!(requests(&sim, "side_conversations/events"), 0, "all tickets were read");
        let changed = sim.account(|account| account.keys("side_conversations")[..3].to_vec());
        let touch = |account: &mut Account| {
            changed.iter().for_each(|key| account.touch("side_conversations", key));
        };
        sim.account(touch);
        sim.advance_seconds(70);
        sim.clear_requests();
        let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
        warehouse.take(&second);
        assert!(second.records("tickets").is_empty());
        assert_eq!(requests(&sim, "side_conversations/events"), 1);
        let missing = warehouse.differences(&sim, &["side_conversations"]);
        assert_eq!(missing.is_empty(), answers, "{missing:#?}");
        if answers {
            // Each named ticket once, and nothing else.
            assert!(requests(&sim, "/side_conversations") <= 1 + changed.len());
            // What was told once is not told again.
            sim.advance_seconds(70);
            sim.clear_requests();
            let third = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
            assert!(third.records("side_conversations").is_empty());
            continue;
        }
        assert!(
            second
                .logs("INFO")
                .iter()
                .any(|line| line.contains("the listing of changed children cannot be read"))
        );
        sim.advance_seconds(8 * 86_400);
        warehouse.take(&connector.read(&selected, INCREMENTAL, &warehouse.states).complete());
        let missing = warehouse.differences(&sim, &["side_conversations"]);
        assert!(missing.is_empty(), "{missing:#?}");
    }
}

#[test]
fn messages_are_asked_for_in_changed_tickets_that_come_from_messaging_alone() {
    let sim = simulator(79);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let of_messaging = |is: bool| {
        let tickets = sim.account(|account| account.truth("tickets")).into_iter();
        let tickets = tickets.filter(|row| !row.deleted);
        tickets
            .filter(|row| row.json["from_messaging_channel"] == is)
            .map(|row| row.key)
            .collect::<Vec<_>>()
    };
    let (own, others) = (of_messaging(true), of_messaging(false));
    let asked = || {
        let seen = sim.requests().into_iter().filter(|request| request.status == 200);
        let ticket = |path: &str| {
            let rest = path.split_once("/tickets/")?.1.split_once("/conversation_log")?.0;
            Some(rest.to_owned())
        };
        let tickets: BTreeSet<String> = seen.filter_map(|request| ticket(&request.path)).collect();
        sim.clear_requests();
        tickets
    };
    let selected = ["side_conversations", "ticket_conversation_log"];
    let mut warehouse = Warehouse::default();
    let mut read = || {
        let run = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
        warehouse.take(&run);
        (run.records("ticket_conversation_log").len(), warehouse.differences(&sim, &selected[1..]))
    };
    let (rows, missing) = read();
    assert!(rows > 0 && missing.is_empty(), "{rows} rows, {missing:?}");
    assert_eq!(asked(), own.iter().cloned().collect());
    // A message in a ticket that changed, and a silent one in another. A side conversation names a
    // third ticket.
    sim.account(|account| {
        for ticket in [&own[0], &others[0]] {
            account.touch("tickets", ticket);
        }
        for ticket in &own[..2] {
            account.create_under("ticket_conversation_log", ticket.parse().ok());
        }
        account.create_under("side_conversations", own[2].parse().ok());
    });
    sim.advance_seconds(70);
    let (_, missing) = read();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(asked(), BTreeSet::from([own[0].clone()]));
    sim.advance_seconds(8 * 86_400);
    assert_eq!(read().1, Vec::<String>::new());
    assert_eq!(asked(), own.iter().cloned().collect());
}

#[test]
fn tickets_that_many_events_name_are_read_while_further_events_wait() {
    let size = Size::Of(&[("tickets", 2_500), ("side_conversations", 3_000)]);
    let settings = Settings {
        seed: 78,
        size,
        scale: SCALE,
        enforce_limits: false,
        page_cap: None,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let selected = ["side_conversations"];
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
    // The first twelve are of one ticket, which the first events name, and the last one again.
    let mut keys = sim.account(|account| account.keys("side_conversations"));
    keys.rotate_left(1);
    for some in keys.chunks(200) {
        sim.advance_seconds(2);
        sim.account(|account| {
            some.iter().for_each(|key| account.touch("side_conversations", key));
        });
    }
    sim.advance_seconds(70);
    sim.clear_requests();
    let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    warehouse.take(&second);
    let missing = warehouse.differences(&sim, &selected);
    assert!(missing.is_empty(), "{missing:#?}");
    let requests = sim.requests();
    let is_of_events: Vec<bool> = requests
        .iter()
        .filter(|request| request.path.contains("/side_conversations"))
        .map(|request| request.path.contains("/side_conversations/events"))
        .collect();
    let rounds = is_of_events.windows(2).filter(|pair| pair[0] && !pair[1]).count();
    assert!(rounds >= 2, "all {} requests in {rounds} rounds", is_of_events.len());
    sim.advance_seconds(70);
    let third = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    assert!(third.records("side_conversations").is_empty(), "what was told is told again");
}
