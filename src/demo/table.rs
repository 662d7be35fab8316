//! The table: a row a codec, a bar as long as its output.

use std::time::Duration;

use super::samples::Sample;
use crate::report::grouped;

/// Coded bytes of one file.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

/// What one codec did.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    /// In the order of the samples.
    pub sizes: Vec<Size>,
    pub compress: Duration,
    pub decompress: Duration,
}

impl Row {
    fn total(&self) -> u64 {
        self.sizes.iter().map(|size| size.0).sum()
    }
}

/// Characters of the longest bar.
const BAR: usize = 48;

/// The table, and under it the chart; neither is wider than 80 characters.
pub fn render(samples: &[Sample], rows: &[Row]) -> String {
    let raw: usize = samples.iter().map(|sample| sample.bytes.len()).sum();
    let longest = rows.iter().map(Row::total).max().unwrap_or(1);
    let (mut table, mut chart) = (format!("\n{:<18}", "bytes, one thread"), String::new());
    for sample in samples {
        table += &format!("{:>9}", sample.file.trim_end_matches(".bin"));
    }
    table += &format!(
        "{:>10}{:>7}{:>9}{:>9}\n",
        "total", "ratio", "in MB/s", "out MB/s"
    );
    for row in rows {
        let (total, ratio) = (grouped(row.total()), raw as f64 / row.total().max(1) as f64);
        table += &format!("{:<18}", row.name);
        for size in &row.sizes {
            table += &format!("{:>9}", grouped(size.0));
        }
        let (compress, decompress) = (rate(raw, row.compress), rate(raw, row.decompress));
        table += &format!("{total:>10}{ratio:>7.2}{compress:>9}{decompress:>9}\n");
        chart += &format!(
            "{:<18}{:<BAR$}{total:>10}\n",
            row.name,
            bar(row.total(), longest)
        );
    }
    format!("{table}\n{chart}\n")
}

/// Megabytes (10^6) of raw data a second, to about two digits.
fn rate(raw: usize, time: Duration) -> String {
    let rate = raw as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

/// A bar in eighths of a character.
fn bar(value: u64, longest: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (value as f64 / longest.max(1) as f64 * (BAR * 8) as f64).round() as usize;
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_in_eighths() {
        assert_eq!(bar(8, 8), "█".repeat(BAR));
        assert_eq!(bar(4, 8), "█".repeat(BAR / 2));
        assert_eq!(bar(0, 8), "");
        assert_eq!(bar(1, 8 * BAR as u64), "▏");
    }

    #[test]
    fn rates_have_two_digits() {
        assert_eq!(rate(1_500_000, Duration::from_secs(1)), "1.5");
        assert_eq!(rate(250_000_000, Duration::from_secs(1)), "250");
    }
}
