//! What an hour's limits are spent on: `cargo bench --bench write_requests` writes 10,000 new, unchanged and changed
//! users, and the same by one `create_or_update` a row, which is the way of other open tools. A word behind it
//! picks a part: `ours`, `singly` (new users where bulk imports are off) or `plain`.

#[path = "../../benches/figures/mod.rs"]
mod figures;
mod program;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use figures::{Figures, rounded};
use program::{Cost, account, customer, is_part, is_wanted, tell, write};
use serde_json::{Value, json};
use simulator::{ADMIN_BEARER, Simulator};

/// Seconds of the account's clock in one of the wall's. What this machine computes counts as so much more.
const SCALE: f64 = 60.0;

/// The plain way computes next to nothing, and takes hours of the account's.
const PLAIN_SCALE: f64 = 600.0;

const ROWS: u64 = 10_000;

fn main() {
    if !is_wanted() {
        return;
    }
    tell(&format!("{ROWS} users                       requests   seconds   writes"));
    let mut figures = Figures::of("write_requests");
    let mut row = |what: &str, cost: Cost| note(&mut figures, what, &cost);
    if is_part("ours") {
        let sim = account(SCALE, true);
        row("new", write(&sim, SCALE, "users", ROWS, |number| customer(number, 1, "")));
        row("unchanged", write(&sim, SCALE, "users", ROWS, |number| customer(number, 1, "")));
        row("changed", write(&sim, SCALE, "users", ROWS, |number| customer(number, 2, "")));
    }
    if is_part("singly") {
        let sim = account(SCALE, false);
        row(
            "new, where bulk imports are off",
            write(&sim, SCALE, "users", ROWS, |number| customer(number, 1, "")),
        );
    }
    if is_part("plain") {
        plain(&mut figures);
    }
    figures.save();
}

fn note(figures: &mut Figures, what: &str, cost: &Cost) {
    let Cost { requests, account_seconds, effects, created, updated, unchanged, .. } = cost;
    tell(&format!(
        "{what:<32}{requests:>10}{account_seconds:>10}{effects:>9}   \
         {created} created, {updated} updated, {unchanged} unchanged"
    ));
    figures.note(
        what,
        json!({ "requests": requests, "minutes": minutes(*account_seconds), "effects": effects }),
    );
}

/// One request a row, and one a second, as Zendesk allows it to `create_or_update`.
fn plain(figures: &mut Figures) {
    let sim = account(PLAIN_SCALE, true);
    for what in ["new, one request a row", "unchanged, one request a row"] {
        sim.clear_ledger();
        let (began, mut refused) = (sim.now_unix(), 0);
        for number in 0..ROWS {
            let body = create_or_update(number, 1);
            loop {
                let second = sim.now_unix();
                let status = post(&sim, "/api/v2/users/create_or_update", &body);
                while sim.now_unix() == second {
                    thread::sleep(Duration::from_micros(100));
                }
                match status {
                    429 => refused += 1,
                    _ => break,
                }
            }
        }
        let (seconds, ledger) = (sim.now_unix() - began, sim.ledger());
        let effects = ledger.writes.iter().filter(|write| write.object == "users").count();
        let noops = ledger.writes.iter().filter(|write| !write.changed).count();
        tell(&format!(
            "{what:<32}{ROWS:>10}{seconds:>10}{effects:>9}   {noops} changed nothing, {refused} \
             requests more were refused by the limit"
        ));
        figures.note(
            what,
            json!({ "requests": ROWS, "minutes": minutes(seconds), "effects": effects, "noops": noops }),
        );
    }
}

fn minutes(seconds: i64) -> f64 {
    rounded(seconds as f64 / 60.0)
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
