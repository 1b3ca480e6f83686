//! Any line on a destination's stdin: no panic, and a state keeps its text.

#![no_main]

use airbyte::destination::input::{Message, parse};
use airbyte::destination::ledger::Ledger;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let Ok(Message::State(state)) = parse(line) else { return };
    let mut ledger = Ledger::default();
    ledger.state(state);
    for line in ledger.take_due().split_inclusive(|byte| *byte == b'\n') {
        serde_json::from_slice::<serde::de::IgnoredAny>(line).expect("a STATE line is JSON");
    }
});
