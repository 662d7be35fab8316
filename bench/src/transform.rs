//! The byte transposition that general-purpose codecs are given, and its inverse.

/// Byte `b` of all records, then byte `b + 1` of all records; what does not fill a record stays
/// behind them.
pub fn transpose(input: &[u8], record: usize) -> Vec<u8> {
    let n = input.len() / record;
    let mut out = Vec::with_capacity(input.len());
    for byte in 0..record {
        out.extend((0..n).map(|r| input[r * record + byte]));
    }
    out.extend_from_slice(&input[n * record..]);
    out
}

/// The inverse of [`transpose`].
pub fn restore(input: &[u8], record: usize) -> Vec<u8> {
    let n = input.len() / record;
    let mut out = vec![0; input.len()];
    for byte in 0..record {
        for r in 0..n {
            out[r * record + byte] = input[byte * n + r];
        }
    }
    out[n * record..].copy_from_slice(&input[n * record..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_with_a_tail() {
        let input: Vec<u8> = (0..23).collect();
        let shuffled = transpose(&input, 4);
        assert_eq!(shuffled[..6], [0, 4, 8, 12, 16, 1]);
        assert_eq!(shuffled[20..], [20, 21, 22]);
        assert_eq!(restore(&shuffled, 4), input);
    }
}
