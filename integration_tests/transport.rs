//! How answers arrive: compressed, over HTTP/2 where the server offers it, on connections that stay
//! open.

use std::path::PathBuf;

use simulator::{RequestSeen, Settings, Simulator, Tls};

use crate::harness::{Connector, FULL, Run, SCALE, simulator};

/// Listings of several pages each.
const STREAMS: &[&str] = &["tickets", "users", "organizations", "groups"];

/// A self-signed certificate for this machine.
struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    fn new(name: &str) -> Self {
        let folder = format!("zendesk-transport-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let names = ["127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        std::fs::write(folder.join("own.pem"), made.cert.pem()).expect("a file");
        std::fs::write(folder.join("own.key"), made.signing_key.serialize_pem()).expect("a file");
        Self { folder }
    }

    fn tls(&self) -> Tls {
        Tls { certificate: self.folder.join("own.pem"), key: self.folder.join("own.key") }
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A read with one worker, and its requests.
fn read(sim: &Simulator, trusted: Option<&Certificate>) -> (Run, Vec<RequestSeen>) {
    let mut connector = Connector::new(sim);
    connector.config["num_workers"] = 1.into();
    let mut command = connector.read_command(STREAMS, FULL, &[]);
    if let Some(certificate) = trusted {
        command.env("SSL_CERT_FILE", certificate.folder.join("own.pem"));
    }
    let run = connector.run(command, usize::MAX);
    assert_eq!(run.code, Some(0), "{:?}", run.lines.last());
    assert!(run.records("tickets").len() > 10);
    let requests = sim.requests();
    assert!(requests.len() > 2 * STREAMS.len(), "{} requests", requests.len());
    (run, requests)
}

#[test]
fn http2_is_spoken_where_it_is_offered_and_one_connection_serves_all() {
    let certificate = Certificate::new("http2");
    let tls = Some(certificate.tls());
    let sim = Simulator::start(Settings { seed: 1, scale: SCALE, tls, ..Settings::default() });
    let sim = sim.expect("the simulator starts");
    let (over_http2, requests) = read(&sim, Some(&certificate));
    assert!(requests.iter().all(|request| request.http2));
    assert!(requests.iter().all(|request| request.connection == 1));
    // The rows are those of HTTP/1.1.
    let (over_http1, _) = read(&simulator(1), None);
    for stream in STREAMS {
        assert_eq!(over_http2.records(stream).len(), over_http1.records(stream).len(), "{stream}");
    }
}

#[test]
fn one_worker_needs_one_connection_over_http1() {
    let sim = simulator(2);
    let (_, requests) = read(&sim, None);
    assert!(requests.iter().all(|request| !request.http2 && request.connection == 1));
}

#[test]
fn compression_is_asked_for_by_every_request() {
    let sim = simulator(3);
    let (_, requests) = read(&sim, None);
    for request in requests {
        let encodings: Vec<&str> = request.accept_encoding.split(',').map(str::trim).collect();
        assert!(encodings.contains(&"gzip"), "{}: {encodings:?}", request.target());
    }
}
