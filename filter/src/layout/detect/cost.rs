//! Prices in bits, as integers: log2 in fixed point, the cost of a histogram, the size of a
//! difference.
//!
//! No floating-point library function takes part: a guess must be the same on every machine.

/// Fractional bits of a price.
pub(super) const PRICE_BITS: u32 = 16;
/// One bit.
pub(super) const ONE: u64 = 1 << PRICE_BITS;

/// log2(x) for x > 0, within 0.01 bit.
pub(super) fn log2(x: u32) -> u64 {
    let x = x.max(1);
    let whole = x.ilog2();
    // The fraction of x / 2^whole - 1; log2(1 + f) is f + 0.3466 f (1 - f) within 0.008.
    let f = ((u64::from(x) << PRICE_BITS) >> whole) - ONE;
    (u64::from(whole) << PRICE_BITS)
        + f
        + ((22_713 * ((f * (ONE - f)) >> PRICE_BITS)) >> PRICE_BITS)
}

/// Prices of histograms of nibbles, coded adaptively: an event costs log2((n + 2) / (c + 1/8)),
/// where n events came before it, c of them the same. A true code length, so few events cannot look
/// cheap by chance.
pub(super) struct Ledger {
    /// Sums of log2(n + 2), and of log2(c + 1/8) + 3 = log2(8 c + 1).
    all: Vec<u64>,
    same: Vec<u64>,
}

impl Ledger {
    /// For histograms of up to `total` events.
    pub(super) fn new(total: usize) -> Self {
        let sums = |term: fn(u32) -> u32| {
            let mut sum = 0;
            let mut sums = vec![0];
            sums.extend((0..total as u32).map(|n| {
                sum += log2(term(n));
                sum
            }));
            sums
        };
        Ledger {
            all: sums(|n| n + 2),
            same: sums(|c| 8 * c + 1),
        }
    }

    /// The price of a histogram's events.
    pub(super) fn price(&self, counts: &[u16]) -> u64 {
        let (mut total, mut saved) = (0, 0);
        for &count in counts {
            total += usize::from(count);
            saved += self.same[usize::from(count)];
        }
        (self.all[total] + 3 * ONE * total as u64).saturating_sub(saved)
    }
}

/// Entropy of a histogram in hundredths of a bit an event.
pub(super) fn entropy(counts: &[u16]) -> u32 {
    let total: u32 = counts.iter().map(|&c| u32::from(c)).sum();
    if total == 0 {
        return 0;
    }
    let spent: u64 = counts
        .iter()
        .filter(|&&c| c > 0)
        .map(|&c| u64::from(c) * log2(u32::from(c)))
        .sum();
    let bits = (u64::from(total) * log2(total)).saturating_sub(spent) / u64::from(total);
    (bits * 100 / ONE) as u32
}

/// Mean of log2(1 + |a - b|) over the slices' values, `PRICE_BITS` fractional bits (by linear
/// interpolation).
pub(super) fn difference(a: &[i32], b: &[i32]) -> u64 {
    let n = a.len().min(b.len());
    if n == 0 {
        return 0;
    }
    let mut total = 0u64;
    for (a, b) in a[..n].chunks(256).zip(b[..n].chunks(256)) {
        let mut part = 0u32;
        for (&a, &b) in a.iter().zip(b) {
            // Values are 31-bit and not negative, so the difference fits; an i32 becomes an f32 the
            // same way everywhere.
            let bits = ((a - b).abs() as f32 + 1.0).to_bits();
            part += (bits - 0x3f80_0000) >> 7;
        }
        total += u64::from(part);
    }
    total / n as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log2_is_close() {
        for x in [1u32, 2, 3, 5, 7, 100, 1000, 65_535, 1 << 31, u32::MAX] {
            let exact = f64::from(x).log2();
            assert!((log2(x) as f64 / ONE as f64 - exact).abs() < 0.01, "{x}");
        }
    }

    #[test]
    fn histograms() {
        assert_eq!(entropy(&[64; 16]), 400);
        assert_eq!(entropy(&[0, 50, 0]), 0);
        let ledger = Ledger::new(1000);
        assert!(ledger.price(&[0, 1000, 0]) < 30 * ONE);
        // Noise is dearer than its four bits, however few events there are.
        assert!(ledger.price(&[1; 4]) > 16 * ONE);
        assert!((4000 * ONE..4300 * ONE).contains(&ledger.price(&[62; 16])));
    }

    #[test]
    fn differences() {
        assert_eq!(difference(&[5, 6], &[5, 6]), 0);
        assert_eq!(difference(&[8, 1], &[1, 8]), 3 * ONE);
        assert_eq!(difference(&[i32::MAX], &[0]) >> PRICE_BITS, 31);
        assert_eq!(difference(&[], &[]), 0);
    }
}
