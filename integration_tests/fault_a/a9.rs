//! States in the shapes that wrappers give them are understood. A state that cannot be used is
//! reported.

use serde_json::{Value, json};

use crate::harness::{Connector, INCREMENTAL, simulator};

#[test]
fn a_state_in_a_wrapper_goes_on_as_the_bare_one_does() {
    let sim = simulator(4900);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let first = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    let states = first.states_over(&[]);
    let stream = states[0]["stream"].clone();
    let camel = json!({ "streamDescriptor": stream["stream_descriptor"], "streamState": stream["stream_state"] });
    for wrapped in [
        stream.clone(),
        json!([stream]),
        json!({ "airbyte_state": states }),
        json!({ "airbyte_state": [stream] }),
        json!({ "airbyte_state": { "type": "LEGACY", "data": { "tickets": stream["stream_state"] } } }),
        json!({ "state": states }),
        json!({ "type": "GLOBAL", "global": { "stream_states": [stream] } }),
        json!({ "stateType": "stream", "streamState": [camel] }),
    ] {
        let run = connector.read_from(&["tickets"], INCREMENTAL, &wrapped).complete();
        assert!(run.records("tickets").is_empty(), "read again from {wrapped}");
        assert_eq!(run.logs("WARN").len(), 1, "{wrapped}: {:?}", run.logs("WARN"));
    }
}

#[test]
fn a_state_of_which_nothing_can_be_used_is_told_and_read_anew() {
    let sim = simulator(4901);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let all = connector.read(&["groups"], INCREMENTAL, &[]).complete().records("groups").len();
    let of = |state: Value| json!([{ "type": "STREAM", "stream": { "stream_descriptor": { "name": "groups" }, "stream_state": state } }]);
    for (state, names) in [
        (of(json!([{ "updated_at": "1700000000" }])), "`groups`"),
        (of(json!("1700000000")), "`groups`"),
        (of(json!(7)), "`groups`"),
        (of(json!({ "cursor": "2024-01-01" })), "groups: "),
        (json!({ "groups": "2024-01-01" }), "`groups`"),
        (json!({ "bookmarks": { "group": "2024-01-01" } }), "`bookmarks`"),
        (json!([{ "type": "STREAM", "foo": 1 }]), "element 0"),
    ] {
        let run = connector.read_from(&["groups"], INCREMENTAL, &state).complete();
        assert_eq!(run.records("groups").len(), all, "{state}");
        let told = run.logs("WARN");
        assert!(told.iter().any(|line| line.contains(names)), "{state}: {told:?}");
    }
    for nothing in [
        json!([]),
        json!({}),
        of(Value::Null),
        of(json!({})),
        of(json!([])),
        json!({ "groups": null }),
    ] {
        let run = connector.read_from(&["groups"], INCREMENTAL, &nothing).complete();
        assert!(run.logs("WARN").iter().all(|line| !line.contains("state")), "{nothing}");
    }
}
