//! Any configuration: no panic, and a refusal quotes no value of ten letters or more that is no
//! word of ours.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use source_zendesk_support::config::Config;

fuzz_target!(|text: &[u8]| {
    match Config::parse(text) {
        Ok(config) => {
            assert!((1..=63).contains(&config.account.subdomain.len()));
            assert!(
                config.account.subdomain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            );
            assert!((1..=40).contains(&config.account.workers));
            let _ = config.start.unix(1_795_219_200);
        }
        Err(violations) => {
            assert!(!violations.is_empty());
            let told: String = violations.iter().map(|violation| violation.what.as_str()).collect();
            if let Ok(config) = serde_json::from_slice::<Value>(text) {
                let token = &config["credentials"]["api_token"];
                let is_quoted =
                    |token: &str| token.len() >= 10 && !is_ours(token) && told.contains(token);
                assert!(!token.as_str().is_some_and(is_quoted), "{told}");
            }
        }
    }
});

/// A text that the sentences of a refusal may hold by themselves.
fn is_ours(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_lowercase() || b" _.,:;`\"/'-".contains(&byte))
}
