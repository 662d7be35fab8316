//! Blocks there and back, and what damage does to them.

use catena_filter::block::{BlockOptions, OVERHEAD_MAX, decode, encode, info};
use catena_filter::{ErrorKind, Layout, Level};

fn wave(n: usize) -> Vec<u8> {
    let values = (0..n).map(|i| (i as f32 * 0.01).sin() * 40.0 + (i * 7919 % 13) as f32);
    values.flat_map(f32::to_le_bytes).collect()
}

fn back(raw: &[u8], dtype: &str, options: &BlockOptions) -> usize {
    let layout = Layout::parse(dtype).unwrap();
    let stored = encode(raw, &layout, options).unwrap();
    assert_eq!(decode(&stored, &layout, options).unwrap(), raw, "{dtype}");
    assert!(stored.len() <= raw.len() + OVERHEAD_MAX);
    assert_eq!(info(&stored).unwrap().raw_len, raw.len() as u64);
    stored.len()
}

#[test]
fn every_level_and_length_comes_back() {
    let raw = wave(900);
    for level in 1..=9 {
        let options = BlockOptions::new().with_level(Level::new(level).unwrap());
        assert!(back(&raw, "<f4", &options) < raw.len());
        for len in [0, 1, 3, 4, 7, 64, 65] {
            back(&raw[..len], "<f4", &options);
            back(&raw[..len], "<f8,u1,>i2,V3", &options);
        }
    }
}

#[test]
fn several_frames_on_any_threads_are_the_same_bytes() {
    let raw = wave(700_000);
    let layout = Layout::parse("<f4,<f4").unwrap();
    let options = BlockOptions::new().with_level(Level::new(7).unwrap());
    let alone = encode(&raw, &layout, &options.clone().with_threads(1)).unwrap();
    let shared = encode(&raw, &layout, &options).unwrap();
    assert_eq!(alone, shared);
    assert!(info(&shared).unwrap().frame_size < raw.len());
    assert_eq!(decode(&shared, &layout, &options).unwrap(), raw);
}

#[test]
fn what_is_noise_is_stored() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (state >> 56) as u8
    };
    let raw: Vec<u8> = (0..5000).map(|_| next()).collect();
    assert!(back(&raw, "<f4", &BlockOptions::new()) > raw.len());
}

#[test]
fn every_flipped_bit_is_found() {
    let raw = wave(300);
    let layout = Layout::parse("<f4").unwrap();
    for level in [1, 3, 7] {
        let options = BlockOptions::new().with_level(Level::new(level).unwrap());
        let stored = encode(&raw, &layout, &options).unwrap();
        for bit in 0..8 * stored.len() {
            let mut bad = stored.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad, &layout, &options).is_err(), "bit {bit}");
        }
        for cut in 0..stored.len() {
            assert!(decode(&stored[..cut], &layout, &options).is_err());
        }
    }
}

/// Damage that the checksum does not tell of: it ends in an error, or in the very raw bytes.
#[test]
fn damage_with_a_right_checksum_is_found() {
    let raw = wave(300);
    let layout = Layout::parse("<f4").unwrap();
    let options = BlockOptions::new()
        .with_level(Level::new(3).unwrap())
        .with_raw_limit(1 << 16);
    let stored = encode(&raw, &layout, &options).unwrap();
    let body = stored.len() - 4;
    for bit in 0..8 * body {
        let mut bad = stored.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let sum = crc32fast::hash(&bad[..body]);
        bad[body..].copy_from_slice(&sum.to_le_bytes());
        if let Ok(other) = decode(&bad, &layout, &options) {
            assert_eq!(other, raw, "bit {bit}");
        }
    }
}

#[test]
fn another_layout_is_found() {
    let raw = wave(3000);
    let options = BlockOptions::new().with_level(Level::new(3).unwrap());
    let stored = encode(&raw, &Layout::parse("<f4").unwrap(), &options).unwrap();
    for other in ["<u4", "<f8", ">f4", "<f4,<f4", "u1"] {
        let error = decode(&stored, &Layout::parse(other).unwrap(), &options).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Corrupt(_)),
            "{other}: {error}"
        );
    }
}

#[test]
fn too_large_claims_are_refused() {
    let layout = Layout::parse("<f4").unwrap();
    let stored = encode(&wave(3000), &layout, &BlockOptions::new()).unwrap();
    let error = decode(
        &stored,
        &layout,
        &BlockOptions::new().with_raw_limit(11_999),
    )
    .unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::MemoryLimit { needed: 12_000, .. }
    ));
}
