//! What `check` says about credentials, the account and the streams.

use serde_json::{Value, json};
use simulator::{
    ADMIN_API_TOKEN, ADMIN_BEARER, AGENT_API_TOKEN, Fault, Faults, GRANULAR_SCOPE_BEARER, Plan,
    READ_SCOPE_BEARER, Settings, Simulator, USELESS_SCOPE_BEARER, When,
};

use super::{answer, client_credentials, connector, succeeded};
use crate::harness::{FULL, SCALE, simulator};
use crate::program::Ended;

fn api_token(of: simulator::ApiToken) -> Value {
    json!({ "credentials": "api_token", "email": of.email, "api_token": of.token })
}

fn bearer(token: &str) -> Value {
    json!({ "credentials": "oauth2.0", "access_token": token })
}

/// The LOG lines, each with its level first.
fn logs(ended: &Ended) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let messages = ended.messages();
    let logs = messages.iter().map(|message| &message["log"]).filter(|log| log.is_object());
    logs.map(|log| format!("{} {}", text(&log["level"]), text(&log["message"]))).collect()
}

/// The line that begins with these words.
fn line<'l>(logs: &'l [String], begin: &str) -> &'l str {
    let found = logs.iter().find(|line| line.starts_with(begin));
    found.unwrap_or_else(|| panic!("no line `{begin}` in {logs:#?}"))
}

fn failure(ended: &Ended) -> String {
    let messages = ended.messages();
    let status = messages.iter().map(|message| &message["connectionStatus"]);
    let mut failed = status.filter(|status| status["status"] == "FAILED");
    let message = failed.next().and_then(|status| status["message"].as_str());
    message.unwrap_or_else(|| panic!("{messages:?}")).to_owned()
}

fn start(settings: Settings) -> Simulator {
    Simulator::start(Settings { scale: SCALE, ..settings }).expect("the simulator starts")
}

#[test]
fn credentials_that_end_are_told_with_their_day_and_what_to_use_instead() {
    let sim = simulator(72);
    for (credentials, day) in [
        (api_token(ADMIN_API_TOKEN), Some("2027-04-30")),
        (bearer(ADMIN_BEARER), Some("2027-04-01")),
        (client_credentials(), None),
    ] {
        let connector = connector(&sim, &credentials);
        let check = answer(&connector, "check");
        assert!(succeeded(&check), "{:?}", check.messages());
        let read = connector.read(&["tags"], FULL, &[]).complete();
        let of_check = logs(&check);
        for lines in [
            of_check.as_slice(),
            &read.logs("WARN").iter().map(|l| format!("WARN {l}")).collect::<Vec<_>>(),
        ] {
            let warned = lines.iter().find(|line| line.starts_with("WARN Zendesk disables"));
            assert_eq!(warned.is_some(), day.is_some(), "{lines:?}");
            let day = day.unwrap_or_default();
            assert!(
                warned.is_none_or(
                    |line| line.contains(day) && line.contains("oauth2_client_credentials")
                ),
                "{lines:?}"
            );
        }
    }
}

#[test]
fn a_check_tells_the_account_the_role_the_limit_the_token_and_what_can_be_read() {
    let sim = simulator(73);
    let check = answer(&connector(&sim, &client_credentials()), "check");
    assert!(succeeded(&check), "{:?}", check.messages());
    let lines = logs(&check);
    let who = line(&lines, "INFO signed in to acme.zendesk.com");
    assert!(who.ends_with("with the role admin"), "{who}");
    line(&lines, "INFO the plan allows 700 requests a minute");
    let token = line(&lines, "INFO the access token expires at 2026-11-2");
    assert!(token.ends_with("its scopes: read"), "{token}");
    line(&lines, "INFO webhooks configured: 5 or more");
    let readable = line(&lines, "INFO readable: ");
    for stream in ["tickets", "ticket_comments", "users", "articles", "post_votes", "audit_logs"] {
        assert!(readable.contains(stream), "{stream}: {readable}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("WARN")), "{lines:#?}");
    let exports = sim.requests();
    let exports = exports.iter().filter(|seen| seen.path.starts_with("/api/v2/incremental/"));
    assert_eq!(exports.count(), 1, "exports are scarce");
}

#[test]
fn what_a_plan_or_a_switch_withholds_is_told_with_its_reason_and_fails_no_check() {
    let settings = Settings { plan: Plan::Team, help_center: false, ..Settings::default() };
    let sim = start(Settings { seed: 74, ..settings });
    let connector = connector(&sim, &client_credentials());
    let check = answer(&connector, "check");
    assert!(succeeded(&check), "{:?}", check.messages());
    let lines = logs(&check);
    let why = |stream: &str| {
        let is_told = |line: &&String| {
            line.starts_with("WARN not readable: ")
                && line[18..].split(": ").next().is_some_and(|names| {
                    names
                        .split(", ")
                        .any(|name| name.trim_start_matches("readable: ").trim() == stream)
                })
        };
        lines.iter().find(is_told).unwrap_or_else(|| panic!("{stream}: {lines:#?}")).clone()
    };
    for (stream, word) in [
        ("audit_logs", "Enterprise"),
        ("ticket_forms", "Suite Growth"),
        ("articles", "the help center (Guide)"),
        ("article_votes", "the help center (Guide)"),
        ("posts", "the community (Gather)"),
    ] {
        assert!(why(stream).contains(word), "{}", why(stream));
    }
    let catalog = connector.discover();
    let listed = |name: &str| catalog.iter().any(|stream| stream["name"] == name);
    for left_out in ["audit_logs", "ticket_forms", "articles", "article_comments", "posts"] {
        assert!(!listed(left_out), "{left_out} is listed");
    }
    assert!(listed("tickets") && listed("tags") && listed("macros"));
}

#[test]
fn an_agent_is_told_what_needs_an_administrator() {
    let sim = simulator(75);
    let check = answer(&connector(&sim, &api_token(AGENT_API_TOKEN)), "check");
    assert!(succeeded(&check), "{:?}", check.messages());
    let lines = logs(&check);
    assert!(line(&lines, "INFO signed in").ends_with("with the role agent"));
    assert!(line(&lines, "INFO readable: ").contains("groups"));
    let refused: Vec<_> =
        lines.iter().filter(|line| line.starts_with("WARN not readable")).collect();
    let told = |stream: &str| {
        refused.iter().any(|line| line.contains(stream) && line.contains("the role `agent`"))
    };
    assert!(told("satisfaction_ratings") && told("automations"), "{refused:#?}");
}

#[test]
fn missing_scopes_are_told_with_the_streams_that_need_them() {
    let sim = simulator(76);
    let granular = connector(&sim, &bearer(GRANULAR_SCOPE_BEARER));
    let check = answer(&granular, "check");
    assert!(succeeded(&check), "{:?}", check.messages());
    let lines = logs(&check);
    let missing =
        line(&lines, "WARN the access token lacks the scope `hc:read` for these streams: ");
    assert!(missing.contains("articles") && missing.contains("posts"), "{missing}");
    assert!(
        line(&lines, "WARN the access token lacks the scope `read` for these streams: ")
            .contains("ticket_audits")
    );
    let readable = line(&lines, "INFO readable: ");
    for stream in ["tickets", "ticket_comments", "users", "organizations", "ticket_fields"] {
        assert!(readable.contains(stream), "{stream}: {readable}");
    }
    // What is declared to need only these scopes is read with them.
    granular
        .read(
            &[
                "tickets",
                "ticket_metrics",
                "ticket_events",
                "ticket_comments",
                "ticket_fields",
                "ticket_forms",
                "ticket_skips",
                "users",
                "user_identities",
                "organizations",
                "organization_memberships",
                "side_conversations",
            ],
            FULL,
            &[],
        )
        .complete();
    let all = answer(&connector(&sim, &bearer(READ_SCOPE_BEARER)), "check");
    assert!(!logs(&all).iter().any(|line| line.contains("missing")), "{:#?}", logs(&all));
    // Zendesk gives tokens for scopes that it does not know, and they open nothing.
    let useless = answer(&connector(&sim, &bearer(USELESS_SCOPE_BEARER)), "check");
    let told = failure(&useless);
    assert!(told.contains("None of the streams") && told.contains("scope"), "{told}");
}

#[test]
fn a_token_that_may_not_ask_who_it_is_passes_the_check() {
    let sim = simulator(77);
    let no_scope = Fault::Status {
        status: 403,
        headers: Vec::new(),
        body: r#"{"error":"Forbidden","description":"You are missing the following required scopes: read"}"#.into(),
    };
    sim.faults(Faults::rule("/users/me", When::Always, no_scope));
    let check = answer(&connector(&sim, &bearer(GRANULAR_SCOPE_BEARER)), "check");
    assert!(succeeded(&check), "{:?}", check.messages());
    assert!(line(&logs(&check), "INFO signed in").contains("`users:read`"));
}

/// Answers of Zendesk, and what check must say about each.
#[test]
fn each_way_to_fail_is_told_in_a_sentence_and_what_to_do_in_another() {
    let status = |status: u16, body: &str| Fault::Status {
        status,
        headers: vec![("retry-after".to_owned(), "60".to_owned())],
        body: body.to_owned(),
    };
    for (what, fault, words) in [
        (
            "401",
            status(401, r#"{"error":"Couldn't authenticate you"}"#),
            ["does not accept the credentials", "the API token (not a password)"],
        ),
        (
            "403",
            status(
                403,
                r#"{"error":{"title":"Forbidden","message":"You do not have access to this page."}}"#,
            ),
            ["does not allow these credentials", "administrator"],
        ),
        (
            "404",
            status(404, r#"{"error":"InvalidEndpoint","description":"Not found"}"#),
            ["does not have what this needs", "administrator"],
        ),
        (
            "429",
            status(429, "Number of allowed API requests per minute exceeded"),
            ["rate limit", "Try again later"],
        ),
        (
            "an unknown subdomain",
            status(
                404,
                r#"{"error":{"title":"No help desk at acme.zendesk.com","message":"There is no help desk configured at this address."}}"#,
            ),
            ["no Zendesk account at this subdomain", "address in your browser"],
        ),
        (
            "a suspended account",
            status(
                403,
                r#"{"error":"AccountSuspended","description":"This account is suspended"}"#,
            ),
            ["suspended", "Sign in to Zendesk in a browser"],
        ),
        (
            "an unpaid account",
            status(402, ""),
            ["suspended or closed", "Sign in to Zendesk in a browser"],
        ),
        (
            "another address",
            Fault::Status {
                status: 301,
                headers: vec![("location".into(), "https://evil.example/".into())],
                body: String::new(),
            },
            [
                "redirects to another host (the redirect leads to evil.example)",
                "status.zendesk.com",
            ],
        ),
    ] {
        let sim = simulator(78);
        sim.faults(Faults::rule("/users/me", When::Always, fault));
        let check = answer(&connector(&sim, &api_token(ADMIN_API_TOKEN)), "check");
        assert_eq!(check.code, Some(0), "{what}");
        let told = failure(&check);
        for words in words {
            assert!(told.contains(words), "{what}: {told}");
        }
        assert!(told.matches(". ").count() >= 1, "{what}: {told}");
        assert!(check.took.as_secs() < 20, "{what} took {:?}", check.took);
    }
}

#[test]
fn a_secret_that_an_answer_quotes_is_struck_out() {
    let sim = simulator(79);
    let secret = ADMIN_API_TOKEN.token;
    let header = ADMIN_API_TOKEN.header();
    let body = json!({ "error": "Forbidden", "description": format!("no: {secret} {header}") });
    let fault = Fault::Status { status: 403, headers: Vec::new(), body: body.to_string() };
    sim.faults(Faults::rule("/", When::Always, fault));
    let connector = connector(&sim, &api_token(ADMIN_API_TOKEN));
    for name in ["check", "discover"] {
        let ended = answer(&connector, name);
        let output = String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr;
        assert!(!output.contains(secret) && !output.contains(&header), "{output}");
        assert!(output.contains("(secret)"), "{output}");
    }
}
