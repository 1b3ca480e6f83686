//! Any page, for listings of every kind: no panic; what is taken for JSON, mended or not, is JSON; and
//! a row that is copied is one line of JSON.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use source_zendesk_support::config::Config;
use source_zendesk_support::streams::{ResolvedStream, registry};
use source_zendesk_support::sync::listing::pager::Listing;
use zendesk::budget::WalkId;
use zendesk::page::{Scanner, Shape};

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let config =
        br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
    let config = Config::parse(config).expect("a good config");
    let streams: Vec<ResolvedStream> = registry(&config);
    ["tags", "ticket_metrics", "ticket_comments", "user_identities", "attribute_definitions"]
        .iter()
        .filter_map(|name| streams.iter().find(|stream| stream.name == *name))
        .map(|stream| Listing::new(&stream.feed, String::new(), &[stream], WalkId::SPARE, &config).shape)
        .collect()
});

fuzz_target!(|body: &[u8]| {
    for shape in SHAPES.iter() {
        let mut scanner = Scanner::default();
        let page =
            scanner.scan(body.to_vec(), shape).or_else(|_| scanner.scan(body.to_vec(), shape));
        let Ok(page) = page else { continue };
        serde_json::from_slice::<IgnoredAny>(&page.text.body).expect("what was scanned is JSON");
        for rows in &page.lists {
            for row in rows.rows.iter().chain(rows.inner.iter().flat_map(|inner| &inner.rows)) {
                let mut line = Vec::new();
                page.text.copy_row(&mut line, row.span, &mut Vec::new(), |_, _| {});
                serde_json::from_slice::<IgnoredAny>(&line).expect("a row is JSON");
                let line = std::str::from_utf8(&line).expect("a row is UTF-8");
                assert!(!line.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']), "{line}");
            }
        }
    }
});
