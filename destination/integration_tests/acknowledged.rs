//! A state is written when the account contains every row before it, and never earlier. Each line
//! is compared with the account at the moment when the line comes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{Faults, JobFault, JobFaults, Prng, Simulator};

use crate::account::account;
use crate::run::{Ended, Folder, catalog, config, record, record_of, start, stream};

/// The rows of a resource at this moment, by external id.
fn rows_now(sim: &Simulator, resource: &str) -> BTreeMap<String, Value> {
    // Rows are copied before they are read, so that little time passes meanwhile.
    let texts: Vec<String> = sim.account(|account| {
        let keys = account.keys(resource);
        let rows = keys.iter().filter_map(|key| account.row(resource, key));
        rows.filter(|row| !row.deleted).map(|row| row.text.clone()).collect()
    });
    let rows = texts.iter().map(|text| serde_json::from_str::<Value>(text).expect("a row"));
    rows.filter_map(|row| Some((row["external_id"].as_str()?.to_owned(), row))).collect()
}

/// An input: its text, its rows, and for the id of each state the number of rows before it.
#[derive(Default)]
struct Input {
    text: String,
    rows: Vec<(&'static str, Value)>,
    before: BTreeMap<u64, usize>,
}

impl Input {
    fn row(&mut self, stream: &'static str, row: Value) {
        self.text += &(record_of(stream, &row) + "\n");
        self.rows.push((stream, row));
    }

    /// Adds a state of one stream, or of all streams.
    fn state(&mut self, stream: Option<&str>, kind: &str) {
        let id = self.before.len() as u64 + 1;
        let state = match (stream, kind) {
            (Some(name), _) => json!({ "type": "STREAM", "stream": {
                "stream_descriptor": { "name": name, "namespace": "warehouse" }, "stream_state": { "at": id } }, "id": id }),
            (None, "GLOBAL") => {
                json!({ "type": "GLOBAL", "global": { "shared_state": { "at": id }, "stream_states": [] }, "id": id })
            }
            (None, _) => json!({ "data": { "at": id }, "id": id }),
        };
        self.text += &(json!({ "type": "STATE", "state": state }).to_string() + "\n");
        self.before.insert(id, self.rows.len());
    }
}

/// Writes an input. Fails at the first state that comes before the account contains one of its
/// rows. Returns the ids of the states in their order.
fn follow(
    sim: &Simulator,
    options: &Value,
    catalog: &Value,
    input: &Input,
    is_global: bool,
) -> (Ended, Vec<u64>) {
    let folder = Folder::new();
    let running = start(sim, &folder, (&config(options), catalog), input.text.clone(), 0);
    let mut ids = Vec::new();
    let ended = running.end_with(|line| {
        if !line.starts_with(r#"{"type":"STATE""#) {
            return;
        }
        let now = ["users", "organizations"].map(|resource| (resource, rows_now(sim, resource)));
        let now: BTreeMap<&str, _> = now.into();
        let line: Value = serde_json::from_str(line).expect("a state is JSON");
        let id = line["state"]["id"].as_u64().expect("a state keeps its id");
        ids.push(id);
        let of = line["state"]["stream"]["stream_descriptor"]["name"].as_str();
        for (stream, row) in &input.rows[..input.before[&id]] {
            if !is_global && of != Some(*stream) {
                continue;
            }
            let resource = if *stream == "o" { "organizations" } else { "users" };
            let key = row["external_id"].as_str().expect("a row has a key");
            let there = now[resource].get(key).map(|there| &there["notes"]);
            assert_eq!(
                there,
                Some(&row["notes"]),
                "state {id} came before the row {key} was there"
            );
        }
    });
    (ended.succeeded(), ids)
}

fn seeded(sim: &Simulator, count: usize) {
    sim.account(|account| {
        for at in 0..count {
            account.write_new("users", json!({ "external_id": format!("u-{at}"), "name": "Old" }));
        }
    });
}

fn user(at: usize) -> Value {
    json!({ "external_id": format!("u-{at}"), "name": format!("N {at}"), "notes": format!("of {at}") })
}

#[test]
fn a_state_of_a_stream_comes_when_its_rows_are_there() {
    // Nothing goes wrong, anything does, or every second job does half of its work and says nothing.
    for way in 0..3 {
        let sim = account();
        seeded(&sim, 600);
        let share = [0.0, 0.3, 0.0][way];
        sim.faults(Faults::on_share_of_writes(share / 3.0, 5));
        let mut ordered = 0;
        sim.job_faults(match way {
            2 => JobFaults::by(move |_| {
                ordered += 1;
                (ordered % 2 == 0).then_some(JobFault::KilledHalfWay)
            }),
            _ => JobFaults::on_share(share, 3),
        });
        let mut chance = Prng::new(11);
        let mut input = Input::default();
        for at in 0..1200 {
            input.row("u", user(at));
            if chance.below(30) == 0 {
                input.state(Some("u"), "");
            }
        }
        input.state(Some("u"), "");
        let catalog =
            json!({ "streams": [stream("u", "users", "append_dedup", Some("external_id"))] });
        let (ended, ids) = follow(&sim, &json!({}), &catalog, &input, false);
        let all: Vec<u64> = input.before.keys().copied().collect();
        assert_eq!(ids, all, "every state comes, in its order");
        assert_eq!(ended.count("recordCount"), 1200);
        assert!(ids.len() > 20);
    }
}

#[test]
fn a_state_of_all_streams_waits_for_the_rows_of_each() {
    for kind in ["GLOBAL", "LEGACY"] {
        let sim = account();
        seeded(&sim, 200);
        sim.job_faults(JobFaults::by(|job| {
            (job.n % 4 == 0).then_some(JobFault::ResultsOutOfOrder)
        }));
        let mut chance = Prng::new(13);
        let mut input = Input::default();
        for at in 0..600 {
            input.row("u", user(at));
            if at % 2 == 0 {
                input.row("o", json!({ "external_id": format!("o-{at}"), "name": format!("O {at}"), "notes": "o" }));
            }
            if chance.below(40) == 0 {
                input.state(None, kind);
            }
        }
        input.state(None, kind);
        let catalog = json!({ "streams": [
            stream("u", "users", "append_dedup", Some("external_id")),
            stream("o", "organizations", "append_dedup", Some("external_id")),
        ] });
        let (ended, ids) = follow(&sim, &json!({}), &catalog, &input, true);
        assert_eq!(ids, input.before.keys().copied().collect::<Vec<u64>>(), "{kind}");
        assert_eq!((ended.count("created"), ended.count("updated")), (700, 200), "{kind}");
    }
}

#[test]
fn states_of_two_streams_come_each_in_its_own_order() {
    let sim = account();
    let mut input = Input::default();
    for at in 0..500 {
        input.row("u", user(at));
        input.row(
            "o",
            json!({ "external_id": format!("o-{at}"), "name": format!("O {at}"), "notes": "o" }),
        );
        if at % 90 == 89 {
            input.state(Some(if at % 180 == 179 { "u" } else { "o" }), "");
        }
    }
    input.state(Some("u"), "");
    input.state(Some("o"), "");
    let catalog = json!({ "streams": [
        stream("u", "users", "append_dedup", Some("external_id")),
        stream("o", "organizations", "append_dedup", Some("external_id")),
    ] });
    let (ended, ids) = follow(&sim, &json!({}), &catalog, &input, false);
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (state, id) in ended.states().iter().zip(&ids) {
        let name = state["stream"]["stream_descriptor"]["name"].as_str().unwrap();
        told.entry(name.to_owned()).or_default().push(*id);
    }
    assert!(told.values().all(|ids| ids.is_sorted()), "{told:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), input.before.len());
}

/// States in odd spellings and shapes, which some programs do write.
const ODD_STATES: [&str; 7] = [
    r#"{"type":"STREAM","stream":{"stream_descriptor":{"namespace":"warehouse","name":"rows"},"stream_state":{"x":1.0,"big":123456789012345678901234567890,"e":1E5,"text":"\u00fc \"}}\" \\","null":null}},"id":1,"new":[1,{"a":{}}]}"#,
    r#"{ "type" : "STREAM" , "stream" : { "stream_descriptor" : { "name" : "rows" , "namespace" : "warehouse" } , "stream_state" : { "z" : 1 , "a" : 2 } } , "id" : 2 }"#,
    r#"{"stream":{"stream_descriptor":{"name":"rows","namespace":"warehouse"}},"type":"STREAM","id":3,"sourceStats":{"recordCount":0.10}}"#,
    r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"rows","namespace":"warehouse"},"stream_state":{"half":"\ud83d"}},"id":4}"#,
    r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"rows","namespace":"warehouse"},"stream_state":{"a":1,"a":2}},"id":5}"#,
    r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"rows","namespace":"warehouse"},"stream_state":{"x":0.1000000000000000055511151231257827}},"id":6}"#,
    r#"{"id":7,"type":"STREAM","stream":{"stream_descriptor":{"name":"rows","namespace":"warehouse"},"stream_state":[]}}"#,
];

#[test]
fn states_keep_every_byte() {
    let sim = account();
    let mut input = String::new();
    for (at, state) in ODD_STATES.iter().enumerate() {
        input += &(record(&user(at)) + "\n");
        input += &match at % 3 {
            0 => format!("{{\"type\":\"STATE\",\"state\":{state}}}\n"),
            1 => format!(
                "{{\"log\":null,\"record\":null,\"state\":{state},\"type\":\"STATE\",\"trace\":null,\"control\":null}}\n"
            ),
            _ => format!("{{\"type\":\"STATE\",\"state\":{{}},\"state\":{state},\"record\":7}}\n"),
        };
    }
    let folder = Folder::new();
    let catalog = catalog("users", "append_dedup", Some("external_id"));
    let mut lines = Vec::new();
    let running = start(&sim, &folder, (&config(&json!({})), &catalog), input, 0);
    running
        .end_with(|line| {
            if line.contains("destinationStats") {
                lines.push(line.to_owned());
            }
        })
        .succeeded();
    assert_eq!(lines.len(), ODD_STATES.len(), "{lines:#?}");
    for (line, state) in lines.iter().zip(ODD_STATES) {
        let inside = state.trim_end().strip_suffix('}').unwrap();
        let begin = format!(
            "{{\"type\":\"STATE\",\"state\":{inside},\"destinationStats\":{{\"recordCount\":1.0,"
        );
        assert!(line.starts_with(&begin), "{line}\n{begin}");
    }
}
