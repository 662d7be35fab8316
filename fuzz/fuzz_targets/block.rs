//! Arbitrary bytes as a block behind its layout.
#![no_main]

#[path = "../../filter/tests/main/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::decode_block(bytes);
});
