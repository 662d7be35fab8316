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
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        exercise::decode(bytes);
        let taken = MEMORY.peak_usage().saturating_sub(before) as u64;
        assert!(
            taken <= exercise::MEMORY_LIMIT + exercise::OWN_MEMORY,
            "{taken} bytes taken"
        );
    }
);
