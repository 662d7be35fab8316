//! Promise: a session says what it holds, keeps within its budget, and takes no byte that is not
//! its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common;
use catena_filter::{
    CompressOptions, Decoder, DecompressOptions, Encoder, ErrorKind, Level, Pull, compress,
    decompress,
};

const FRAME: usize = 1000;

fn options() -> CompressOptions {
    CompressOptions::default()
        .with_level(Level::MIN)
        .with_frame_size(FRAME)
}

/// Pulls until the session has nothing more to say but this; returns what came.
fn drain(mut pull: impl FnMut() -> Pull, wanted: Pull) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        match pull() {
            Pull::Data(data) => out.extend(data),
            Pull::Pending => std::thread::yield_now(),
            end => {
                assert_eq!(end, wanted);
                return out;
            }
        }
    }
}

#[test]
fn an_encoder_holds_what_was_pushed_until_it_is_pulled() {
    let raw = common::records(500).raw;
    let mut encoder = Encoder::new(options()).unwrap();
    let mut out = Vec::new();
    let mut pushed = 0;
    while pushed < raw.len() {
        let before = encoder.held();
        let n = encoder
            .push(&raw[pushed..raw.len().min(pushed + 300)])
            .unwrap();
        assert_eq!(encoder.held(), before + n);
        pushed += n;
        out.extend(drain(|| encoder.pull().unwrap(), Pull::Starved));
        // The first frames wait for what is found out on them together.
        assert!(encoder.held() < 16 * FRAME);
    }
    encoder.finish().unwrap();
    out.extend(drain(|| encoder.pull().unwrap(), Pull::End));
    assert_eq!(encoder.held(), 0);
    assert!(out == compress(&raw, &options()).unwrap());
    assert_eq!(encoder.stats().bytes_in, raw.len() as u64);
    assert_eq!(encoder.stats().bytes_out, out.len() as u64);
}

#[test]
fn an_encoder_says_what_a_decoder_needs() {
    let raw = common::records(500).raw;
    let mut needed = Vec::new();
    for (level, chains) in [(1, 1), (7, 1), (7, 40)] {
        let options = options()
            .with_level(common::level(level))
            .with_chains(chains);
        let mut encoder = Encoder::new(options.clone()).unwrap();
        assert_eq!(encoder.decoder_memory(), None);
        encoder.push(&raw).unwrap();
        encoder.finish().unwrap();
        drain(|| encoder.pull().unwrap(), Pull::End);
        let memory = encoder.decoder_memory().unwrap();
        // It is what the decoder asks for before anything else.
        let coded = compress(&raw, &options).unwrap();
        let limits = DecompressOptions::default();
        let refused = decompress(&coded, &limits.clone().with_memory_limit(memory - 1));
        assert!(
            matches!(refused.unwrap_err().kind(), ErrorKind::MemoryLimit { needed, .. } if *needed == memory)
        );
        needed.push(memory);
    }
    assert!(needed[0] < needed[1] && needed[1] < needed[2], "{needed:?}");
}

#[test]
fn a_flush_while_the_layout_is_being_detected_is_kept() {
    let raw = common::records(20).raw;
    let jobs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&jobs);
    let mut encoder = Encoder::new(options()).unwrap();
    encoder.set_notify(Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    assert_eq!(encoder.push(&raw).unwrap(), raw.len());
    encoder.flush().unwrap();
    // Twice: the second one comes in the middle of the detection, or after it.
    encoder.flush().unwrap();
    let mut out = drain(|| encoder.pull().unwrap(), Pull::Starved);
    assert!(encoder.layout().is_some());
    assert!(
        jobs.load(Ordering::SeqCst) >= 2,
        "detection and frame are jobs, both announced"
    );
    encoder.finish().unwrap();
    out.extend(drain(|| encoder.pull().unwrap(), Pull::End));
    assert!(decompress(&out, &DecompressOptions::default()).unwrap() == raw);
}

#[test]
fn a_decoder_keeps_to_its_budget() {
    // Zeros: the whole stream is hardly larger than a frame.
    let raw = vec![0; 200 * FRAME];
    let coded = compress(&raw, &options()).unwrap();
    for budget in [0, 5 * FRAME] {
        let mut decoder = Decoder::new(DecompressOptions::default()).unwrap();
        decoder.set_budget(budget);
        let mut out = Vec::new();
        let mut rest = &coded[..];
        while !rest.is_empty() {
            let n = decoder.push(&rest[..rest.len().min(100)]).unwrap();
            rest = &rest[n..];
            let flying = decoder.in_flight() * FRAME;
            assert!(flying <= budget.max(FRAME), "{flying} bytes under way");
            if let Pull::Data(data) = decoder.pull().unwrap() {
                out.extend(data);
            }
        }
        decoder.finish().unwrap();
        out.extend(drain(|| decoder.pull().unwrap(), Pull::End));
        assert_eq!(decoder.held(), 0);
        assert!(out == raw, "budget {budget}");
    }
}

#[test]
fn one_stream_alone_takes_no_byte_behind_its_end() {
    let raw = common::records(300).raw;
    let coded = compress(&raw, &options()).unwrap();
    let mut input = coded.clone();
    input.extend_from_slice(&coded);
    for step in [1, 17, input.len()] {
        let mut decoder = Decoder::new(DecompressOptions::default()).unwrap();
        decoder.set_multiple_members(false);
        let mut out = Vec::new();
        let mut taken = 0;
        loop {
            taken += decoder
                .push(&input[taken..input.len().min(taken + step)])
                .unwrap();
            match decoder.pull().unwrap() {
                Pull::Data(data) => out.extend(data),
                Pull::Pending | Pull::Starved => {}
                Pull::End => break,
            }
        }
        assert_eq!(taken, coded.len(), "steps of {step}");
        assert!(out == raw, "steps of {step}");
    }
}
