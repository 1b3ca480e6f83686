//! Values as people paste them: with spaces, with line breaks, and with the parts that the program
//! adds itself when it signs a request.

use serde_json::{Value, json};
use simulator::{ADMIN_API_TOKEN, OAUTH_ACCESS_TOKEN, Simulator};

use crate::harness::{Connector, FULL, simulator};

fn check(sim: &Simulator, subdomain: &str, credentials: &Value) -> Value {
    let mut connector = Connector::new(sim);
    connector.config["subdomain"] = subdomain.into();
    connector.config["credentials"] = credentials.clone();
    connector.check()
}

#[test]
fn pasted_credentials_sign_in() {
    let sim = simulator(4740);
    let (email, token) = (ADMIN_API_TOKEN.email, ADMIN_API_TOKEN.token);
    let api_token = |email: String, token: String| json!({ "credentials": "api_token", "email": email, "api_token": token });
    let bearer = |token: String| json!({ "credentials": "oauth2.0", "access_token": token });
    for credentials in [
        api_token(format!("{email}/token"), token.to_owned()),
        api_token(format!("  {email}/token\n"), format!("{token}\r\n")),
        api_token(format!("{email}\t"), format!("\u{feff}{token}\u{a0}")),
        api_token(email.to_owned(), format!("Basic {token}")),
        api_token(email.to_owned(), format!("{email}/token:{token}")),
        bearer(format!("Bearer {OAUTH_ACCESS_TOKEN}")),
        bearer(format!(" bearer  {OAUTH_ACCESS_TOKEN}\n")),
        bearer(format!("\n{OAUTH_ACCESS_TOKEN} ")),
    ] {
        for subdomain in ["acme", " acme\n", "https://acme.zendesk.com/ "] {
            let status = check(&sim, subdomain, &credentials);
            assert_eq!(status["status"], "SUCCEEDED", "{credentials}: {status}");
        }
    }
    let blank = check(&sim, "acme", &api_token(email.to_owned(), " \n".to_owned()));
    assert!(blank["message"].as_str().is_some_and(|told| told.contains("api_token")), "{blank}");
}

#[test]
fn a_read_signs_in_by_what_was_pasted_too() {
    let sim = simulator(4741);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"]["email"] = format!("{}/token ", ADMIN_API_TOKEN.email).into();
    connector.config["credentials"]["api_token"] = format!(" {}\n", ADMIN_API_TOKEN.token).into();
    assert!(!connector.read(&["groups"], FULL, &[]).complete().records("groups").is_empty());
}
