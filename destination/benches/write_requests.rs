//! What an hour's limits are spent on: `cargo bench --bench write_requests` writes 10,000 new, unchanged and changed
//! users, and the same by one `create_or_update` a row, which is the way of other open tools. A word behind it
//! picks a part: `ours`, `singly` (new users where bulk imports are off) or `plain`.

mod program;

use std::io::{Read, Write};
use std::net::TcpStream;

use program::{Cost, account, customer, is_part, is_wanted, tell, wait, write};
use serde_json::{Value, json};
use simulator::{ADMIN_BEARER, Simulator};

const SCALE: f64 = 600.0;

const ROWS: u64 = 10_000;

/// One a second, as Zendesk allows it to `create_or_update`.
const PLAIN_PER_SECOND: f64 = 1.0;

fn main() {
    if !is_wanted() {
        return;
    }
    tell(&format!("{ROWS} users                       requests   seconds   writes"));
    if is_part("ours") {
        let sim = account(SCALE, true);
        row("new", &write(&sim, SCALE, ROWS, |number| customer(number, 1, "")));
        row("unchanged", &write(&sim, SCALE, ROWS, |number| customer(number, 1, "")));
        row("changed", &write(&sim, SCALE, ROWS, |number| customer(number, 2, "")));
    }
    if is_part("singly") {
        let sim = account(SCALE, false);
        row("new, no bulk import", &write(&sim, SCALE, ROWS, |number| customer(number, 1, "")));
    }
    if is_part("plain") {
        plain();
    }
}

fn row(what: &str, cost: &Cost) {
    let Cost { requests, account_seconds, effects, created, updated, unchanged, .. } = cost;
    tell(&format!(
        "{what:<32}{requests:>10}{account_seconds:>10}{effects:>9}   \
         {created} created, {updated} updated, {unchanged} unchanged"
    ));
}

/// One request a row, one a second.
fn plain() {
    let sim = account(SCALE, true);
    for (what, seats) in [("new, one request a row", 1), ("unchanged, one request a row", 1)] {
        sim.clear_ledger();
        sim.clear_requests();
        let began = sim.now_unix();
        for number in 0..ROWS {
            let body = create_or_update(number, seats);
            while post(&sim, "/api/v2/users/create_or_update", &body) == 429 {
                wait(1.0 / PLAIN_PER_SECOND, SCALE);
            }
            // Requests come as soon as the second allows them, whatever an answer took.
            let due = began as f64 + (number + 1) as f64 / PLAIN_PER_SECOND;
            wait((due - sim.now_unix() as f64).max(0.0), SCALE);
        }
        let (requests, ledger) = (sim.requests().len(), sim.ledger());
        let effects = ledger.writes.iter().filter(|write| write.object == "users").count();
        let noops = ledger.writes.iter().filter(|write| !write.changed).count();
        let seconds = sim.now_unix() - began;
        tell(&format!(
            "{what:<32}{requests:>10}{seconds:>10}{effects:>9}   {noops} changed nothing"
        ));
    }
}

fn create_or_update(number: u64, seats: u64) -> Value {
    let row = customer(number, seats, "");
    json!({ "user": {
        "external_id": row["external_id"], "name": row["name"], "email": row["email"],
        "notes": row["notes"], "skip_verify_email": true,
        "user_fields": { "plan": "gold", "seats": seats, "renewal": "2027-01-31" },
    } })
}

/// Sends one request over a connection of its own and returns the status.
fn post(sim: &Simulator, path: &str, body: &Value) -> u16 {
    let body = body.to_string();
    let mut connection =
        TcpStream::connect(("127.0.0.1", sim.port())).expect("the simulator listens");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ADMIN_BEARER}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).expect("the request is sent");
    connection.write_all(body.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("the answer is text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.expect("an answer begins with its status")
}
