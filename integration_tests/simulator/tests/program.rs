//! The program as an outside user starts, controls and ends it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test with a place")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zendesk-simulator"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(options: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program().args(options).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A running program.
struct Serving {
    child: Child,
    host: String,
}

impl Serving {
    fn new(options: &[&str]) -> Self {
        let mut child = program().args(["--size", "tiny"]).args(options).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let host = url.trim().strip_prefix("http://").expect(&url).to_owned();
        Self { child, host }
    }

    /// The status and the body of an answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}",
            self.host
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn order(&self, order: &str) -> (u16, String) {
        self.ask("POST", "/simulator", order)
    }

    fn end(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_is_steered_by_requests() {
    let serving = Serving::new(&[]);
    let (status, told) = serving.ask("GET", "/simulator", "");
    assert!(status == 200 && told.contains(r#""subdomain":"acme""#), "{told}");
    let now = |told: &str| told.trim().parse::<i64>().unwrap();
    let sooner = now(&serving.order("advance 0").1);
    assert!(now(&serving.order("advance 3600").1) >= sooner + 3600);
    let rule = r#"[{"path": "/users/me", "at_most": 1, "fault": {"status": {"code": 503}}}]"#;
    assert_eq!(serving.order(&format!("faults {rule}")), (200, "{\"rules\":1}\n".to_owned()));
    let statuses = [0, 1].map(|_| serving.ask("GET", "/api/v2/users/me", "").0);
    assert_eq!(statuses, [503, 200]);
    let (_, log) = serving.order("log");
    assert_eq!(log.matches("users/me").count(), 2, "steering is no request to the account: {log}");
    let (_, knobs) = serving.order(r#"knobs {"search_lag_seconds": 30}"#);
    assert!(knobs.contains(r#""search_lag_seconds":30"#), "{knobs}");
    let (_, knobs) = serving.order(r#"knobs {"other_jobs": 2}"#);
    assert!(knobs.contains(r#""search_lag_seconds":30"#), "what is not named stays: {knobs}");
}

#[test]
fn an_order_that_is_none_is_refused_with_the_reason() {
    let serving = Serving::new(&[]);
    for (order, reason) in [
        ("dance", "The orders are"),
        ("advance 9999999999999999", "The orders are"),
        ("truth nothing", "no resource `nothing`"),
        ("touch ticket 2", "no resource `ticket`"),
        (r#"faults {"fault": "reset"}"#, "must be a list"),
        (r#"knobs {"lag": 1}"#, "unknown field `lag`"),
        ("knobs x", "expected value"),
        (r#"faults [{"fault": "sleepy"}]"#, "unknown variant `sleepy`"),
        ("", "The orders are"),
        (
            "other_program export 5",
            "There is no limit export. The limits are: account, help_center",
        ),
        ("other_program account -5", "-5 is negative"),
        (
            "timelines step 3",
            "This account has no timelines. Start the simulator with `--timelines",
        ),
        ("change -5 3", "-5 is negative"),
        ("advance -60", "-60 is negative"),
        ("faults share -0.5 1", "-0.5 is negative"),
        (r#"knobs {"search_lag_seconds": -5}"#, "search_lag_seconds is negative"),
        (r#"knobs {"rendered_later": [2, -5]}"#, "rendered_later is negative"),
    ] {
        let (status, told) = serving.order(order);
        assert!(status == 400 && told.contains(reason), "{order}: {status} {told}");
    }
    assert_eq!(serving.ask("GET", "/api/v2/users/me", "").0, 200);
}

#[test]
fn signals_and_the_end_of_stdin_end_it_well() {
    assert_eq!(Serving::new(&[]).end("-TERM"), Some(0));
    assert_eq!(Serving::new(&[]).end("-INT"), Some(0));
    let mut serving = Serving::new(&["--until-stdin-ends"]);
    drop(serving.child.stdin.take());
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    // Without the option the end of stdin is none of its affair.
    let mut serving = Serving::new(&[]);
    drop(serving.child.stdin.take());
    assert_eq!(serving.ask("GET", "/simulator", "").0, 200);
}

#[test]
fn the_guide_finds_its_people_and_may_write() {
    let serving = Serving::new(&["--guide"]);
    let (_, truth) = serving.order("truth users");
    for name in ["Ann Lee", "Ben Ito", "Cleo Diaz", "Dan Fox"] {
        assert!(truth.contains(name), "{name}: {truth}");
    }
    let (_, fields) = serving.order("truth user_fields");
    assert!(fields.contains("audience_vip") && fields.contains("renewal"), "{fields}");
    let body = r#"{"grant_type":"client_credentials","client_id":"simulated_oauth_client","client_secret":"simulated-oauth-client-secret","scope":"read write"}"#;
    let (status, told) = serving.ask("POST", "/oauth/tokens", body);
    assert!(status == 200 && told.contains("read write"), "{status} {told}");
}

#[test]
fn it_says_what_to_try_first() {
    let mut serving = Serving::new(&[]);
    let mut told = String::new();
    let mut stderr = BufReader::new(serving.child.stderr.take().unwrap());
    for _ in 0..3 {
        stderr.read_line(&mut told).unwrap();
    }
    let url = format!("http://{}", serving.host);
    let user = "admin@example.com/token:simulated-admin-api-token";
    assert!(told.contains(&format!("curl --user '{user}' {url}/api/v2/users/me")), "{told}");
    assert!(told.contains(&format!("curl --data 'advance 70' {url}/simulator")), "{told}");
}

#[test]
fn a_port_that_is_taken_and_options_that_are_none_are_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, told) = ended(&["--size", "tiny", "--port", &port]);
    assert!(code == Some(1) && told.contains(&port) && told.contains("Choose another"), "{told}");
    for options in [
        &["--prot", "1"][..],
        &["--port", "99999"],
        &["--scale", "0"],
        &["--scale", "NaN"],
        &["--size", "big"],
        &["--certificate", "x"],
        &["--latency", "5-1"],
        &["--start", "yesterday"],
    ] {
        let (code, told) = ended(options);
        assert!(code == Some(2) && told.contains("--help"), "{options:?}: {told}");
    }
    let (code, told) = ended(&["--certificate", "/nowhere", "--key", "/nowhere"]);
    assert!(code == Some(1) && told.contains("/nowhere"), "{told}");
}
