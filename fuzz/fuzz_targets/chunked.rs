//! Arbitrary bytes as options, a layout, cuts, and what is compressed in several ways.
#![no_main]

#[path = "../../filter/tests/main/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::chunked(bytes);
});
