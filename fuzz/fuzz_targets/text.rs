//! Arbitrary bytes as text.
#![no_main]

#[path = "../../filter/tests/main/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::text(bytes);
});
