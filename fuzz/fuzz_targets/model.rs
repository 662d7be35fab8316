//! Arbitrary bytes as the file of a model.
#![no_main]

#[path = "../../filter/tests/main/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::model(bytes);
});
