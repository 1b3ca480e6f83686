//! Any configured catalog: no panic, and no stream twice.

#![no_main]

use libfuzzer_sys::fuzz_target;
use airbyte::catalog::parse;

fuzz_target!(|text: &[u8]| {
    match parse(text) {
        Ok(selected) => {
            for (index, stream) in selected.iter().enumerate() {
                assert!(selected[..index].iter().all(|earlier| earlier.name != stream.name));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
