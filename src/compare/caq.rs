//! CAQ, the measure of the Adaptive Learned Compression Model: how much smaller, for how much of a
//! processor's time.

/// ratio / (seconds + 1): raw over coded bytes, seconds of a processor. Says most of inputs that
/// take about a second: much shorter ones are judged by their ratio alone, much longer ones by
/// their speed.
pub fn caq(raw: u64, coded: u64, cpu_seconds: f64) -> f64 {
    raw as f64 / coded.max(1) as f64 / (cpu_seconds.max(0.0) + 1.0)
}

/// The same for 10^9 raw bytes at the same speed and ratio, so that inputs of different sizes can
/// be compared.
pub fn caq_per_gb(raw: u64, coded: u64, cpu_seconds: f64) -> f64 {
    caq(raw, coded, cpu_seconds * 1e9 / raw.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_defined() {
        assert_eq!(caq(100, 50, 1.0), 1.0);
        assert_eq!(caq(100, 50, 0.0), 2.0);
        assert_eq!(caq_per_gb(1_000_000_000, 500_000_000, 3.0), 0.5);
        assert_eq!(caq_per_gb(1_000_000, 500_000, 0.003), 0.5);
        assert_eq!(caq(0, 0, 0.0), 0.0);
    }
}
