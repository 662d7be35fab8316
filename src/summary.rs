//! The line that ends a file's work.

use std::time::Duration;

use crate::report::grouped;

/// What went in and out.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub raw: u64,
    pub coded: u64,
    pub elapsed: Duration,
}

impl Sizes {
    /// Coded in percent of raw; nothing where there is nothing to compare.
    fn percent(&self) -> String {
        if self.raw == 0 {
            "empty".into()
        } else {
            format!("{:.2}%", 100.0 * self.coded as f64 / self.raw as f64)
        }
    }

    /// Raw bytes a second.
    fn rate(&self) -> String {
        format!(
            "{:.2} MB/s",
            self.raw as f64 / 1e6 / self.elapsed.as_secs_f64().max(1e-6)
        )
    }
}

/// After compressing.
pub fn compressed(from: &str, to: &str, sizes: &Sizes) -> String {
    let (raw, coded) = (grouped(sizes.raw), grouped(sizes.coded));
    format!(
        "{from}: {} ({raw} => {coded} bytes, {}, {to})",
        sizes.percent(),
        sizes.rate()
    )
}

/// After decompressing.
pub fn decompressed(from: &str, to: &str, sizes: &Sizes) -> String {
    format!(
        "{from}: {} bytes ({}, {to})",
        grouped(sizes.raw),
        sizes.rate()
    )
}

/// After testing.
pub fn tested(name: &str, sizes: &Sizes) -> String {
    format!(
        "{name}: all right, {} bytes ({})",
        grouped(sizes.raw),
        sizes.rate()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_has_no_ratio() {
        let sizes = Sizes {
            raw: 0,
            coded: 30,
            elapsed: Duration::ZERO,
        };
        assert!(compressed("a", "b", &sizes).contains("empty (0 => 30 bytes"));
    }

    #[test]
    fn sizes_and_rate_are_told() {
        let sizes = Sizes {
            raw: 4_000_000,
            coded: 1_000_000,
            elapsed: Duration::from_secs(2),
        };
        let line = compressed("a", "a.cat", &sizes);
        assert_eq!(
            line,
            "a: 25.00% (4,000,000 => 1,000,000 bytes, 2.00 MB/s, a.cat)"
        );
    }
}
