//! Quirks of Zendesk that no other test covers: limits that other programs use too, refusals by
//! scope and plan, changes that are hard to see, and values that must arrive as they were sent.

use serde_json::{Value, json};
use simulator::{
    Account, Fault, FaultRule, Faults, GRANULAR_SCOPE_BEARER, HeaderSpelling, Plan, Settings,
    Simulator, When,
};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, SCALE, catalog, simulator};
use crate::program::{Ended, run};

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

fn start(settings: Settings) -> Simulator {
    let sim = Simulator::start(Settings { scale: SCALE, ..settings }).expect("it starts");
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim
}

/// Fails unless the run delivered all rows of these streams.
fn assert_all_came(sim: &Simulator, run: &Run, streams: &[&str]) {
    for stream in streams {
        let came = newest(stream, run.records(stream));
        let found = differences(stream, &listing(sim, stream), &came, true);
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// The number of refusals because of this limit.
fn refusals(sim: &Simulator, bucket: &str) -> u64 {
    sim.limit_refusals().get(bucket).copied().unwrap_or_default()
}

/// Creates tickets, each of which changed in a different second.
fn create_tickets(sim: &Simulator, count: usize) -> Vec<String> {
    sim.account(|account| (0..count).map(|_| account.create("tickets")).collect())
}

#[test]
fn what_other_programs_spend_is_learned_from_headers_in_both_spellings() {
    for spelling in [HeaderSpelling::Current, HeaderSpelling::Of2023] {
        let sim = start(Settings { seed: 80, ..Settings::default() });
        sim.knobs(|knobs| knobs.header_spelling = spelling);
        create_tickets(&sim, 140);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        sim.other_program("incremental-exports", 6);
        let connector = Connector::new(&sim);
        sim.clear_requests();
        let run = connector.read(&["tickets"], FULL, &[]).complete();
        assert_all_came(&sim, &run, &["tickets"]);
        // A client that counts on all ten is refused in every minute. A few refusals are the price
        // of a clock that is scaled by six hundred on a busy machine.
        let exports = sim.requests();
        let exports = exports.iter().filter(|seen| seen.path.contains("incremental"));
        let minutes =
            exports.map(|seen| seen.at_unix / 60).collect::<std::collections::BTreeSet<_>>();
        let refused = refusals(&sim, "incremental-exports");
        assert!(minutes.len() >= 5, "{minutes:?}");
        assert!(
            refused < minutes.len() as u64,
            "{spelling:?}: {refused} refusals in {} minutes",
            minutes.len()
        );
    }
}

#[test]
fn a_limit_that_no_header_tells_is_kept() {
    let sim = start(Settings { seed: 81, ..Settings::default() });
    let keys = create_tickets(&sim, 180);
    sim.account(|account| keys.iter().for_each(|key| account.delete("tickets", key)));
    let connector = Connector::new(&sim);
    let run = connector.read(&["deleted_tickets"], FULL, &[]).complete();
    assert_all_came(&sim, &run, &["deleted_tickets"]);
    // A client that keeps no limit is refused in every minute. A few refusals are the price of a clock that
    // is scaled by six hundred on a busy machine.
    let pages = sim.requests().into_iter().filter(|seen| seen.path.contains("deleted_tickets"));
    let minutes = pages.map(|seen| seen.at_unix / 60).collect::<std::collections::BTreeSet<_>>();
    let refused = refusals(&sim, "deleted-tickets");
    assert!(minutes.len() >= 4, "{minutes:?}");
    assert!(refused < minutes.len() as u64, "{refused} refusals in {} minutes", minutes.len());
}

#[test]
fn a_help_center_over_its_limit_holds_up_nothing_of_support() {
    // Slower than usual, so that a minute is far longer than a request takes.
    let scale = 60.0;
    let settings = Settings { seed: 82, scale, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.account(|account| (0..60).for_each(|_| drop(account.create("tags"))));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let over = Fault::Status {
        status: 429,
        headers: vec![("retry-after".into(), "60".into())],
        body: String::new(),
    };
    sim.faults(Faults::rules([FaultRule::new("/help_center/", When::Always, over).at_most(6)]));
    let connector = Connector::new(&sim);
    let mut command = connector.command("read");
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let catalog = catalog(&["articles", "tags"], FULL);
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    let run = connector.run(command, usize::MAX).complete();
    assert_all_came(&sim, &run, &["articles", "tags"]);
    let seen = sim.requests();
    let last_of_tags = seen.iter().rposition(|seen| seen.path.ends_with("/tags.json"));
    let before = &seen[..last_of_tags.expect("tags were read")];
    let held = before.iter().filter(|seen| seen.path.contains("/help_center/")).count();
    assert!(held <= 3, "the tags waited for {held} minutes of the help center");
}

#[test]
fn a_refusal_is_waited_out_whatever_its_body_is() {
    let sim = start(Settings { seed: 83, ..Settings::default() });
    let bodies = [
        r#"{"error":"APIRateLimitExceeded","description":"Number of allowed API requests exceeded"}"#,
        "Number of allowed API requests per minute exceeded",
        "<html><body><h1>429 Too Many Requests</h1></body></html>",
        "",
    ];
    let mut turn = bodies.into_iter();
    sim.faults(Faults::by(move |request| {
        let body = if request.path.contains("/groups") { turn.next()? } else { return None };
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        Some(Fault::Status { status: 429, headers, body: body.to_owned() })
    }));
    let connector = Connector::new(&sim);
    let run = connector.read(&["groups"], FULL, &[]).complete();
    assert_all_came(&sim, &run, &["groups"]);
}

/// Reads these streams from an account that refuses some of them.
fn read_partly(connector: &Connector<'_>, streams: &[&str]) -> Ended {
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(streams, FULL)));
    run(command)
}

/// Fails unless each stream was read, or failed with a configuration error that contains this
/// advice.
fn assert_ends(ended: &Ended, ends: &[(&str, Option<&str>)]) {
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let errors = ended.errors();
    for (stream, advice) in ends {
        let wanted = if advice.is_some() { "INCOMPLETE" } else { "COMPLETE" };
        assert_eq!(ended.last_status(stream).as_deref(), Some(wanted), "{stream}: {errors:?}");
        let told = errors.iter().find(|(_, name, _)| name == stream);
        let is_good = match (told, advice) {
            (None, None) => true,
            (Some((kind, _, message)), Some(advice)) => {
                kind == "config_error" && message.contains(advice)
            }
            _ => false,
        };
        assert!(is_good, "{stream} tells {told:?}");
    }
}

#[test]
fn granular_scopes_open_what_they_name_and_the_rest_asks_for_its_scope() {
    let sim = start(Settings { seed: 84, ..Settings::default() });
    let mut connector = Connector::new(&sim);
    connector.config["credentials"] =
        json!({ "credentials": "oauth2.0", "access_token": GRANULAR_SCOPE_BEARER });
    let ends = [
        ("tickets", None),
        ("organizations", None),
        ("ticket_audits", Some("the scope `read`")),
        ("articles", Some("the scope `hc:read`")),
    ];
    assert_ends(&read_partly(&connector, &ends.map(|(stream, _)| stream)), &ends);
}

#[test]
fn what_the_plan_does_not_have_fails_alone_and_names_what_it_needs() {
    let settings = Settings { seed: 85, plan: Plan::Team, ..Settings::default() };
    let sim = start(Settings { help_center: false, side_conversations: false, ..settings });
    let ends = [
        ("tags", None),
        ("groups", None),
        // 403 in two shapes, 404, and an HTML page.
        ("custom_roles", Some("the Enterprise plan")),
        ("account_attributes", Some("the Enterprise plan")),
        ("schedules", Some("the Suite Growth or Support Professional plan")),
        ("articles", Some("does not have")),
        ("posts", Some("the community (Gather)")),
    ];
    let connector = Connector::new(&sim);
    assert_ends(&read_partly(&connector, &ends.map(|(stream, _)| stream)), &ends);
}

#[test]
fn a_change_by_the_system_arrives_though_updated_at_stays() {
    let sim = start(Settings { seed: 86, ..Settings::default() });
    let connector = Connector::new(&sim);
    let streams = ["tickets", "ticket_metrics"];
    let first = connector.read(&streams, INCREMENTAL, &[]).complete();
    let live = |account: &Account| {
        let rows = account.truth("tickets").into_iter().filter(|row| !row.deleted);
        rows.take(3).map(|row| row.key).collect::<Vec<_>>()
    };
    let keys = sim.account(|account| {
        let keys = live(account);
        keys.iter().for_each(|key| account.silent_update(key));
        keys
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let second = connector.read(&streams, INCREMENTAL, &first.states_over(&[])).complete();
    let (expected, came) = (listing(&sim, "tickets"), newest("tickets", second.records("tickets")));
    for key in &keys {
        assert_eq!(came.get(key), expected.get(key), "ticket {key}");
    }
}

#[test]
fn a_ticket_without_a_metric_set_gives_no_row_and_stops_nothing() {
    let sim = simulator(87);
    let sets = sim.account(|account| {
        let sets = account.truth("ticket_metrics");
        // From here on the export says `"metric_set":null` of their tickets.
        sets.iter().step_by(4).for_each(|set| account.delete("ticket_metrics", &set.key));
        sets.len()
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let connector = Connector::new(&sim);
    let run = connector.read(&["ticket_metrics", "tickets"], FULL, &[]).complete();
    assert_all_came(&sim, &run, &["ticket_metrics", "tickets"]);
    assert_eq!(run.records("ticket_metrics").len(), sets - sets.div_ceil(4));
    assert!(
        run.logs("WARN").iter().all(|told| !told.contains("were not delivered")),
        "null is no row"
    );
}

#[test]
fn archived_tickets_have_metrics_and_neither_audits_nor_skips() {
    let sim = simulator(88);
    let archived: Vec<Value> = sim.account(|account| {
        let rows =
            account.keys("tickets").into_iter().filter_map(|key| account.row("tickets", &key));
        let archived = rows.filter(|row| row.archived && !row.deleted);
        archived.map(|row| row.number.into()).collect()
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let connector = Connector::new(&sim);
    let streams = ["tickets", "ticket_metrics", "ticket_audits", "ticket_skips"];
    let run = connector.read(&streams, FULL, &[]).complete();
    assert_all_came(&sim, &run, &streams);
    let of_archived = |stream: &str, field: &str| {
        run.records(stream).into_iter().filter(|row| archived.contains(&row[field])).count()
    };
    assert!(!archived.is_empty());
    assert_eq!(of_archived("tickets", "id"), archived.len());
    assert_eq!(of_archived("ticket_metrics", "ticket_id"), archived.len());
    assert_eq!(of_archived("ticket_audits", "ticket_id"), 0);
    assert_eq!(of_archived("ticket_skips", "ticket_id"), 0);
}

/// With the option, audits are made from the export of events, which includes those of archived
/// tickets.
#[test]
fn ticket_audits_of_events_miss_no_ticket_and_go_on_by_themselves() {
    let sim = simulator(92);
    let archived: Vec<Value> = sim.account(|account| {
        let keys = account.keys("tickets").into_iter();
        let archived: Vec<u64> = keys
            .filter_map(|key| account.row("tickets", &key))
            .filter(|row| row.archived && !row.deleted)
            .map(|row| row.number)
            .collect();
        // Each has an event of its own, whatever the account was founded with.
        for number in &archived {
            account.create_under("ticket_events", Some(*number));
        }
        archived.into_iter().map(Value::from).collect()
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let mut connector = Connector::new(&sim);
    connector.config["ticket_audits_history"] = json!("events");
    let audits = |run: &Run| newest("ticket_audits", run.records("ticket_audits"));
    let expected = |sim: &Simulator| {
        let mut events = listing(sim, "ticket_events");
        for event in events.values_mut().filter_map(Value::as_object_mut) {
            for (key, from) in [("author_id", "updater_id"), ("events", "child_events")] {
                if let Some(value) = event.remove(from) {
                    event.insert(key.to_owned(), value);
                }
            }
        }
        events
    };
    let alone = connector.read(&["ticket_audits"], INCREMENTAL, &[]).complete();
    let came = audits(&alone);
    let found = differences("ticket_audits", &expected(&sim), &came, true);
    assert!(found.is_empty(), "{found:#?}");
    for number in &archived {
        assert!(came.values().any(|audit| audit["ticket_id"] == *number), "ticket {number}");
    }
    // What is selected beside it changes no row.
    let streams = ["ticket_audits", "ticket_events", "ticket_comments"];
    let together = connector.read(&streams, FULL, &[]).complete();
    assert_eq!(audits(&together), came);
    assert_all_came(&sim, &together, &["ticket_events", "ticket_comments"]);
    // The next read goes on from the saved state.
    sim.account(|account| account.touch("tickets", "3"));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let next = connector.read(&["ticket_audits"], INCREMENTAL, &alone.states_over(&[])).complete();
    let came = audits(&next);
    assert!(!came.is_empty() && came.values().all(|audit| audit["ticket_id"] == 3), "{came:?}");
}

/// The text between the braces of a row, in one line. Only the line ends are removed.
fn in_a_line(text: &str) -> String {
    let inside = text.trim().trim_start_matches('{').trim_end_matches('}').trim();
    inside.replace(['\n', '\r'], "")
}

#[test]
fn numbers_and_spacing_arrive_byte_by_byte() {
    let sim = simulator(89);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let connector = Connector::new(&sim);
    let run = connector.read(&["tickets", "organizations"], FULL, &[]).complete();
    let records: Vec<_> = run.lines.iter().filter(|line| line.contains("\"RECORD\"")).collect();
    let mut odd = [0; 3];
    for resource in ["tickets", "organizations"] {
        let rows = sim.account(|account| account.truth(resource));
        // Line ends of Unicode are escaped, so rows of plain letters are looked for.
        for row in rows.iter().filter(|row| row.text.is_ascii()) {
            if resource == "tickets" && row.deleted {
                continue;
            }
            let text = in_a_line(&row.text);
            assert!(
                records.iter().any(|line| line.contains(&text)),
                "{resource} {} came otherwise than {text}",
                row.key
            );
            odd[0] += usize::from(text.contains("1.0"));
            odd[1] += usize::from(text.contains("12345678901234567890123"));
            odd[2] += usize::from(text.contains("\": ") || text.contains("\t"));
        }
    }
    assert!(odd.iter().all(|count| *count > 0), "{odd:?} rows show it");
}

#[test]
fn an_odd_deleted_at_arrives_as_it_was_sent() {
    let sim = simulator(90);
    let connector = Connector::new(&sim);
    let run = connector.read(&["deleted_tickets"], FULL, &[]).complete();
    assert_all_came(&sim, &run, &["deleted_tickets"]);
    let odd = |row: &&Value| row["deleted_at"].as_str().is_some_and(|time| !time.contains('-'));
    let rows = run.records("deleted_tickets");
    let count = rows.iter().copied().filter(odd).count();
    assert!(count > 0 && count < rows.len(), "{count} of {} are odd", rows.len());
}

#[test]
fn audit_logs_come_oldest_first_between_two_times() {
    let sim = simulator(91);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let run = connector.read(&["audit_logs"], INCREMENTAL, &[]).complete();
    assert_all_came(&sim, &run, &["audit_logs"]);
    // A position that moves with every page needs this order; only the right parameter brings it.
    let times: Vec<_> = run.records("audit_logs").iter().map(|row| &row["created_at"]).collect();
    assert!(times.is_sorted_by_key(|time| time.as_str()), "{times:?}");
}
