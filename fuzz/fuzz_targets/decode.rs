//! Arbitrary bytes as streams, within a limit on memory.
#![no_main]

#[path = "../../filter/tests/main/exercise/mod.rs"]
mod exercise;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

libfuzzer_sys::fuzz_target!(
    // The model is no input's.
    init: {
        std::sync::LazyLock::force(&exercise::MODEL);
    },
    |bytes: &[u8]| {
        exercise::decode_within(&MEMORY, bytes);
    }
);
