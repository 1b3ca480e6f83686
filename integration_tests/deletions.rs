//! Rows that are deleted in Zendesk. After a plain merge by primary key they are gone or marked,
//! they are left out where the user wants that, and none arrives in part.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::{Account, Simulator};

use crate::expected::{ByKey, differences, key};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};
use crate::program::unscaled;

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// Streams that report deletions in an incremental read, with the cursors that order their rows.
const MARKED: [(&str, &str); 7] = [
    ("tickets", "generated_timestamp"),
    ("users", "updated_at"),
    ("organizations", "updated_at"),
    ("groups", "updated_at"),
    ("ticket_metric_events", "time"),
    ("satisfaction_reasons", "updated_at"),
    ("custom_object_records_kind_1", "updated_at"),
];

fn marked() -> Vec<&'static str> {
    MARKED.iter().map(|(stream, _)| *stream).collect()
}

/// What a destination makes of the records: the newest row of each key by cursor. Of equal cursors
/// the later row wins.
#[derive(Default)]
struct Merged {
    rows: BTreeMap<&'static str, ByKey>,
}

impl Merged {
    fn take(&mut self, run: &Run) {
        for (stream, cursor) in MARKED {
            let rows = self.rows.entry(stream).or_default();
            for record in run.records(stream) {
                let key = key(stream, record);
                let order = |row: &Value| match &row[cursor] {
                    Value::Number(number) => format!("{number:0>20}"),
                    other => other.to_string(),
                };
                let is_newer = rows.get(&key).is_none_or(|old| order(old) <= order(record));
                if is_newer {
                    rows.insert(key, record.clone());
                }
            }
        }
    }
}

/// Every row of the account, and whether it is deleted.
pub(crate) fn truth(sim: &Simulator, stream: &str) -> BTreeMap<String, (Value, bool)> {
    let rows = sim.account(|account| account.truth(stream));
    let is_deleted = |row: &simulator::Truth| match stream {
        "ticket_metric_events" => row.json["deleted"] == true,
        _ => row.deleted,
    };
    rows.into_iter().map(|row| (row.key.clone(), (row.json.clone(), is_deleted(&row)))).collect()
}

/// The keys of `count` rows that are neither deleted nor archived, after the first `from` of them.
fn some_keys(account: &Account, stream: &str, from: usize, count: usize) -> Vec<String> {
    let lives =
        |key: &String| account.row(stream, key).is_some_and(|row| !row.deleted && !row.archived);
    account.keys(stream).into_iter().filter(lives).skip(from).take(count).collect()
}

fn delete_some(sim: &Simulator) {
    sim.account(|account| {
        for stream in ["tickets", "users", "organizations", "groups", "satisfaction_reasons"] {
            for key in some_keys(account, stream, 3, 3) {
                account.delete(stream, &key);
            }
        }
        for record in account.truth("custom_object_records_kind_1").iter().skip(3).take(3) {
            account.delete("custom_object_records", &record.key);
        }
        for key in some_keys(account, "ticket_metric_events", 3, 3) {
            let now = account.now();
            account.edit("ticket_metric_events", &key, |row| row.generated = now);
            let time = chrono::DateTime::from_timestamp(now, 0).expect("a time");
            let time = time.format("\"%Y-%m-%dT%H:%M:%SZ\"").to_string();
            account.set_field("ticket_metric_events", &key, "time", &time);
            account.set_field("ticket_metric_events", &key, "deleted", "true");
        }
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
}

/// Reads, deletes, restores and reads again. Returns what a merge then holds.
fn after_deletions(sim: &Simulator, column: &str) -> Merged {
    let mut connector = Connector::new(sim);
    connector.config["deleted_at_field"] = json!(column);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let mut merged = Merged::default();
    let first = connector.read(&marked(), INCREMENTAL, &[]).complete();
    merged.take(&first);
    delete_some(sim);
    let second = connector.read(&marked(), INCREMENTAL, &first.states_over(&[])).complete();
    merged.take(&second);
    for (stream, _) in MARKED {
        let told = second.records(stream).iter().filter(|row| !row[column].is_null()).count();
        assert!(told >= 3, "{stream} told {told} deletions");
    }
    // One ticket comes back to life, another is emptied for good.
    sim.account(|account| {
        let keys = account.keys("deleted_tickets");
        account.restore(&keys[0]);
        account.scrub(&keys[1]);
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let states = second.states_over(&first.states_over(&[]));
    merged.take(&connector.read(&marked(), INCREMENTAL, &states).complete());
    merged
}

#[test]
fn a_plain_merge_holds_the_living_and_the_deleted_are_gone_with_airbytes_column() {
    let sim = simulator(150);
    let merged = after_deletions(&sim, "_ab_cdc_deleted_at");
    for (stream, _) in MARKED {
        let mut held = merged.rows[stream].clone();
        held.retain(|_, row| row["_ab_cdc_deleted_at"].is_null());
        for row in held.values_mut() {
            let column = row.as_object_mut().and_then(|row| row.remove("_ab_cdc_deleted_at"));
            assert_eq!(column, Some(Value::Null), "{stream} has rows without the column");
        }
        let truth = truth(&sim, stream).into_iter();
        let living = truth.filter(|(_, (_, deleted))| !deleted).map(|(key, (row, _))| (key, row));
        let found = differences(stream, &living.collect(), &held, true);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn any_other_column_marks_the_deleted_whose_rows_stay_whole() {
    let sim = simulator(151);
    let column = "_landed_deleted_at";
    let merged = after_deletions(&sim, column);
    for (stream, _) in MARKED {
        let truth = truth(&sim, stream);
        assert_eq!(truth.len(), merged.rows[stream].len(), "{stream}");
        for (key, (row, is_deleted)) in &truth {
            let mut held = merged.rows[stream][key].clone();
            let at = held.as_object_mut().and_then(|held| held.remove(column));
            // A tombstone is the whole row as Zendesk gives it: no known column turns null.
            assert_eq!(&held, row, "{stream} {key}");
            let expected = match (is_deleted, stream) {
                (false, _) => &Value::Null,
                (true, "organizations" | "satisfaction_reasons") => &row["deleted_at"],
                (true, "ticket_metric_events") => &row["time"],
                (true, _) => &row["updated_at"],
            };
            assert_eq!(at.as_ref(), Some(expected), "{stream} {key}");
        }
    }
}

#[test]
fn listings_that_are_only_read_whole_have_the_column_too() {
    let sim = simulator(152);
    let mut connector = Connector::new(&sim);
    connector.config["deleted_at_field"] = json!("gone_at");
    let run = connector.read(&["brands", "deleted_tickets", "tags"], FULL, &[]).complete();
    assert!(run.records("brands").iter().all(|row| row["gone_at"].is_null()));
    let deleted = run.records("deleted_tickets");
    assert!(!deleted.is_empty());
    // The same time, in the form that the column's type promises.
    let digits =
        |time: &str| time.chars().filter(char::is_ascii_digit).take(14).collect::<String>();
    for row in &deleted {
        let (gone_at, sent) =
            (row["gone_at"].as_str().unwrap(), row["deleted_at"].as_str().unwrap());
        assert!(chrono::DateTime::parse_from_rfc3339(gone_at).is_ok(), "{gone_at}");
        assert_eq!(digits(gone_at), digits(sent));
    }
    assert!(run.records("tags").iter().all(|row| row.get("gone_at").is_none()));
    for stream in connector.discover() {
        let name = stream["name"].as_str().unwrap_or_default();
        let has = stream["json_schema"]["properties"]["gone_at"].is_object();
        let others = ["brands", "deleted_tickets", "deleted_users"];
        let expected = marked().contains(&name)
            || others.contains(&name)
            || name.starts_with("custom_object_records_");
        assert_eq!(has, expected, "{name}");
    }
}

#[test]
fn without_options_tickets_are_asked_for_without_the_deleted() {
    let sim = simulator(153);
    delete_some(&sim);
    let connector = Connector::new(&sim);
    let run = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    assert!(run.records("tickets").iter().all(|row| row["status"] != "deleted"));
    let mut asked = sim.requests().into_iter().filter(|seen| seen.path.contains("incremental"));
    assert!(asked.all(|seen| seen.raw_query.contains("exclude_deleted=true")));
}

#[test]
fn a_full_refresh_leaves_the_deleted_out_on_demand() {
    let sim = simulator(154);
    delete_some(&sim);
    for column in [None, Some("gone_at")] {
        let mut connector = Connector::new(&sim);
        connector.config["exclude_deleted"] = json!(true);
        connector.config["deleted_at_field"] = json!(column);
        let run = connector.read(&marked(), FULL, &[]).complete();
        for (stream, _) in MARKED {
            let living = truth(&sim, stream).into_values().filter(|(_, deleted)| !deleted).count();
            assert_eq!(run.records(stream).len(), living, "{stream}");
            assert!(living < truth(&sim, stream).len(), "{stream} has no deleted row");
        }
    }
}

#[test]
fn leaving_the_deleted_out_of_an_incremental_read_is_refused_before_the_first_request() {
    let sim = simulator(155);
    let mut connector = Connector::new(&sim);
    connector.config["exclude_deleted"] = json!(true);
    let run = connector.read(&["users", "groups", "tags"], INCREMENTAL, &[]);
    assert_eq!((run.code, sim.requests().len()), (Some(1), 0));
    let errors = run.messages.iter().filter(|message| message["trace"]["type"] == "ERROR");
    let errors: Vec<&Value> = errors.map(|message| &message["trace"]["error"]).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["failure_type"], "config_error");
    let told = errors[0]["message"].as_str().unwrap_or_default();
    assert!(told.contains("users, groups") || told.contains("groups, users"), "{told}");
    assert!(!told.contains("tags") && told.contains("deleted_at_field"), "{told}");
    // As a full refresh, without an indicator, or with the column, there is nothing to refuse.
    connector.read(&["users", "groups"], FULL, &[]).complete();
    connector.read(&["ticket_fields", "brands"], INCREMENTAL, &[]).complete();
    connector.config["deleted_at_field"] = json!("gone_at");
    connector.read(&["users", "groups"], INCREMENTAL, &[]).complete();
}

#[test]
fn check_warns_of_what_read_will_refuse_and_refuses_a_column_that_is_taken() {
    let sim = simulator(156);
    let mut connector = Connector::new(&sim);
    let check = |connector: &Connector<'_>| {
        let mut command = connector.command("check");
        command.arg("--config").arg(connector.file("config.json", &connector.config));
        unscaled(&mut command);
        connector.run(command, usize::MAX)
    };
    let warns = |run: &Run| run.logs("WARN").iter().any(|told| told.contains("exclude_deleted"));
    connector.config["exclude_deleted"] = json!(true);
    let run = check(&connector);
    assert!(warns(&run), "{:?}", run.lines);
    assert!(run.lines.iter().any(|line| line.contains("SUCCEEDED")), "{:?}", run.lines);
    connector.config["deleted_at_field"] = json!("_ab_cdc_deleted_at");
    assert!(!warns(&check(&connector)));
    connector.config["deleted_at_field"] = json!("updated_at");
    let run = check(&connector);
    assert!(run.lines.iter().any(|line| line.contains("FAILED") && line.contains("users")));
    assert_eq!(connector.read(&["users"], FULL, &[]).code, Some(1));
}

#[test]
fn the_ticket_scope_narrows_tickets_and_their_events_and_is_wide_by_default() {
    let sim = simulator(157);
    sim.account(|account| {
        for key in some_keys(account, "tickets", 0, 4) {
            account.set_field("tickets", &key, "support_type", "\"ai_agent\"");
        }
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let of_ai = |row: &&&Value| row["support_type"] == "ai_agent";
    let mut counts = BTreeMap::new();
    for scope in [None, Some("all"), Some("human"), Some("ai")] {
        let mut connector = Connector::new(&sim);
        connector.config["ticket_scope"] = json!(scope);
        let streams = ["tickets", "ticket_metrics", "ticket_events", "ticket_comments"];
        let run = connector.read(&streams, INCREMENTAL, &[]).complete();
        let tickets = run.records("tickets");
        let ai = tickets.iter().filter(of_ai).count();
        match scope {
            Some("human") => assert_eq!(ai, 0),
            Some("ai") => assert_eq!(ai, tickets.len()),
            _ => assert!(ai >= 4 && ai < tickets.len()),
        }
        let rows = streams.map(|stream| run.records(stream).len());
        counts.insert(scope.unwrap_or("none"), rows);
    }
    assert_eq!(counts["none"], counts["all"]);
    for ((all, human), ai) in counts["all"].iter().zip(counts["human"]).zip(counts["ai"]) {
        assert_eq!(human + ai, *all);
        assert!(ai > 0, "{counts:?}");
    }
}
