//! Arbitrary bytes as a ROOT file.
#![no_main]

#[path = "../../plugins/root/tests/main/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::root_read(bytes);
});
