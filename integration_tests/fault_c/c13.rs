//! The surroundings of the program: proxies, the target of stdout, and options whose values are very
//! long or oddly spelled.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::harness::{Connector, FULL, catalog, simulator};
use crate::program::{Ended, Running, executable, run, unscaled};

const COMMANDS: [&str; 4] = ["spec", "check", "discover", "read"];

fn with_files(connector: &Connector<'_>, command: &mut Command, name: &str) {
    if name != "spec" {
        command.arg("--config").arg(connector.file("config.json", &connector.config));
    }
    if name == "read" {
        let catalog = catalog(&["tags", "tickets"], FULL);
        command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    }
}

fn founded(seed: u64) -> Simulator {
    let sim = simulator(seed);
    sim.advance_seconds(70);
    sim
}

fn status(ended: &Ended) -> Value {
    let messages = ended.messages();
    let status = messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
    status.expect("a check answers")["connectionStatus"].clone()
}

fn check(connector: &Connector<'_>) -> Value {
    let mut command = connector.command("check");
    unscaled(&mut command);
    with_files(connector, &mut command, "check");
    status(&run(command))
}

#[test]
fn a_proxy_that_cannot_be_understood_is_an_error_and_nothing_goes_out() {
    let sim = founded(4760);
    let connector = Connector::new(&sim);
    for variable in
        ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"]
    {
        for value in [
            "http://[secret-of-proxy",
            "http://",
            "socks5://secret-of-proxy:1080",
            "http://a secret-of-proxy",
        ] {
            for name in ["check", "discover", "read"] {
                let mut command = connector.command(name);
                with_files(&connector, &mut command, name);
                command.env(variable, value);
                let ended = run(command);
                let output = String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr;
                assert!(output.contains(variable), "{name} {variable}={value}: {output}");
                assert!(!output.contains("secret-of-proxy"), "{output}");
                assert_eq!(
                    ended.code,
                    Some(i32::from(name != "check")),
                    "{name} {variable}={value}"
                );
            }
        }
    }
    assert_eq!(sim.requests().len(), 0);
}

/// A run whose stdout is on a full disk, or that may not create files.
fn without_room(connector: &Connector<'_>, name: &str, limit: Option<u32>) -> Ended {
    let mut command = match limit {
        None => connector.command(name),
        Some(blocks) => {
            let plain = connector.command(name);
            let mut shell = Command::new("sh");
            let words = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
            shell.arg("-c").arg(words).arg(executable()).arg(name);
            for (variable, value) in plain.get_envs() {
                match value {
                    Some(value) => shell.env(variable, value),
                    None => shell.env_remove(variable),
                };
            }
            shell
        }
    };
    unscaled(&mut command);
    with_files(connector, &mut command, name);
    let stdout = match limit {
        None => File::options().write(true).open("/dev/full").expect("a full device"),
        Some(_) => {
            let path = connector.file("stdout", &Value::Null);
            File::create(path).expect("a file")
        }
    };
    command.stdout(Stdio::from(stdout));
    Running::start(command).end_within(Duration::from_secs(40))
}

#[test]
fn a_place_that_takes_no_more_is_told_as_what_it_is() {
    let sim = founded(4761);
    let connector = Connector::new(&sim);
    for (what, limit) in [("No space left", None), ("too large", Some(0))] {
        for name in COMMANDS {
            let ended = without_room(&connector, name, limit);
            assert_eq!(ended.code, Some(1), "{name} {what}: {}", ended.stderr);
            assert!(ended.stderr.contains("cannot write to stdout"), "{name}: {}", ended.stderr);
            assert!(ended.stderr.contains(what), "{name}: {}", ended.stderr);
        }
    }
    // In the middle of a read, too.
    let ended = without_room(&connector, "read", Some(4));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot write to stdout"), "{}", ended.stderr);
}

#[test]
fn a_text_of_a_hundred_kilobytes_is_told_by_its_option() {
    let sim = founded(4762);
    let long = "x".repeat(100_000);
    let query = json!([{ "name": "long", "query": format!("type:ticket {long}") }]);
    let email = json!({ "credentials": "api_token", "email": long, "api_token": "t" });
    let bearer = json!({ "credentials": "oauth2.0", "access_token": long });
    for (option, value, field) in [
        ("search_queries", query, "search_queries.0.query"),
        ("credentials", email, "credentials.email"),
        ("credentials", bearer, "credentials.access_token"),
        ("start_date", json!(long), "start_date"),
        ("deleted_at_field", json!(long), "deleted_at_field"),
        ("help_center_brands", json!([long]), "help_center_brands.0"),
    ] {
        let mut connector = Connector::new(&sim);
        connector.config[option] = value;
        let status = check(&connector);
        let told = status["message"].as_str().unwrap_or_default();
        assert!(told.contains(field), "{told}");
        assert!(!told.contains("network") && told.len() < 2_000, "{told}");
    }
    assert_eq!(sim.requests().len(), 0);
}

#[test]
fn a_query_that_a_server_finds_too_long_is_told_by_its_option() {
    for number in [413, 414, 431] {
        let sim = founded(4763);
        let fault = Fault::Status {
            status: number,
            headers: Vec::new(),
            body: "<h1>Too Large</h1>".into(),
        };
        sim.faults(Faults::rules([FaultRule::new("/search/export", When::Always, fault)]));
        let mut connector = Connector::new(&sim);
        connector.config["search_queries"] = json!([{ "name": "long", "query": "type:ticket x" }]);
        let told = check(&connector)["message"].to_string();
        assert!(told.contains("search_queries"), "{number}: {told}");
        let run = connector.read(&["long"], FULL, &[]);
        let (kind, told) = run.error("long").expect("it fails");
        assert!(kind == "config_error" && told.contains("`search_queries`"), "{number}: {told}");
    }
}

#[test]
fn whole_numbers_may_have_a_point_and_others_are_told_by_their_field() {
    let sim = founded(4764);
    for (option, value) in [
        ("num_workers", "1.0"),
        ("num_workers", "1e1"),
        ("page_size", "100.0"),
        ("api_quota_percent", "50.0"),
        ("ticket_search_lookback_days", "7.0"),
        ("ticket_search_lookback_days", "1e300"),
        ("attachment_size_limit_mb", "1e300"),
    ] {
        let mut connector = Connector::new(&sim);
        connector.config[option] = serde_json::from_str(value).expect("a number");
        assert_eq!(check(&connector)["status"], "SUCCEEDED", "{option}: {value}");
    }
    for (option, value) in [
        ("num_workers", "1.5"),
        ("num_workers", "0.0"),
        ("num_workers", "1e300"),
        ("page_size", "-1.0"),
        ("ticket_search_lookback_days", "-1e300"),
        ("attachment_size_limit_mb", "0.5"),
    ] {
        let mut connector = Connector::new(&sim);
        connector.config[option] = serde_json::from_str(value).expect("a number");
        let status = check(&connector);
        assert!(status["message"].as_str().is_some_and(|told| told.contains(option)), "{status}");
    }
}
