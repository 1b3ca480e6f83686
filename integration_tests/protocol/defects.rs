//! Shows that the strict reader notices each defect: one good output, and edits that spoil it.

use serde_json::{Value, json};

use super::{check_output, check_part};

/// A sync of one stream with two records, one line per message.
const GOOD: &str = r#"{"type":"LOG","log":{"level":"INFO","message":"hello"}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1795222985569,"stream_status":{"stream_descriptor":{"name":"tags"},"status":"STARTED"}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1795222985569.0,"stream_status":{"stream_descriptor":{"name":"tags"},"status":"RUNNING"}}}
{"type":"RECORD","record":{"stream":"tags","data":{"name":"a","count":1},"emitted_at":1795222985569}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"tags"},"stream_state":{"walk":1}},"sourceStats":{"recordCount":1.0}}}
{"type":"RECORD","record":{"stream":"tags","data":{"name":"b","count":2},"emitted_at":1795222985570}}
{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"tags"},"stream_state":{"walk":2}},"sourceStats":{"recordCount":1.0}}}
{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1795222985571,"stream_status":{"stream_descriptor":{"name":"tags"},"status":"COMPLETE"}}}
{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1795222985571,"error":{"message":"m","failure_type":"config_error"}}}
"#;

fn catalog() -> Vec<Value> {
    let schema = json!({ "type": "object", "properties": {
        "name": { "type": "string" }, "count": { "type": ["null", "integer"] } } });
    vec![json!({ "name": "tags", "json_schema": schema, "source_defined_primary_key": [["name"]] })]
}

#[test]
fn a_good_output_gives_no_cause() {
    assert_eq!(check_output(GOOD.as_bytes(), &catalog()), Vec::<String>::new());
    let incomplete = GOOD.replace("COMPLETE", "INCOMPLETE");
    assert_eq!(check_output(incomplete.as_bytes(), &catalog()), Vec::<String>::new());
}

/// Edits of `GOOD`: a text whose first occurrence is replaced, its replacement, and a part of the
/// complaint.
const DEFECTS: &[(&str, &str, &str)] = &[
    (r#""hello"}}"#, r#""hello"}"#, "line 1: is no strict JSON"),
    (r#"{"type":"LOG""#, r#"starting {"type":"LOG""#, "line 1: is no strict JSON"),
    (
        "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"hello\"}}\n",
        "[]\n",
        "line 1: has no known `type`",
    ),
    ("hello\"}}\n", "hello\"}}", "line 1: is no strict JSON: trailing characters"),
    ("hello\"}}\n", "hello\"}}\n\n", "line 2: is no strict JSON"),
    ("hello", "a\u{2028}b", "holds a raw line break"),
    ("hello", "a\u{2029}b", "holds a raw line break"),
    ("hello", "a\u{85}b", "holds a raw line break"),
    ("hello\"}}\n", "hello\"}}\r\n", "holds a raw line break"),
    (r#""level":"INFO""#, r#""level":"INFO","level":"INFO""#, "duplicate key `level`"),
    (
        r#""name":"a","#,
        r#""name":"a","name":"a","#,
        "line 4: is no strict JSON: duplicate key `name`",
    ),
    (r#""type":"LOG""#, r#""type":"LOGS""#, "line 1: has no known `type`"),
    (r#""log":{"#, r#""logs":{"#, "\"log\" is a required property"),
    (r#""log":{"level":"INFO","message":"hello"}"#, r#""log":null"#, "LOG /log"),
    (r#""level":"INFO""#, r#""level":"NOTICE""#, "LOG /log/level"),
    (r#""message":"hello""#, r#""message":"hello","stream":"tags""#, "'stream' was unexpected"),
    (
        r#""emitted_at":1795222985569}}"#,
        r#""emitted_at":1795222985}}"#,
        "RECORD /record/emitted_at",
    ),
    (
        r#""emitted_at":1795222985569}}"#,
        r#""emitted_at":1795222985569000}}"#,
        "RECORD /record/emitted_at",
    ),
    (
        r#""emitted_at":1795222985569}}"#,
        r#""emitted_at":1795222985569.5}}"#,
        "RECORD /record/emitted_at",
    ),
    (r#","emitted_at":1795222985569}}"#, "}}", "\"emitted_at\" is a required property"),
    (r#""emitted_at":1795222985569,"#, r#""emitted_at":1795222985,"#, "TRACE /trace/emitted_at"),
    (
        r#""record":{"stream":"tags","#,
        r#""record":{"stream":"tags","namespace":null,"#,
        "'namespace' was unexpected",
    ),
    (r#""data":{"name":"a","count":1}"#, r#""data":{}"#, "RECORD /record/data"),
    (
        r#"{"stream":"tags","data":{"name":"a""#,
        r#"{"stream":"users","data":{"name":"a""#,
        "record of `users`, which is not selected",
    ),
    (r#""count":1}"#, r#""count":"1"}"#, "record of `tags` against its schema: /count"),
    (r#""name":"a","count":1"#, r#""count":1"#, "record of `tags` without its primary key"),
    (r#""status":"STARTED""#, r#""status":"RUNNING""#, "RUNNING of `tags` while it is Selected"),
    (r#""status":"RUNNING""#, r#""status":"STARTED""#, "STARTED of `tags` while it is Started"),
    (r#""status":"RUNNING""#, r#""status":"COMPLETE""#, "COMPLETE of `tags` while it is Started"),
    (r#""status":"RUNNING""#, r#""status":"running""#, "TRACE /trace/stream_status/status"),
    (r#""status":"COMPLETE""#, r#""status":"RUNNING""#, "`tags` never ended: it is Running"),
    (
        r#"{"name":"tags"},"status":"COMPLETE""#,
        r#"{"name":"users"},"status":"COMPLETE""#,
        "COMPLETE of `users`, which is not selected",
    ),
    (r#""recordCount":1.0"#, r#""recordCount":1"#, "recordCount of `tags` is 1 after 1.0 records"),
    (
        r#""recordCount":1.0"#,
        r#""recordCount":2.0"#,
        "recordCount of `tags` is 2.0 after 1.0 records",
    ),
    (r#","sourceStats":{"recordCount":1.0}"#, "", "\"sourceStats\" is a required property"),
    (r#""state":{"type":"STREAM""#, r#""state":{"type":"GLOBAL""#, "STATE /state/type"),
    (r#""stream_state":{"walk":1}"#, r#""stream_state":{}"#, "STATE /state/stream/stream_state"),
    (r#""stream_state":{"walk":1}"#, r#""stream_state":null"#, "STATE /state/stream/stream_state"),
    (
        r#""stream_state":{"walk":1}"#,
        r#""stream_state":{"walk":2}"#,
        "state of `tags` did not move",
    ),
    (
        r#"{"name":"tags"},"stream_state""#,
        r#"{"name":"users"},"stream_state""#,
        "state of `users`, which is not selected",
    ),
    (
        r#""failure_type":"config_error""#,
        r#""failure_type":"user_error""#,
        "TRACE /trace/error/failure_type",
    ),
    (r#""error":{"message""#, r#""error":{"text""#, "'text' was unexpected"),
    (r#"{"type":"ERROR""#, r#"{"type":"OOPS""#, "TRACE /trace/type"),
];

#[test]
fn each_defect_is_noticed() {
    let mut unnoticed = Vec::new();
    for (from, to, complaint) in DEFECTS {
        assert!(GOOD.contains(from), "the good output has no {from}");
        let found = check_output(GOOD.replacen(from, to, 1).as_bytes(), &catalog());
        if !found.iter().any(|found| found.contains(complaint)) {
            unnoticed.push(format!("{to} in place of {from}: {complaint}; but {found:?}"));
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// Orders of the lines of `GOOD`, counted from 0, and a part of the complaint.
const ORDERS: &[(&[usize], &str)] = &[
    (&[], "there is no output"),
    (&[0], "`tags` never ended: it is Selected"),
    (&[0, 1, 2, 7], "`tags` has no state"),
    (&[1, 3, 2, 4, 7], "record of `tags` while it is Started"),
    (&[1, 2, 7, 3, 4], "record of `tags` while it is Ended"),
    (&[1, 2, 3, 7, 4], "state of `tags` while it is Ended"),
    (&[4, 1, 2, 7], "state of `tags` while it is Selected"),
    (&[1, 2, 3, 4, 5, 7], "`tags` has records after its last state"),
    (&[1, 2, 3, 5, 6, 7], "recordCount of `tags` is 1.0 after 2.0 records"),
    (&[1, 2, 3, 4, 7, 7], "COMPLETE of `tags` while it is Ended"),
    (&[1, 1, 2, 3, 4, 7], "STARTED of `tags` while it is Started"),
];

#[test]
fn each_wrong_order_is_noticed() {
    let lines: Vec<&str> = GOOD.split_inclusive('\n').collect();
    for (order, complaint) in ORDERS {
        let output: String = order.iter().map(|line| lines[*line]).collect();
        let found = check_output(output.as_bytes(), &catalog());
        assert!(found.iter().any(|found| found.contains(complaint)), "{order:?}: {found:?}");
    }
}

const ESTIMATE: &str = r#"{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1795222985569,"estimate":{"name":"tags","type":"STREAM","row_estimate":2}}}
"#;

/// The good output with an estimate inserted before line `at`.
fn with_estimate(at: usize, estimate: &str) -> Vec<String> {
    let mut lines: Vec<&str> = GOOD.split_inclusive('\n').collect();
    lines.insert(at, estimate);
    check_output(lines.concat().as_bytes(), &catalog())
}

#[test]
fn an_estimate_is_of_a_stream_under_way_and_a_count_of_rows() {
    for at in 2..=7 {
        assert_eq!(with_estimate(at, ESTIMATE), Vec::<String>::new());
    }
    for (at, phase) in [(1, "Selected"), (8, "Ended")] {
        let complaint = format!("line {}: estimate of `tags` while it is {phase}", at + 1);
        assert_eq!(with_estimate(at, ESTIMATE), [complaint]);
    }
    let spoilt = [
        (r#""name":"tags""#, r#""name":"users""#, "estimate of `users`, which is not selected"),
        (r#""name":"tags","#, r#""name":"tags","namespace":null,"#, "'namespace' was unexpected"),
        (r#""type":"STREAM""#, r#""type":"SYNC""#, "TRACE /trace/estimate/type"),
        (r#":2}"#, r#":"2"}"#, "TRACE /trace/estimate/row_estimate"),
        (r#":2}"#, r#":-2}"#, "TRACE /trace/estimate/row_estimate"),
        (r#","row_estimate":2"#, "", "\"row_estimate\" is a required property"),
    ];
    for (from, to, complaint) in spoilt {
        let found = with_estimate(4, &ESTIMATE.replacen(from, to, 1));
        assert!(found.iter().any(|found| found.contains(complaint)), "{complaint}: {found:?}");
    }
}

#[test]
fn what_was_cut_off_needs_no_end_but_whole_lines() {
    let lines: Vec<&str> = GOOD.split_inclusive('\n').collect();
    let part = lines[..6].concat();
    assert_eq!(check_part(part.as_bytes(), &catalog()), Vec::<String>::new());
    let cut = check_part(&part.as_bytes()[..part.len() - 1], &catalog());
    assert_eq!(cut, ["line 6: does not end in a line feed"]);
    assert_eq!(check_part(b"\xff\n", &catalog()), ["line 1: is not UTF-8"]);
}
