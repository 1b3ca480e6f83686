//! Tests of the simulator from outside, over HTTP.

mod access;
mod brands;
mod changes;
mod exports;
mod faults;
mod limits;
mod listings;
mod omnichannel;
mod timelines;
mod writes;

use crate::{ADMIN_API_TOKEN, ADMIN_BEARER, Settings, Simulator};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

/// A tiny account without limits.
fn tiny() -> Simulator {
    start(Settings { enforce_limits: false, ..Settings::default() })
}

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).expect("the simulator starts")
}

/// An answer as it was received.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request with any headers. `None` if no answer came.
fn send(simulator: &Simulator, target: &str, headers: &str) -> Option<Got> {
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).expect("it listens");
    let target = target.replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
    let host = if headers.contains("Host:") { "" } else { "Host: 127.0.0.1\r\n" };
    write!(stream, "GET {target} HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n").ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Got { status, head, body: bytes[split + 4..].to_vec() })
}

/// Sends a GET as the administrator, below `/api/v2/`.
fn get(simulator: &Simulator, route: &str) -> Got {
    get_at(simulator, "127.0.0.1", &format!("/api/v2/{route}"))
}

/// Sends a GET as the administrator, to any host.
fn get_at(simulator: &Simulator, host: &str, path: &str) -> Got {
    let headers = format!("Authorization: Bearer {ADMIN_BEARER}\r\nHost: {host}\r\n");
    send(simulator, path, &headers).expect("an answer")
}

fn token_header() -> String {
    format!("Authorization: {}\r\n", ADMIN_API_TOKEN.header())
}

/// The path and query of a link, below `/api/v2/`.
fn route_of(link: &Value) -> Option<String> {
    let link = link.as_str()?;
    let route = link.strip_prefix("https://acme.zendesk.com/api/v2/");
    Some(route.unwrap_or_else(|| panic!("{link} names the public host")).to_owned())
}

/// All pages of a listing. `next` finds the next link in a page.
fn walk(simulator: &Simulator, route: &str, next: impl Fn(&Value) -> Option<String>) -> Vec<Value> {
    let (mut pages, mut route) = (Vec::new(), Some(route.to_owned()));
    while let Some(current) = route {
        let got = get(simulator, &current);
        assert_eq!(got.status, 200, "{current}: {}", got.text());
        let page = got.json();
        route = next(&page);
        assert_ne!(route.as_ref(), Some(&current), "a link leads to itself");
        pages.push(page);
        assert!(pages.len() < 1000, "{current} does not end");
    }
    pages
}

fn ids(pages: &[Value], key: &str) -> Vec<String> {
    let rows = pages.iter().flat_map(|page| page[key].as_array().expect("an array of rows"));
    let own = |row: &Value| {
        if key == "agents_activity" { row["agent_id"].to_string() } else { name_of(row) }
    };
    rows.map(own).collect()
}

/// The id of a row as text, or its name if it has no id.
fn name_of(row: &Value) -> String {
    match &row["id"] {
        Value::Null => {
            let name = [&row["name"], &row["key"]].into_iter().find_map(Value::as_str);
            let name = name.map(str::to_owned);
            let number = || row["notification_id"].as_u64().map(|number| number.to_string());
            name.or_else(number).expect("a row has an id, a name or a key")
        }
        Value::String(id) => id.clone(),
        id => id.to_string(),
    }
}

fn truth(simulator: &Simulator, resource: &str) -> BTreeSet<String> {
    simulator
        .account(|account| account.truth(resource).into_iter().map(|truth| truth.key).collect())
}

fn set(ids: &[String]) -> BTreeSet<String> {
    ids.iter().cloned().collect()
}
