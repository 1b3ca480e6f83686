//! Any answer of the token endpoint: no panic, and never an empty token.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zendesk::secret::{Secret, Secrets};
use zendesk::error::detail;
use zendesk::oauth::{Grant, GrantVerdict};

fuzz_target!(|answer: &[u8]| {
    let [status, body @ ..] = answer else { return };
    let status = 200 + u16::from(*status) * 2;
    let secret = Secret::new("s3cret-of-the-client");
    let grant = Grant::ClientCredentials {
        client_id: Secret::new("id"),
        client_secret: secret.clone(),
        scope: "read".into(),
    };
    if let GrantVerdict::Issued(issued) = grant.judge(status, body) {
        assert!((200..300).contains(&status));
        assert!(!issued.access_token.expose().is_empty());
        assert!(issued.expires_in.is_none_or(|seconds| seconds >= 0));
    }
    let secrets = Secrets::default();
    secrets.add(&secret);
    let told = detail(body, &secrets);
    assert!(told.chars().count() <= 300 && !told.contains(secret.expose()), "{told}");
    assert!(!told.chars().any(char::is_control));
});
