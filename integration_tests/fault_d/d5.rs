//! All large bodies together are limited in bytes.

use std::process::Stdio;

use serde_json::json;

use crate::bad_input::server::{Server, http};
use crate::harness::catalog;
use crate::program::{Running, binary, high_water_kib, wait_until};

/// Listings without pages, so that no smaller page can be requested.
const STREAMS: [&str; 12] = [
    "views",
    "workspaces",
    "custom_roles",
    "locales",
    "dynamic_content_items",
    "sharing_agreements",
    "account_attributes",
    "ticket_forms",
    "custom_statuses",
    "satisfaction_reasons",
    "sla_policies",
    "group_sla_policies",
];

const ANSWER_BYTES: usize = 100 << 20;

/// The memory that all of them may take: 256 MB for large bodies, the first 4 MiB of each body, and
/// the program itself. The bodies together are 1,200 MB.
const MOST_MIB: u64 = 400;

#[test]
fn large_answers_at_once_hold_no_more_than_one_bound() {
    let server = Server::start(|head| {
        if head.contains("/users/me") {
            return Some(http("200 OK", &[], br#"{"user":{"id":7,"role":"admin"}}"#));
        }
        // A refusal is read as an answer with rows is, and spares the test to look at all its bytes.
        Some(http("404 Not Found", &[], &vec![b' '; ANSWER_BYTES]))
    });
    let folder = std::env::temp_dir().join(format!("zendesk-large-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str, content: &serde_json::Value| {
        std::fs::write(folder.join(name), content.to_string()).expect("a file is written");
        folder.join(name)
    };
    let config = json!({
        "subdomain": "acme",
        "num_workers": 40,
        "credentials": { "credentials": "oauth2.0", "access_token": "a-token" },
    });
    let mut command = binary();
    command.arg("read").env("ZENDESK_BASE_URL", server.url()).env("ZENDESK_CLOCK_SCALE", "1");
    command.arg("--config").arg(file("config.json", &config));
    command.arg("--catalog").arg(file("catalog.json", &catalog(&STREAMS, "full_refresh")));
    command.stdout(Stdio::null());
    let mut running = Running::start(command);
    let mut peak_kib = 0;
    wait_until("the read ends", || {
        peak_kib = peak_kib.max(high_water_kib(running.pid()).unwrap_or_default());
        running.has_ended()
    });
    let mib = peak_kib / 1024;
    let _ = std::fs::remove_dir_all(&folder);
    let asked = server.asked();
    for path in ["/views", "/group_slas/policies"] {
        assert!(asked.iter().any(|head| head.contains(path)), "{path} was not asked for");
    }
    assert!(mib <= MOST_MIB, "{mib} MiB were resident");
    assert!(mib >= 60, "{mib} MiB are less than one answer");
}
