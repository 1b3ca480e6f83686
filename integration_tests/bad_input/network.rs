//! Faults of the network, of a proxy, or of a server that poses as Zendesk. The program never
//! hangs, never panics, never shows a secret, and never sends a byte to another host.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::server::{Server, http};
use super::{Folder, SECRETS, failed_check, good_config, misbehaviour};
use crate::harness::{FULL, catalog};
use crate::program::{Ended, binary, run, unscaled};
use crate::protocol::check_output;

const ME: &[u8] = br#"{"user":{"id":7,"role":"admin"}}"#;

/// A command with the valid config, against a server.
fn command_at(folder: &Folder, command: &str, url: &str, config: &Value) -> Command {
    let mut process = binary();
    process.env("ZENDESK_BASE_URL", url).arg(command);
    process.arg("--config").arg(folder.path("config.json", &config.clone().into()));
    if command == "read" {
        process.arg("--catalog");
        process.arg(folder.path("catalog.json", &catalog(&["tags"], FULL).into()));
    } else {
        unscaled(&mut process);
    }
    process.arg("--debug");
    process
}

fn errors(ended: &Ended) -> String {
    format!("exit {:?}: {:?}", ended.code, ended.errors())
}

/// A gzip body that decompresses to 300 MB.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"{\"tags\":[{\"name\":\"").expect("memory");
    for _ in 0..300 {
        encoder.write_all(&vec![b'a'; 1 << 20]).expect("memory");
    }
    encoder.finish().expect("memory")
}

/// What is wrong, the bytes of the answer, and the failure type that the stream must report.
fn hostile_answers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let json = [("content-type", "application/json")];
    let ok = |body: &[u8]| http("200 OK", &json, body);
    let with = |headers: &[(&str, &str)], body: &[u8]| http("200 OK", headers, body);
    let deep = |open: &str| format!("{{\"tags\":{}", open.repeat(500_000)).into_bytes();
    let mut endless = b"HTTP/1.1 200 OK\r\nx-long: ".to_vec();
    endless.extend(std::iter::repeat_n(b'a', 4 << 20));
    vec![
        ("lists in lists without end", ok(&deep("[")), "transient_error"),
        ("objects in objects without end", ok(&deep("[{\"a\":{\"b\":")), "transient_error"),
        ("NUL bytes", ok(&[0; 1000]), "transient_error"),
        (
            "UTF-16",
            ok(&"{\"tags\":[]}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            "transient_error",
        ),
        (
            "rows of another type",
            ok(b"{\"tags\":{\"name\":\"a\"},\"meta\":{\"has_more\":false}}"),
            "transient_error",
        ),
        (
            "a page that bursts when it is unpacked",
            with(&[("content-encoding", "gzip")], &bomb()),
            "system_error",
        ),
        (
            "gzip that is none",
            with(&[("content-encoding", "gzip")], b"{\"tags\":[]}"),
            "transient_error",
        ),
        (
            "a body shorter than it says",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"tags\":[".to_vec(),
            "transient_error",
        ),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
            "transient_error",
        ),
        (
            "chunks that are none",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}".to_vec(),
            "transient_error",
        ),
        ("a header without end", endless, "transient_error"),
        ("no HTTP", b"220 mail.example ESMTP\r\n".to_vec(), "transient_error"),
        ("nothing", Vec::new(), "transient_error"),
        (
            "no content",
            b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec(),
            "transient_error",
        ),
        ("an unknown status", http("799 Whatever", &[], b""), "system_error"),
        ("a redirect to nowhere", http("302 Found", &[], b""), "transient_error"),
        (
            "a redirect in circles",
            http("307 Temporary Redirect", &[("location", "/api/v2/tags.json")], b""),
            "transient_error",
        ),
        (
            "a wait of ages",
            http("429 Too Many Requests", &[("retry-after", "99999999999999999999")], b""),
            "transient_error",
        ),
        (
            "a wait that is no number",
            http("503 Unavailable", &[("retry-after", "NaN")], b""),
            "transient_error",
        ),
        (
            "an error as long as a book",
            http(
                "403 Forbidden",
                &json,
                format!("{{\"error\":\"{}\"}}", "x".repeat(1 << 20)).as_bytes(),
            ),
            "config_error",
        ),
        (
            "an error that breaks lines",
            http(
                "403 Forbidden",
                &json,
                b"{\"error\":\"a\\n{\\\"type\\\":\\\"RECORD\\\"}\\u2028\\u0000\"}",
            ),
            "config_error",
        ),
    ]
}

#[test]
fn no_answer_is_so_hostile_that_its_stream_does_not_fail_in_time() {
    let folder = Folder::new("hostile-answers");
    let mut found = Vec::new();
    for (what, bytes, kind) in hostile_answers() {
        let server = Server::start(move |head| {
            Some(if head.contains("/users/me") { http("200 OK", &[], ME) } else { bytes.clone() })
        });
        let ended = run(command_at(&folder, "read", &server.url(), &good_config()));
        found.extend(misbehaviour(&ended, SECRETS).into_iter().map(|why| format!("{what}: {why}")));
        found.extend(
            check_output(&ended.stdout, &[])
                .into_iter()
                .filter(|why| !why.contains("not selected"))
                .map(|why| format!("{what}: {why}")),
        );
        let of_stream = ended.errors().into_iter().find(|(_, stream, _)| stream == "tags");
        let longest = ended.stdout.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        match of_stream {
            Some((told, _, _)) if told == kind && ended.code == Some(1) && longest < Some(4000) => {
            }
            _ => found.push(format!("{what} after {:?}: {}", ended.took, errors(&ended))),
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nonsense_in_the_headers_of_a_good_answer_holds_nobody_up() {
    let folder = Folder::new("hostile-headers");
    let headers = [
        ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("ratelimit-limit", "0"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "4294967295"),
        ("zendesk-ratelimit-tags-index", "total=0; remaining=-1; resets=1e9;;;=;"),
        ("x-rate-limit", "\u{b2}"),
        ("set-cookie", "a=b"),
    ];
    let server = Server::start(move |head| {
        let body: &[u8] = if head.contains("/users/me") {
            ME
        } else {
            b"{\"tags\":[{\"name\":\"a\",\"count\":1}],\"meta\":{\"has_more\":false}}"
        };
        Some(http("200 OK", &headers, body))
    });
    let ended = run(command_at(&folder, "read", &server.url(), &good_config()));
    assert_eq!(ended.code, Some(0), "{}", errors(&ended));
    assert_eq!(misbehaviour(&ended, SECRETS), Vec::<String>::new());
    assert!(server.asked().iter().all(|head| !head.to_ascii_lowercase().contains("cookie")));
}

/// Credentials whose token is fetched, so that the token endpoint is used too.
fn fetching() -> Value {
    let mut config = good_config();
    config["credentials"] = json!({ "credentials": "oauth2_client_credentials",
        "client_id": "an-id", "client_secret": SECRETS[1] });
    config
}

#[test]
fn nothing_is_ever_sent_to_another_host() {
    let folder = Folder::new("other-hosts");
    let elsewhere = Server::start(|_| Some(http("200 OK", &[], b"{\"access_token\":\"x\"}")));
    let to = elsewhere.url();
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        for path in ["/oauth/tokens", "/users/me", "/tags"] {
            for place in ["/api/v2/tags.json", "", "\\evil", "//evil"] {
                let location = format!("{to}{place}");
                let server = Server::start(move |head| {
                    let answer = if head.starts_with(&format!("POST {path}"))
                        || head.starts_with(&format!("GET /api/v2{path}"))
                    {
                        http(status, &[("location", location.as_str()), ("retry-after", "0")], b"")
                    } else if head.starts_with("POST") {
                        http(
                            "200 OK",
                            &[],
                            b"{\"access_token\":\"a-fetched-token\",\"expires_in\":1800}",
                        )
                    } else {
                        http("200 OK", &[], ME)
                    };
                    Some(answer)
                });
                // The token endpoint is tried with every place; the rest would only take time.
                if !place.is_empty() && (status != "307 Temporary" || path == "/oauth/tokens") {
                    continue;
                }
                let ended = run(command_at(&folder, "read", &server.url(), &fetching()));
                assert_eq!(ended.code, Some(1), "{status} {path} {}", errors(&ended));
                assert_eq!(misbehaviour(&ended, SECRETS), Vec::<String>::new());
            }
        }
    }
    // A listing whose links lead away is read on the host that it was asked at.
    let away = to.clone();
    let server = Server::start(move |head| {
        let links = format!(
            "\"links\":{{\"next\":\"{away}/api/v2/tags.json?page[after]=b\"}},\"next_page\":\"{away}/x\""
        );
        let has_more = !head.contains("page%5Bafter%5D=b");
        let body = format!(
            "{{\"tags\":[{{\"name\":\"a\"}}],\"meta\":{{\"has_more\":{has_more},\"after_cursor\":\"b\"}},{links}}}"
        );
        let body = if head.contains("/users/me") { ME.to_vec() } else { body.into_bytes() };
        Some(http("200 OK", &[], &body))
    });
    let ended = run(command_at(&folder, "read", &server.url(), &good_config()));
    assert_eq!(ended.code, Some(0), "{}", errors(&ended));
    assert_eq!(elsewhere.asked(), Vec::<String>::new(), "another host was asked");
}

#[test]
fn in_a_black_network_check_and_discover_answer_in_time_and_there_is_no_catalog() {
    let black = Server::start(|_| None);
    let nowhere = ["http://127.0.0.1:9".to_owned(), "http://no-such-host.invalid".to_owned()];
    // They only wait, so they wait together.
    std::thread::scope(|scope| {
        for url in nowhere.into_iter().chain([black.url()]) {
            for (name, config) in [("fixed", good_config()), ("fetching", fetching())] {
                let folder = Folder::new(&format!("black-network-{name}-{}", url.len()));
                let url = url.clone();
                scope.spawn(move || answers_without_network(&folder, &url, &config));
            }
        }
    });
}

fn answers_without_network(folder: &Folder, url: &str, config: &Value) {
    let check = run(command_at(folder, "check", url, config));
    let told = failed_check(&check).expect("it fails");
    assert!(told.contains("the network"), "{url}: {told}");
    assert!(check.took < Duration::from_secs(20), "{url}: check took {:?}", check.took);
    let discover = run(command_at(folder, "discover", url, config));
    assert_eq!(discover.code, Some(1), "{}", errors(&discover));
    let messages = discover.messages();
    assert!(messages.iter().all(|message| message["type"] != "CATALOG"), "{messages:?}");
    assert!(errors(&discover).contains("the network"), "{url}: {}", errors(&discover));
    assert!(discover.took < Duration::from_secs(30), "{url}: {:?}", discover.took);
    assert_eq!(misbehaviour(&check, SECRETS), Vec::<String>::new());
    assert_eq!(misbehaviour(&discover, SECRETS), Vec::<String>::new());
}

#[test]
fn only_a_certificate_that_somebody_vouches_for_is_trusted() {
    let folder = Folder::new("certificates");
    let answer =
        |_: &str| Some(http("401 Unauthorized", &[], b"{\"error\":\"Couldn't authenticate you\"}"));
    let (server, pem) = Server::start_tls(&["localhost"], answer);
    let file = folder.path("trusted.pem", &super::Given::Text(pem));
    let junk =
        folder.path("junk.pem", &super::Given::Text("-----BEGIN CERTIFICATE-----\nx".into()));
    let at = |host: &str| format!("https://{host}:{}", server.port);
    let check = |url: &str, variable: Option<(&str, &std::path::Path)>| {
        let mut command = command_at(&folder, "check", url, &good_config());
        command.env("NO_PROXY", "*").env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        command.envs(variable);
        let ended = run(command);
        assert_eq!(misbehaviour(&ended, SECRETS), Vec::<String>::new());
        failed_check(&ended).expect("nobody is signed in")
    };
    let told = check(&at("localhost"), None);
    assert!(told.contains("certificate") && told.contains("SSL_CERT_FILE"), "{told}");
    let told = check(&at("127.0.0.1"), Some(("SSL_CERT_FILE", &file)));
    assert!(told.contains("certificate"), "a certificate of another name: {told}");
    assert!(server.asked().iter().all(String::is_empty), "something was sent all the same");
    let told = check(&at("localhost"), Some(("SSL_CERT_FILE", &file)));
    assert!(told.contains("does not accept the credentials"), "{told}");
    let folder_of_it = file.parent().expect("a folder");
    std::fs::remove_file(&junk).expect("it is there");
    let told = check(&at("localhost"), Some(("SSL_CERT_DIR", folder_of_it)));
    assert!(told.contains("does not accept the credentials"), "{told}");
    std::fs::write(&junk, "-----BEGIN CERTIFICATE-----\nx").expect("a file");
    let told = check(&at("localhost"), Some(("SSL_CERT_FILE", &junk)));
    assert!(told.contains("junk.pem"), "{told}");
    assert!(server.asked().iter().any(|head| head.starts_with("GET /api/v2/users/me.json")));
}

#[test]
fn a_proxy_is_asked_for_the_accounts_host_and_sees_nothing_else() {
    let folder = Folder::new("proxies");
    let proxy = Server::start(|_| Some(http("403 Forbidden", &[], b"not from here")));
    let at = format!("http://user:proxy-password@127.0.0.1:{}", proxy.port);
    let check = |no_proxy: &str| {
        let mut command = command_at(&folder, "check", "", &good_config());
        command.env("HTTPS_PROXY", &at).env("NO_PROXY", no_proxy);
        let ended = run(command);
        let mut secrets = SECRETS.to_vec();
        secrets.push("proxy-password");
        assert_eq!(misbehaviour(&ended, &secrets), Vec::<String>::new());
        failed_check(&ended).expect("there is no way through");
    };
    check("");
    let asked = proxy.asked();
    assert!(!asked.is_empty());
    for head in &asked {
        assert!(head.starts_with("CONNECT acme.zendesk.com:443 "), "{head}");
        let lower = head.to_ascii_lowercase();
        let signed = lower.lines().find(|line| line.starts_with("authorization"));
        assert_eq!(signed, None, "{head}");
    }
}

#[test]
fn a_host_that_needs_no_proxy_is_asked_without_one() {
    let folder = Folder::new("no-proxies");
    let proxy = Server::start(|_| Some(http("403 Forbidden", &[], b"not from here")));
    let server = Server::start(|_| Some(http("401 Unauthorized", &[], b"{}")));
    for (no_proxy, of_proxy) in [("127.0.0.1", false), ("example.com", true)] {
        let mut command = command_at(&folder, "check", &server.url(), &good_config());
        command.env("HTTP_PROXY", proxy.url()).env("NO_PROXY", no_proxy);
        failed_check(&run(command)).expect("nobody is signed in");
        assert_eq!(proxy.asked().is_empty(), !of_proxy, "{no_proxy}");
        assert!(!server.asked().is_empty());
    }
}

#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    for (option, command) in [("--config", "check"), ("--state", "read")] {
        let folder = Folder::new(&format!("endless{option}"));
        let mut process = binary();
        process.arg(command);
        if command == "read" {
            process.arg("--config").arg(folder.path("config.json", &good_config().into()));
            process.arg("--catalog");
            process.arg(folder.path("catalog.json", &catalog(&["tags"], FULL).into()));
        }
        File::open("/dev/zero").expect("a device without an end");
        process.arg(option).arg("/dev/zero");
        let ended = run(process);
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert!(stdout.contains("is larger than"), "{stdout}");
        assert_eq!(misbehaviour(&ended, SECRETS), Vec::<String>::new());
    }
}
