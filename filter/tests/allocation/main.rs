//! Promise: whatever the bytes, decoding them keeps to its limit on memory and gives the same by
//! every way: the twin of the fuzz target `decode`. A program of its own because it counts what the
//! whole process allocates.

#[path = "../main/common/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod common;
#[path = "../main/exercise/mod.rs"]
mod exercise;

use std::sync::LazyLock;

use common::mutations::{golden, seeds, with_mutations};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn streams_are_decoded_or_refused_within_the_limit() {
    LazyLock::force(&exercise::MODEL);
    LazyLock::force(&exercise::TABLES);
    let streams = [golden(), seeds("decode")].concat();
    for (name, stream) in &streams {
        assert!(exercise::decode_within(&MEMORY, stream).is_some(), "{name}");
    }
    with_mutations(streams, 30, |bytes| exercise::decode_within(&MEMORY, bytes));
}
