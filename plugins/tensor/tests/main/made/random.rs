//! Numbers and damages that come again the same. The tests of ROOT archives have them from here.

/// A sequence of numbers that looks random.
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }
}

/// The bytes with some of them changed, or cut.
pub fn mutated(bytes: &[u8], next: &mut impl FnMut() -> u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + next() % 3 {
        let at = next() as usize % bytes.len();
        match next() % 4 {
            0 => bytes[at] = next() as u8,
            1 => bytes[at] ^= 1 << (next() % 8),
            2 => {
                let end = bytes.len().min(at + 4);
                bytes[at..end].fill([0, 0xFF, 0x7F][next() as usize % 3]);
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}
