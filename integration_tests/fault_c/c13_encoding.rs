//! How the headers of an answer say that it is compressed.

use simulator::{Fault, Faults, When};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, simulator};

#[test]
fn gzip_is_known_in_any_spelling() {
    let sim = simulator(930);
    let connector = Connector::new(&sim);
    for spelling in
        ["GZIP", "GZip", " gzip ", "x-gzip", "X-GZIP", "gzip, identity", "identity,Gzip"]
    {
        sim.knobs(|knobs| knobs.encoding_spelling = Some(spelling));
        let run = connector.read(&["groups"], FULL, &[]).complete();
        let came = newest("groups", run.records("groups"));
        let found = differences("groups", &listing(&sim, "groups"), &came, true);
        assert!(found.is_empty(), "{spelling}: {found:#?}");
    }
}

#[test]
fn another_encoding_is_an_error_that_names_it() {
    let sim = simulator(931);
    let connector = Connector::new(&sim);
    for (spelling, named) in
        [("br", "`br`"), ("gzip, zstd", "`gzip, zstd`"), ("DEFLATE", "`deflate`")]
    {
        let headers = vec![("content-encoding".to_owned(), spelling.to_owned())];
        let body = r#"{"groups":[],"meta":{"has_more":false}}"#.to_owned();
        sim.knobs(|knobs| knobs.encoding_spelling = Some("identity"));
        sim.faults(Faults::rule(
            "/groups",
            When::Always,
            Fault::Status { status: 200, headers, body },
        ));
        let run = connector.read(&["groups"], FULL, &[]);
        let (kind, message) = run.error("groups").expect("an error");
        assert_eq!(kind, "transient_error");
        assert!(message.contains(named), "{message}");
    }
}
