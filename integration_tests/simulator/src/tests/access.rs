//! Who may read what, and what a refusal looks like.

use super::*;
use crate::{
    AGENT_API_TOKEN, AGENT_BEARER, EXPIRED_BEARER, GRANULAR_SCOPE_BEARER, Plan, READ_SCOPE_BEARER,
    SUSPENDED_API_TOKEN, USELESS_SCOPE_BEARER,
};

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn status(simulator: &Simulator, headers: &str, route: &str) -> u16 {
    send(simulator, &format!("/api/v2/{route}"), headers).unwrap().status
}

#[test]
fn credentials_and_roles() {
    let simulator = tiny();
    let export = "incremental/tickets/cursor?start_time=0";
    let agent_token = format!("Authorization: {}\r\n", AGENT_API_TOKEN.header());
    let suspended = format!("Authorization: {}\r\n", SUSPENDED_API_TOKEN.header());
    let password = "Authorization: Basic YWRtaW5AZXhhbXBsZS5jb206aHVudGVyMg==\r\n".to_owned();
    let wrong_token =
        "Authorization: Basic YWRtaW5AZXhhbXBsZS5jb20vdG9rZW46d3Jvbmc=\r\n".to_owned();
    // Headers, then the status of users/me, tickets, the export, the audits.
    for (headers, expected) in [
        (token_header(), [200, 200, 200, 200]),
        (bearer(ADMIN_BEARER), [200, 200, 200, 200]),
        (bearer(READ_SCOPE_BEARER), [200, 200, 200, 200]),
        (bearer(GRANULAR_SCOPE_BEARER), [200, 200, 200, 403]),
        (bearer(USELESS_SCOPE_BEARER), [200, 403, 403, 403]),
        (agent_token, [200, 200, 403, 200]),
        (bearer(AGENT_BEARER), [200, 200, 403, 200]),
        (bearer(EXPIRED_BEARER), [401, 401, 401, 401]),
        (suspended, [401, 401, 401, 401]),
        (wrong_token, [401, 401, 401, 401]),
        (password, [200, 401, 401, 401]),
        (String::new(), [200, 401, 401, 401]),
    ] {
        let routes = ["users/me.json", "tickets", export, "ticket_audits"];
        let got = routes.map(|route| status(&simulator, &headers, route));
        assert_eq!(got, expected, "{headers}");
    }
    let me = send(&simulator, "/api/v2/users/me", "").unwrap().json();
    assert!(me["user"]["id"].is_null());
    let me = send(&simulator, "/api/v2/users/me", &token_header()).unwrap().json();
    assert_eq!(
        (me["user"]["role"].as_str(), me["user"]["id"].as_u64()),
        (Some("admin"), Some(crate::ADMIN_USER_ID))
    );
    let refused = send(&simulator, "/api/v2/tags", &bearer(EXPIRED_BEARER)).unwrap();
    assert!(refused.header("www-authenticate").is_some());
    assert_eq!(refused.json()["error"], "invalid_token");
    let no_scope =
        send(&simulator, "/api/v2/ticket_audits", &bearer(GRANULAR_SCOPE_BEARER)).unwrap();
    assert_eq!(no_scope.json()["error"], "Forbidden");
    let agent = send(&simulator, "/api/v2/audit_logs", &bearer(AGENT_BEARER)).unwrap();
    assert!(agent.text().contains("You do not have access to this page"));
}

#[test]
fn plans_and_features() {
    let on = |settings: Settings| start(Settings { enforce_limits: false, ..settings });
    let team = on(Settings { plan: Plan::Team, ..Settings::default() });
    for (route, status) in [
        ("custom_roles", 403),
        ("ticket_forms", 403),
        ("audit_logs", 403),
        ("routing/attributes", 403),
        ("routing/attributes/definitions", 403),
        ("slas/policies", 403),
        ("business_hours/schedules", 404),
        ("macros", 200),
        ("nonsense", 404),
    ] {
        assert_eq!(get(&team, route).status, status, "{route}");
    }
    assert_eq!(get(&team, "nonsense").json()["error"], "InvalidEndpoint");
    let bare = on(Settings { community: false, side_conversations: false, ..Settings::default() });
    let posts = get(&bare, "community/posts?page[size]=5");
    assert_eq!(posts.status, 404);
    assert!(posts.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(get(&bare, "help_center/articles").status, 200);
    assert_eq!(get(&bare, "tickets/2/side_conversations").status, 403);
    assert_eq!(get(&bare, "gather/badges").status, 403);
    assert_eq!(get(&bare, "guide/content_tags").status, 200);
    let silent = on(Settings { talk: false, ..Settings::default() });
    assert_eq!(get(&silent, "channels/voice/phone_numbers").status, 403);
    assert_eq!(get(&silent, "account/settings").status, 200);
    let guide_only = on(Settings { support: false, ..Settings::default() });
    assert_eq!(get(&guide_only, "tickets").json()["error"], "SupportProductInactive");
    assert_eq!(get(&guide_only, "help_center/articles").status, 200);
}

#[test]
fn hosts() {
    let simulator = tiny();
    let with =
        |host: &str| format!("{}Host: {host}\r\nAccept: application/json\r\n", token_header());
    assert_eq!(status(&simulator, &with("acme.zendesk.com"), "tags"), 200);
    let foreign = send(&simulator, "/api/v2/tags", &with("nobody.zendesk.com")).unwrap();
    assert_eq!(foreign.status, 404);
    assert!(foreign.text().contains("No help desk at nobody.zendesk.com"));
}

#[test]
fn a_refresh_rotates_both_tokens() {
    let now = 1_000_000;
    let mut oauth = crate::oauth::OAuth::new(now, "read");
    let ask = |oauth: &mut crate::oauth::OAuth, more: &str| {
        let (id, secret) = (crate::OAUTH_CLIENT_ID, crate::OAUTH_CLIENT_SECRET);
        let body = format!("client_id={id}&client_secret={secret}&{more}");
        let answer = oauth.token(body.as_bytes(), now, None);
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let refresh = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let first_access = crate::OAUTH_ACCESS_TOKEN;
    assert!(oauth.valid(first_access, now).is_some());
    let (status, first) = ask(&mut oauth, &refresh(crate::OAUTH_REFRESH_TOKEN));
    assert_eq!((status, &first["expires_in"]), (200, &Value::from(1800)));
    assert!(oauth.valid(first_access, now).is_none(), "a refresh ends the old access token");
    let again = ask(&mut oauth, &refresh(crate::OAUTH_REFRESH_TOKEN));
    assert_eq!(again.0, 400, "each refresh token works once");
    let access = first["access_token"].as_str().unwrap();
    assert!(oauth.valid(access, now + 1799).is_some() && oauth.valid(access, now + 1800).is_none());
    assert_eq!(ask(&mut oauth, &refresh(first["refresh_token"].as_str().unwrap())).0, 200);
    let (status, minted) =
        ask(&mut oauth, "grant_type=client_credentials&scope=hc%3Aread&expires_in=300");
    assert_eq!((status, &minted["expires_in"]), (200, &Value::from(300)));
    assert!(minted["refresh_token"].is_null());
    for (more, error) in [
        ("grant_type=client_credentials&scope=everything", "invalid_scope"),
        ("grant_type=client_credentials&expires_in=299", "invalid_request"),
        ("grant_type=client_credentials&expires_in=172801", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
    ] {
        let (status, body) = ask(&mut oauth, more);
        assert_eq!((status, body["error"].as_str()), (400, Some(error)), "{more}");
    }
    let stranger = oauth.token(b"grant_type=client_credentials&client_id=x", now, None);
    assert_eq!(stranger.status, 401);
}
