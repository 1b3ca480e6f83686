//! A catalog contains every stream that the account may have, because platforms remove streams that
//! a catalog lacks.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, simulator};
use crate::program::{Ended, run, unscaled};

const FORBIDDEN: &str =
    r#"{"error":{"title":"Forbidden","message":"You do not have access to this page."}}"#;
const NO_ENDPOINT: &str = r#"{"error":"InvalidEndpoint","description":"Not found"}"#;

fn says(status: u16, body: &str) -> Fault {
    Fault::Status { status, headers: Vec::new(), body: body.to_owned() }
}

fn discover(path: &str, fault: Fault) -> (Ended, Vec<String>) {
    let sim = simulator(4720);
    sim.faults(Faults::rules([FaultRule::new(path, When::Always, fault)]));
    let connector = Connector::new(&sim);
    let mut command = connector.command("discover");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let ended = run(command);
    let messages = ended.messages();
    let catalog = messages.iter().find(|message| message["type"] == "CATALOG");
    let streams = catalog.and_then(|catalog| catalog["catalog"]["streams"].as_array().cloned());
    let names = streams.unwrap_or_default();
    let names = names.iter().map(|stream| stream["name"].as_str().unwrap_or_default().to_owned());
    let names = names.collect();
    (ended, names)
}

/// Answers of every listing that leave open whether the account has the stream.
fn unclear() -> Vec<(&'static str, Fault)> {
    vec![
        ("429", Fault::retry_after(429, 3600)),
        ("500", Fault::status(500)),
        ("503", Fault::status(503)),
        ("401", says(401, r#"{"error":"Couldn't authenticate you"}"#)),
        ("403 by HTML", says(403, "<html><h1>Access denied</h1></html>")),
        ("403 without a word", says(403, "{}")),
        ("404 by HTML", says(404, "<html><h1>Not Found</h1></html>")),
        ("a reset connection", Fault::ResetConnection),
        ("no JSON", Fault::Html),
        ("no answer", Fault::Delay { ms: 86_400_000 }),
    ]
}

#[test]
fn there_is_no_catalog_while_it_is_not_known_which_custom_objects_there_are() {
    // They mostly wait, so they wait together.
    std::thread::scope(|scope| {
        for path in ["/custom_objects.json", "/fields.json?include_standard_fields"] {
            for (what, fault) in unclear() {
                scope.spawn(move || {
                    let (ended, names) = discover(path, fault);
                    assert_eq!((ended.code, names.len()), (Some(1), 0), "{path} {what}");
                    let errors = ended.errors();
                    assert!(
                        errors.iter().any(|(_, _, message)| message.contains("custom objects")),
                        "{path} {what}: {errors:?}"
                    );
                    assert!(ended.took.as_secs() < 40, "{path} {what}: {:?}", ended.took);
                });
            }
        }
    });
}

#[test]
fn a_definite_refusal_of_custom_objects_leaves_their_records_out() {
    for (status, body) in [(403, FORBIDDEN), (404, NO_ENDPOINT)] {
        let (ended, names) = discover("/custom_objects", says(status, body));
        assert_eq!(ended.code, Some(0), "{status}");
        assert!(names.len() > 60, "{status}: {names:?}");
        assert!(!names.iter().any(|name| name.starts_with("custom_object_records_")), "{status}");
    }
}

#[test]
fn whoever_is_not_signed_in_gets_no_catalog() {
    for fault in [
        says(401, r#"{"error":"Couldn't authenticate you"}"#),
        says(401, r#"{"error":"invalid_token","error_description":"no"}"#),
        says(200, r#"{"user":{"id":null,"name":"Anonymous user"}}"#),
    ] {
        let (ended, names) = discover("/users/me", fault);
        assert_eq!((ended.code, names.len()), (Some(1), 0));
        assert_eq!(ended.errors()[0].0, "config_error");
    }
}

#[test]
fn a_stream_is_left_out_by_zendesks_own_word_alone() {
    let has = |names: &[String]| names.iter().any(|name| name == "audit_logs");
    std::thread::scope(|scope| {
        for (what, fault) in unclear() {
            scope.spawn(move || {
                let (ended, names) = discover("/audit_logs", fault);
                assert_eq!(ended.code, Some(0), "{what}: {:?}", ended.errors());
                assert!(has(&names), "{what}: {names:?}");
            });
        }
    });
    for (status, body) in [(403, FORBIDDEN), (404, NO_ENDPOINT)] {
        let (ended, names) = discover("/audit_logs", says(status, body));
        assert_eq!((ended.code, has(&names)), (Some(0), false), "{status}");
    }
}

#[test]
fn help_centers_stay_in_while_it_is_not_known_where_they_are() {
    let sim = simulator(4721);
    sim.faults(Faults::rules([
        FaultRule::new("/brands", When::Always, Fault::status(503)),
        FaultRule::new("/help_center/", When::Always, says(404, NO_ENDPOINT)),
        FaultRule::new("/community/", When::Always, says(404, NO_ENDPOINT)),
    ]));
    let connector = Connector::new(&sim);
    let names = connector.discover();
    for name in ["articles", "topics", "posts"] {
        assert!(names.iter().any(|stream| stream["name"] == name), "{name}");
    }
}
