//! `verify-webhook`, as a shell or another program runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::program::executable;

/// The secret, the time, the body and the signature in Zendesk's documentation.
const SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
const OLD: &str = "2021-03-25T05:09:27Z";
const BODY: &str = r#"{"event":"ticket.updated","id":123}"#;
const SIGNATURE: &str = "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=";

fn now() -> String {
    chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn sign(timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{timestamp}{body}").as_bytes()))
}

fn verify(arguments: &[&str], environment: &[(&str, &str)], body: &str) -> Output {
    let mut command = Command::new(executable());
    command.arg("verify-webhook").args(arguments);
    for name in ["SIGNATURE", "TIMESTAMP", "SECRET"] {
        command.env_remove(format!("ZENDESK_WEBHOOK_{name}"));
    }
    command.envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A process that refuses its arguments does not read.
    let _ = child.stdin.take().expect("stdin is a pipe").write_all(body.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn said(output: &Output) -> (Option<i32>, String) {
    let told = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn a_fresh_call_is_authentic_by_options_and_by_the_environment() {
    let now = now();
    let signature = sign(&now, BODY);
    let options = ["--signature", &signature, "--timestamp", &now, "--secret", SECRET];
    assert_eq!(said(&verify(&options, &[], BODY)), (Some(0), "authentic\n".into()));
    let environment = [
        ("ZENDESK_WEBHOOK_SIGNATURE", signature.as_str()),
        ("ZENDESK_WEBHOOK_TIMESTAMP", &now),
        ("ZENDESK_WEBHOOK_SECRET", SECRET),
    ];
    assert_eq!(said(&verify(&[], &environment, BODY)), (Some(0), "authentic\n".into()));
    let (code, told) = said(&verify(&[], &environment, "{}"));
    assert_eq!(code, Some(1));
    assert!(told.contains("the signature does not belong"), "{told}");
}

#[test]
fn the_documented_call_is_signed_rightly_and_too_old_to_be_believed() {
    let options = ["--signature", SIGNATURE, "--timestamp", OLD, "--secret", SECRET];
    let (code, told) = said(&verify(&options, &[], BODY));
    assert_eq!(code, Some(1));
    // It got past the signature.
    assert!(told.contains("seconds old") && !told.contains("does not belong"), "{told}");
}

#[test]
fn what_is_missing_is_named_and_no_secret_is_shown() {
    let options = ["--timestamp", OLD, "--signature", SIGNATURE];
    let (code, told) = said(&verify(&options, &[], BODY));
    assert_eq!(code, Some(2));
    assert!(told.contains("--secret"), "{told}");
    let (_, help) = said(&verify(&["--help"], &[("ZENDESK_WEBHOOK_SECRET", "hush-hush")], ""));
    assert!(help.contains("ZENDESK_WEBHOOK_SECRET") && !help.contains("hush-hush"), "{help}");
    let secret = [("ZENDESK_WEBHOOK_SECRET", "hush-hush")];
    let (_, told) = said(&verify(&options, &secret, BODY));
    assert!(!told.contains("hush-hush"), "{told}");
}
