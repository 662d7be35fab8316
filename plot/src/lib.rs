//! What the drawings of the bench and of training have in common: a page, text on it and round
//! ticks on an axis, as SVG. What is drawn is up to them.

use std::fmt::Write;

/// The colour of what is ours.
pub const OURS: &str = "#c8321e";
/// The colour of codecs for numbers.
pub const NUMERIC: &str = "#1f7a4d";
/// The colour of general-purpose codecs.
pub const GENERAL: &str = "#3b5f8f";

/// The beginning of an SVG: a white page with the font of all drawings. `</svg>` ends it.
pub fn page(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    )
}

/// A line of text at a point; `anchor` is SVG's `start`, `middle` or `end`, `style` further
/// attributes.
pub fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, what: &str) {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{what}</text>"
    );
}

/// A round value on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value.
    pub at: f64,
    /// The value in words, with as many decimals as tell neighbours apart.
    pub label: String,
}

/// Round values inside a range, at most ten of them: multiples of 1, 2 or 5 times a power of ten.
/// None if the range is empty or no range.
pub fn ticks((from, to): (f64, f64)) -> Vec<Tick> {
    let span = to - from;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let exponent = (span / 9.0).log10().floor();
    let decade = 10f64.powf(exponent);
    let fits = |s: &f64| span / (s * decade) <= 9.0;
    let times = [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0);
    let step = times * decade;
    let decimals = -(if times == 10.0 {
        exponent + 1.0
    } else {
        exponent
    });
    let decimals = decimals.max(0.0) as usize;
    // Whole numbers of steps, so that no error adds up; those at an end count as inside in spite of
    // rounding.
    let (first, last) = ((from / step - 1e-9).ceil(), (to / step + 1e-9).floor());
    let tick = |i: u32| {
        let at = (first + f64::from(i)) * step;
        let label = format!("{at:.decimals$}");
        Tick { at, label }
    };
    (0..=(last - first).max(-1.0) as i64)
        .take(10)
        .map(|i| tick(i as u32))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let labels = |range| {
            ticks(range)
                .into_iter()
                .map(|t| t.label)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels((1.35, 2.05)),
            ["1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "2.0"]
        );
        assert_eq!(labels((0.0, 40.0)).len(), 9);
        assert_eq!(labels((0.0, 12_000.0))[1..3], ["2000", "4000"]);
        assert_eq!(labels((2.61, 2.80))[..2], ["2.65", "2.70"]);
        for range in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
        ] {
            assert!(ticks(range).is_empty(), "{range:?}");
        }
        for i in 0..400 {
            let span = 1.1f64.powi(i - 200);
            let n = ticks((1.0, 1.0 + span)).len();
            assert!((3..=10).contains(&n), "{n} at {span}");
        }
    }

    #[test]
    fn text_is_escaped() {
        let mut out = String::new();
        text(&mut out, (1.0, 2.0), "start", "", "a < b & c");
        assert!(out.contains(">a &lt; b &amp; c<"), "{out}");
    }
}
