//! The least that a program for this job can do. It fetches pages one after another, splits them
//! into rows, and writes each row in a RECORD message. It checks nothing, drops nothing, keeps no
//! position and never retries.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::sync::Arc;

use flate2::read::GzDecoder;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, alias = "users", alias = "ticket_events")]
    tickets: Vec<&'a RawValue>,
    #[serde(borrow, alias = "next_page")]
    after_url: Option<Cow<'a, str>>,
    end_of_stream: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    child_events: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Ticket<'a> {
    #[serde(borrow)]
    metric_set: &'a RawValue,
}

#[derive(Deserialize)]
struct Child<'a> {
    event_type: &'a str,
}

/// Writes rows in blocks of one megabyte.
struct Out {
    block: Vec<u8>,
}

impl Out {
    fn row(&mut self, stream: &str, row: &RawValue) {
        self.block.extend_from_slice(br#"{"type":"RECORD","record":{"stream":""#);
        self.block.extend_from_slice(stream.as_bytes());
        self.block.extend_from_slice(br#"","data":"#);
        self.block.extend_from_slice(row.get().as_bytes());
        self.block.extend_from_slice(b",\"emitted_at\":1700000000000}}\n");
        if self.block.len() >= 1 << 20 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        std::io::stdout().write_all(&self.block).expect("somebody reads");
        self.block.clear();
    }
}

/// Reads one feed to its end. The arguments are `floor <authority> <first address> <streams>`.
pub(crate) fn run(words: &[String]) {
    let [authority, first, streams] = words else { panic!("{words:?}") };
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(authority).expect("the authority");
    roots.add(certificate).expect("a sound certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(read(&http, first, streams));
}

async fn read(http: &reqwest::Client, first: &str, streams: &str) {
    let (base, _) = first.split_once("/api/").expect("an address of the API");
    let mut out = Out { block: Vec::with_capacity(2 << 20) };
    let mut address = first.to_owned();
    loop {
        let answer =
            http.get(&address).header("accept-encoding", "gzip").send().await.expect("an answer");
        let is_packed = answer.headers().contains_key("content-encoding");
        let body = answer.bytes().await.expect("a body");
        let mut unpacked = Vec::new();
        if is_packed {
            GzDecoder::new(&body[..]).read_to_end(&mut unpacked).expect("gzip");
        }
        let body = if is_packed { &unpacked[..] } else { &body };
        let page: Page<'_> = serde_json::from_slice(body).expect("a page");
        for row in page.tickets {
            match streams {
                "ticket_comments" => {
                    let event: Event<'_> = serde_json::from_str(row.get()).expect("an event");
                    for child in event.child_events {
                        let kind: Child<'_> = serde_json::from_str(child.get()).expect("a child");
                        if kind.event_type == "Comment" {
                            out.row(streams, child);
                        }
                    }
                }
                "ticket_metrics" | "tickets+ticket_metrics" => {
                    let ticket: Ticket<'_> = serde_json::from_str(row.get()).expect("a ticket");
                    if streams != "ticket_metrics" {
                        out.row("tickets", row);
                    }
                    out.row("ticket_metrics", ticket.metric_set);
                }
                _ => out.row(streams, row),
            }
        }
        match page.after_url {
            Some(next) if !page.end_of_stream => {
                let (_, path) = next.split_once("/api/").expect("a link to the API");
                address = format!("{base}/api/{path}");
            }
            _ => break,
        }
    }
    out.flush();
}
