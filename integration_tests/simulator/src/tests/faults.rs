//! Faults between the account and the client.

use super::*;
use crate::{Fault, Faults, When};

#[test]
fn rules_choose_requests() {
    let simulator = tiny();
    simulator.faults(Faults::rule("/tags", When::EveryNth(2), Fault::status(502)));
    let got: Vec<_> = (0..4).map(|_| get(&simulator, "tags").status).collect();
    assert_eq!(got, [200, 502, 200, 502]);
    assert_eq!(get(&simulator, "groups").status, 200);
    let big = Faults::rule("incremental", When::PageLargerThan(100), Fault::gateway_timeout());
    simulator.faults(big);
    let export = "incremental/tickets/cursor?start_time=0";
    assert_eq!(get(&simulator, export).status, 504);
    assert_eq!(get(&simulator, &format!("{export}&per_page=100")).status, 200);
    simulator.faults(Faults::by(|seen| (seen.feed == "macros").then(|| Fault::status(500))));
    assert_eq!([get(&simulator, "macros").status, get(&simulator, "tags").status], [500, 200]);
}

#[test]
fn broken_answers() {
    let simulator = tiny();
    let with = |fault: Fault| simulator.faults(Faults::rule("", When::Always, fault));
    let whole = get(&simulator, "custom_roles").body.len();
    with(Fault::CutBody);
    let cut = get(&simulator, "custom_roles");
    assert_eq!(cut.header("content-length"), Some(whole.to_string().as_str()));
    assert!(cut.body.len() < whole && !cut.body.is_empty());
    with(Fault::ResetConnection);
    assert!(send(&simulator, "/api/v2/tags", &token_header()).is_none());
    with(Fault::Empty);
    let empty = get(&simulator, "tags");
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    with(Fault::Html);
    assert!(get(&simulator, "tags").text().contains("<html>"));
    with(Fault::WithoutKey);
    assert!(get(&simulator, "tags").json().get("tags").is_none());
    with(Fault::Trickle { piece_bytes: 500, pause_ms: 1 });
    assert!(get(&simulator, "tags").json()["tags"].is_array());
    with(Fault::BrokenGzip);
    let garbled = get(&simulator, "custom_roles");
    assert_eq!(garbled.header("content-encoding"), Some("gzip"));
    assert!(gunzip(&garbled.body).is_none());
    let faulted = simulator.requests().iter().filter(|seen| seen.faulted).count();
    assert_eq!(faulted, 6);
}

#[test]
fn every_kind_comes_on_a_share_of_requests_or_on_one_feed_without_end() {
    let simulator = tiny();
    let kinds = Fault::kinds();
    assert_eq!(kinds.len(), 31);
    for (name, fault) in kinds {
        simulator.faults(Faults::endless("tags", fault.clone()));
        simulator.clear_requests();
        for _ in 0..2 {
            send(&simulator, "/api/v2/tags", &token_header());
        }
        assert_eq!(get(&simulator, "groups").status, 200);
        let met: Vec<_> = simulator.requests().iter().map(|seen| seen.faulted).collect();
        // A trickle brings the whole answer.
        let is_fault = !matches!(fault, Fault::Trickle { .. });
        assert_eq!(met, [is_fault, is_fault, false], "{name}");
    }
    simulator.faults(Faults::on_share(0.1, 7));
    simulator.clear_requests();
    for _ in 0..300 {
        send(&simulator, "/api/v2/tags", &token_header());
    }
    let met = simulator.requests().iter().filter(|seen| seen.faulted).count();
    assert!((10..60).contains(&met), "{met} of 300");
}

#[test]
fn answers_are_compressed_for_those_who_accept_it() {
    let simulator = tiny();
    let headers = format!("{}Accept-Encoding: gzip, deflate\r\n", token_header());
    let got = send(&simulator, "/api/v2/tags", &headers).unwrap();
    let plain = get(&simulator, "tags").body;
    assert_eq!(gunzip(&got.body), Some(plain));
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).ok()?;
    Some(plain)
}
