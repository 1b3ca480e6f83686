//! Rejected rows in a bucket: what is stored and when, and the messages about a bucket that cannot
//! be used. The bucket is a server with scripted answers. `acceptance/rejected.py` uses a real
//! bucket server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::account::account;
use crate::run::{Ended, catalog, command, config, messages, write};

const SECRET: &str = "hush-hush-secret";

/// A request as it was received.
#[derive(Clone, Debug, Default)]
struct Asked {
    method: String,
    target: String,
    headers: String,
    body: String,
}

/// A bucket server with scripted answers.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Host {
    /// Starts the server. `answer` gets each request and the number of requests before it. It
    /// returns status, headers and body.
    fn start(answer: impl Fn(&Asked, usize) -> (u16, String, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(request) = stream.as_ref().ok().and_then(read) else { continue };
                let before = {
                    let mut known: std::sync::MutexGuard<'_, Vec<Asked>> =
                        known.lock().expect("no panic");
                    known.push(request.clone());
                    known.len() - 1
                };
                let (status, headers, body) = answer(&request, before);
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
                );
                drop(stream.expect("it was read").write_all(text.as_bytes()));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// A config that stores rejected rows in this bucket.
    fn config(&self) -> Value {
        config(&json!({ "object_storage_config": { "storage_type": "S3", "s3_bucket_name": "rows",
            "s3_bucket_region": "eu-west-1", "s3_endpoint": self.address, "bucket_path": "a b/",
            "access_key_id": "AKIAKEY", "secret_access_key": SECRET } }))
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut asked = Asked { method: words.next()?, target: words.next()?, ..Asked::default() };
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        asked.headers.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}

fn good(asked: &Asked) -> (u16, String, String) {
    match asked.method.as_str() {
        "PUT" => (200, "etag: \"1\"\r\n".into(), String::new()),
        "DELETE" => (204, String::new(), String::new()),
        _ => {
            let list = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                        <Name>rows</Name></ListBucketResult>";
            (200, String::new(), list.into())
        }
    }
}

fn error(status: u16, code: &str, words: &str) -> (u16, String, String) {
    let body = format!("<Error><Code>{code}</Code><Message>{words}</Message></Error>");
    (status, String::new(), body)
}

/// Rows of which every tenth is rejected.
fn rows(count: usize) -> Vec<Value> {
    let row = |at: usize| match at % 10 {
        7 => json!({ "name": format!("without a key {at}") }),
        _ => json!({ "external_id": format!("u-{at}"), "name": format!("N {at}") }),
    };
    (0..count).map(row).collect()
}

fn write_rows(host: &Host, count: usize, every: usize) -> Ended {
    let sim = account();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &host.config(), &users, messages(&rows(count), every));
    let shown = format!("{:?}{}", ended.lines, ended.stderr);
    assert!(!shown.contains(SECRET) && !shown.contains("AKIAKEY"), "{shown}");
    ended
}

fn failure_type(ended: &Ended) -> &Value {
    &ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"]
}

#[test]
fn each_rejected_row_is_put_whole_after_an_outage_too_and_before_its_state() {
    // The first try is answered by the host, the second by somebody before it.
    let host = Host::start(|asked, before| match before {
        0 => error(503, "SlowDown", "x"),
        1 => (502, String::new(), "<html>".into()),
        _ => good(asked),
    });
    let ended = write_rows(&host, 100, 20).succeeded();
    assert_eq!((ended.states().len(), ended.count("rejectedRecordCount")), (5, 10));
    let asked = host.asked();
    assert_eq!(asked[0].body, asked[2].body);
    assert!(asked.iter().all(|one| one.method == "PUT"));
    let mut found = Vec::new();
    for one in &asked[2..] {
        let (path, _) = one.target.split_once('?').expect("it is signed");
        let name = path.strip_prefix("/rows/a%20b/warehouse/rows/").expect("a path of ours");
        assert!(name.ends_with(".jsonl") && !name.contains('/'), "{name}");
        for signed in ["X-Amz-Credential=AKIAKEY", "X-Amz-Signature=", "X-Amz-Expires=300"] {
            assert!(one.target.contains(signed), "{}", one.target);
        }
        let headers = one.headers.to_ascii_lowercase();
        assert!(!headers.contains("authorization") && !headers.contains("cookie"), "{headers}");
        let shown = format!("{one:?}");
        assert!(!shown.contains(SECRET) && !shown.contains(simulator::ADMIN_BEARER), "{shown}");
        found.extend(
            one.body.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")),
        );
    }
    let records: Vec<&Value> = found.iter().map(|row| &row["record"]).collect();
    let expected: Vec<Value> =
        rows(100).into_iter().filter(|row| row["external_id"].is_null()).collect();
    assert_eq!(records, expected.iter().collect::<Vec<_>>());
    for row in &found {
        assert_eq!((&row["reason"], &row["stream"]), (&json!("missing_key"), &json!("rows")));
        assert_eq!((&row["namespace"], &row["attempt"]), (&json!("warehouse"), &json!(0)));
    }
}

#[test]
fn a_state_behind_rows_that_cannot_be_put_is_not_acknowledged() {
    for (answer, tries, kind, words) in [
        (error(503, "SlowDown", "x"), 9, "transient_error", "down or busy"),
        (error(403, "AccessDenied", "no"), 1, "config_error", "s3:PutObject"),
        // Who says that an object is there names its version.
        ((200, String::new(), "<html>Sign in</html>".into()), 1, "config_error", "refuses to put"),
    ] {
        let host = Host::start(move |_, _| answer.clone());
        let ended = write_rows(&host, 100, 5);
        assert_eq!((ended.code, failure_type(&ended)), (Some(1), &json!(kind)));
        assert!(ended.errors()[0].contains(words), "{:?}", ended.errors());
        let last = ended.states().last().map_or(0, |state| state["id"].as_u64().unwrap());
        assert!(last <= 5, "the state {last} is behind the row");
        assert_eq!(host.asked().len(), tries, "nothing is tried again at the end");
    }
}

#[test]
fn a_check_puts_lists_and_deletes_one_object() {
    let sim = account();
    let host = Host::start(|asked, _| good(asked));
    let ended = command(&sim, "check", &host.config());
    let status = &ended.of_type("CONNECTION_STATUS")[0]["connectionStatus"];
    assert_eq!(status, &json!({ "status": "SUCCEEDED" }));
    let asked = host.asked();
    let methods: Vec<&str> = asked.iter().map(|one| one.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "GET", "DELETE"]);
    let path = |one: &Asked| one.target.split('?').next().unwrap_or_default().to_owned();
    assert!(path(&asked[0]).starts_with("/rows/a%20b/_check_test-"), "{}", asked[0].target);
    assert_eq!((path(&asked[2]), path(&asked[1])), (path(&asked[0]), "/rows/".to_owned()));
}

#[test]
fn a_check_says_what_is_wrong_with_the_bucket() {
    let sim = account();
    type Said = (u16, String, String);
    let only = |method: &'static str, answer: Said| {
        move |asked: &Asked, _: usize| match asked.method == method {
            true => answer.clone(),
            false => good(asked),
        }
    };
    let region = |status| {
        let (status, _, body) = error(status, "PermanentRedirect", "elsewhere");
        (status, "x-amz-bucket-region: us-west-2\r\n".to_owned(), body)
    };
    for (host, words) in [
        (
            Host::start(only("PUT", error(404, "NoSuchBucket", "x"))),
            vec!["bucket `rows` does not exist", "s3_bucket_name"],
        ),
        (
            Host::start(only("PUT", region(301))),
            vec!["region us-west-2, not in eu-west-1", "s3_bucket_region"],
        ),
        (
            Host::start(only("PUT", error(403, "InvalidAccessKeyId", "AKIAKEY"))),
            vec!["does not accept the keys"],
        ),
        (
            Host::start(only("PUT", error(403, "SignatureDoesNotMatch", "x"))),
            vec!["does not accept the keys"],
        ),
        (Host::start(only("PUT", error(403, "RequestTimeTooSkewed", "x"))), vec!["clock"]),
        (
            Host::start(only("PUT", error(403, "AccessDenied", "no"))),
            vec!["no permission to put", "s3:PutObject"],
        ),
        (
            Host::start(only("GET", error(403, "AccessDenied", "no"))),
            vec!["no permission to list", "s3:ListBucket"],
        ),
        (
            Host::start(only("DELETE", error(403, "AccessDenied", "no"))),
            vec!["no permission to delete", "s3:DeleteObject"],
        ),
        (Host::start(only("GET", (200, String::new(), "<html>".into()))), vec!["refuses to list"]),
        (Host::start(only("PUT", error(500, "InternalError", "x"))), vec!["down or busy"]),
    ] {
        let ended = command(&sim, "check", &host.config());
        let status = &ended.of_type("CONNECTION_STATUS")[0]["connectionStatus"];
        let message = status["message"].as_str().unwrap_or_default();
        assert_eq!(status["status"], "FAILED", "{words:?}");
        for words in &words {
            assert!(message.contains(words), "{words}: {message}");
        }
        let shown = format!("{:?}{}", ended.lines, ended.stderr);
        assert!(!shown.contains(SECRET) && !shown.contains("AKIAKEY"), "{shown}");
        let asked = host.asked();
        if words[0].contains("list") {
            assert_eq!(asked.last().unwrap().method, "DELETE", "what was put is taken away");
        }
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut options = Host::start(|asked, _| good(asked)).config();
    options["object_storage_config"]["s3_endpoint"] = json!(format!("http://{port}"));
    let ended = command(&sim, "check", &options);
    let status = &ended.of_type("CONNECTION_STATUS")[0]["connectionStatus"];
    assert!(
        status["message"].as_str().unwrap().contains("127.0.0.1 cannot be reached"),
        "{status}"
    );
}
