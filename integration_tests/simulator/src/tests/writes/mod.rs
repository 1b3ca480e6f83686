//! Requests that write, over HTTP.

mod audiences;
mod faults;
mod gates;
mod hostile;
mod jobs;
mod ledger;
mod limits;
mod lookups;
mod memberships;
mod organizations;
mod records;
mod tickets;
mod users;

use super::{Got, Settings, Simulator, get, start};
use crate::ADMIN_BEARER;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

/// An account whose people are consistent, without limits.
fn desk() -> Simulator {
    let settings = Settings { enforce_limits: false, tidy_people: true, ..Settings::default() };
    start(Settings { page_cap: None, ..settings })
}

/// Sends a request with any headers. `None` if no answer came.
fn send(sim: &Simulator, method: &str, route: &str, headers: &str, body: &[u8]) -> Option<Got> {
    let mut stream = TcpStream::connect(("127.0.0.1", sim.port())).expect("it listens");
    let route = route.replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
    let length = body.len();
    write!(
        stream,
        "{method} /api/v2/{route} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n"
    )
    .ok()?;
    stream.write_all(body).ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Got { status, head, body: bytes[split + 4..].to_vec() })
}

fn by(bearer: &str) -> String {
    format!("Authorization: Bearer {bearer}\r\n")
}

/// Sends a request as the administrator.
fn write(sim: &Simulator, method: &str, route: &str, body: &Value) -> Got {
    send(sim, method, route, &by(ADMIN_BEARER), body.to_string().as_bytes()).expect("an answer")
}

/// Like `write`. Fails unless the answer is a success, and returns its body.
fn done(sim: &Simulator, method: &str, route: &str, body: &Value) -> Value {
    let got = write(sim, method, route, body);
    assert!((200..300).contains(&got.status), "{method} {route}: {} {}", got.status, got.text());
    if got.body.is_empty() { Value::Null } else { got.json() }
}

fn read(sim: &Simulator, route: &str) -> Value {
    let got = get(sim, route);
    assert_eq!(got.status, 200, "{route}: {}", got.text());
    got.json()
}

/// Creates a user with these attributes. Returns the id.
fn user(sim: &Simulator, user: Value) -> u64 {
    id_of(&done(sim, "POST", "users", &serde_json::json!({ "user": user }))["user"])
}

fn organization(sim: &Simulator, organization: Value) -> u64 {
    let body = serde_json::json!({ "organization": organization });
    id_of(&done(sim, "POST", "organizations", &body)["organization"])
}

fn ticket(sim: &Simulator, ticket: Value) -> u64 {
    id_of(&done(sim, "POST", "tickets", &serde_json::json!({ "ticket": ticket }))["ticket"])
}

fn id_of(row: &Value) -> u64 {
    row["id"].as_u64().expect("an id")
}

/// Orders a job and lets it end. Returns its status.
fn job(sim: &Simulator, method: &str, route: &str, body: &Value) -> Value {
    let ordered = done(sim, method, route, body);
    assert_eq!(ordered["job_status"]["status"], "queued");
    sim.advance_seconds(60);
    let id = ordered["job_status"]["id"].as_str().expect("a text").to_owned();
    read(sim, &format!("job_statuses/{id}"))["job_status"].clone()
}

/// The text of the first complaint about a field.
fn complaint(got: &Got, field: &str) -> String {
    assert_eq!(got.status, 422, "{}", got.text());
    let body = got.json();
    assert_eq!(body["error"], "RecordInvalid");
    let first = &body["details"][field][0];
    first["description"].as_str().unwrap_or_else(|| panic!("{body} names {field}")).to_owned()
}
