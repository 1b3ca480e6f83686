//! Bodies that are large are bounded in bytes, all together.

use std::process::Stdio;

use serde_json::json;
use wait4::Wait4;

use crate::bad_input::server::{Server, http};
use crate::harness::catalog;
use crate::program::binary;

/// Listings that come in one answer, so that no smaller page can be asked for.
const LISTINGS: [(&str, &str, &str); 12] = [
    ("views", "/views", "views"),
    ("workspaces", "/workspaces", "workspaces"),
    ("custom_roles", "/custom_roles", "custom_roles"),
    ("locales", "/locales", "locales"),
    ("dynamic_content_items", "/dynamic_content/items", "items"),
    ("sharing_agreements", "/sharing_agreements", "sharing_agreements"),
    ("account_attributes", "/routing/attributes.json", "attributes"),
    ("ticket_forms", "/ticket_forms", "ticket_forms"),
    ("custom_statuses", "/custom_statuses", "custom_statuses"),
    ("satisfaction_reasons", "/satisfaction_reasons", "reasons"),
    ("sla_policies", "/slas/policies", "sla_policies"),
    ("group_sla_policies", "/group_slas/policies", "group_sla_policies"),
];

const ROW_BYTES: usize = 4 << 20;
const ROWS: usize = 15;

/// What all of them may take: 256 MB of bodies, the lines that one of them becomes, a usual piece for
/// each, and the program. All bodies together are 720 MB.
const MOST_MIB: u64 = 480;

fn body(key: &str) -> Vec<u8> {
    let row = |id: usize| format!("{{\"id\":{id},\"name\":\"{}\"}}", "a".repeat(ROW_BYTES));
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    format!("{{\"{key}\":[{}],\"next_page\":null}}", rows.join(",")).into_bytes()
}

#[test]
fn large_answers_at_once_hold_no_more_than_one_bound() {
    let server = Server::start(|head| {
        if head.contains("/users/me") {
            return Some(http("200 OK", &[], br#"{"user":{"id":7,"role":"admin"}}"#));
        }
        let listing = LISTINGS.iter().find(|(_, path, _)| head.contains(&format!("/api/v2{path}")));
        let body = listing.map(|(_, _, key)| body(key)).unwrap_or_default();
        Some(http("200 OK", &[], &body))
    });
    let folder = std::env::temp_dir().join(format!("zendesk-large-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str, content: &serde_json::Value| {
        std::fs::write(folder.join(name), content.to_string()).expect("a file is written");
        folder.join(name)
    };
    let names: Vec<&str> = LISTINGS.iter().map(|(name, ..)| *name).collect();
    let config = json!({
        "subdomain": "acme",
        "num_workers": 40,
        "credentials": { "credentials": "oauth2.0", "access_token": "a-token" },
    });
    let mut command = binary();
    command.arg("read").env("ZENDESK_BASE_URL", server.url()).env("ZENDESK_CLOCK_SCALE", "1");
    command.arg("--config").arg(file("config.json", &config));
    command.arg("--catalog").arg(file("catalog.json", &catalog(&names, "full_refresh")));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let ended = child.wait4().expect("it ends");
    let _ = std::fs::remove_dir_all(&folder);
    assert!(ended.status.success(), "{:?}", ended.status);
    let mib = ended.rusage.maxrss / (1 << 20);
    assert!(mib <= MOST_MIB, "{mib} MiB were resident");
    assert!(mib >= 60, "{mib} MiB are less than one answer");
}
