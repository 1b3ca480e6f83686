//! Any saved state, for every stream: no panic, and what is written back is read again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use source_zendesk_support::config::Config;
use airbyte::source::state::SavedStates;
use source_zendesk_support::streams::{ResolvedStream, registry};
use source_zendesk_support::sync::position::decode;
use source_zendesk_support::sync::position::encode::to_state;

const NOW_UNIX: i64 = 1_795_219_200;

static STREAMS: LazyLock<Vec<ResolvedStream>> = LazyLock::new(|| {
    let config =
        br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
    registry(&Config::parse(config).expect("a good config"))
});

fuzz_target!(|text: &[u8]| {
    let Ok(states) = SavedStates::parse(text) else { return };
    for stream in STREAMS.iter() {
        let Some(state) = states.get(&stream.name) else { continue };
        let position = decode::read(stream, state, NOW_UNIX).position();
        let written = to_state(stream, &position);
        let again: Map<String, Value> =
            serde_json::from_str(&written).expect("a state is an object");
        assert!(!again.is_empty(), "{}: an empty state", stream.name);
        let _ = decode::read(stream, &again, NOW_UNIX).position();
    }
});
