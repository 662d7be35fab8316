//! The drawing: two panels with one scale of size, Catena as a line, its peers as named points.

use std::fmt::Write;

use catena_plot::{GENERAL, NUMERIC, OURS, page, text, ticks};

use super::Point;
use super::label::{self, Area, around};
use crate::report::Results;

const WIDTH: f64 = 1180.0;
const HEIGHT: f64 = 648.0;
pub const TOP: f64 = 134.0;
pub const BOTTOM: f64 = 556.0;
const LEFT: [f64; 2] = [72.0, 636.0];
pub const PANEL: f64 = 516.0;

/// The scales of one panel.
pub struct Panel {
    /// Its left edge.
    pub left: f64,
    speed: (f64, f64),
    factor: (f64, f64),
}

impl Panel {
    fn x(&self, speed: f64) -> f64 {
        let (from, to) = (self.speed.0.log10(), self.speed.1.log10());
        self.left + PANEL * (speed.log10() - from) / (to - from)
    }

    fn y(&self, factor: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (factor - self.factor.0) / (self.factor.1 - self.factor.0)
    }
}

/// One direction's speed of a point.
type Speed = fn(&Point) -> f64;

/// The whole picture.
pub fn draw(points: &[Point], file_n: usize, results: &Results) -> String {
    let factor = range(points);
    let mut out = page(WIDTH, HEIGHT);
    text(
        &mut out,
        (LEFT[0], 34.0),
        "start",
        "font-size=\"21\" font-weight=\"bold\"",
        "How small, and how fast",
    );
    let what = format!(
        "{} · {file_n} files, lossless, each codec at its best arrangement of the bytes",
        results.title
    );
    text(&mut out, (LEFT[0], 57.0), "start", "fill=\"#555\"", &what);
    let sides: [(&str, Speed); 2] = [("Compressing", |p| p.enc), ("Decompressing", |p| p.dec)];
    for (left, (name, speed)) in LEFT.into_iter().zip(sides) {
        panel(
            &mut out,
            &Panel {
                left,
                speed: decades(points.iter().map(speed)),
                factor,
            },
            name,
            points,
            speed,
        );
    }
    let middle = f64::midpoint(TOP, BOTTOM);
    let turned = format!("transform=\"rotate(-90 22 {middle})\" fill=\"#444\"");
    text(
        &mut out,
        (22.0, middle),
        "middle",
        &turned,
        "times smaller than the raw file (geometric mean)",
    );
    legend(&mut out);
    text(
        &mut out,
        (LEFT[0], HEIGHT - 14.0),
        "start",
        "fill=\"#888\" font-size=\"11\"",
        &results.machine.line(),
    );
    out + "</svg>\n"
}

fn panel(out: &mut String, p: &Panel, name: &str, points: &[Point], speed: Speed) {
    let (right, middle) = (p.left + PANEL, p.left + PANEL / 2.0);
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{TOP}\" width=\"{PANEL}\" height=\"{}\" fill=\"#fafafa\" stroke=\"#ccc\"/>",
        p.left,
        BOTTOM - TOP
    );
    text(
        out,
        (middle, TOP - 14.0),
        "middle",
        "font-size=\"16\" font-weight=\"bold\"",
        name,
    );
    for tick in ticks(p.factor) {
        let y = p.y(tick.at);
        let _ = writeln!(
            out,
            "<path d=\"M{} {y:.1}H{right}\" stroke=\"#e2e2e2\"/>",
            p.left
        );
        text(
            out,
            (p.left - 7.0, y + 4.5),
            "end",
            "fill=\"#555\"",
            &format!("{}×", tick.label),
        );
    }
    let mut decade = p.speed.0;
    while decade <= p.speed.1 * 1.001 {
        let x = p.x(decade);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{BOTTOM}\" stroke=\"#d4d4d4\"/>"
        );
        let name = format!("{decade}");
        text(out, (x, BOTTOM + 19.0), "middle", "fill=\"#555\"", &name);
        decade *= 10.0;
    }
    text(
        out,
        (middle, BOTTOM + 38.0),
        "middle",
        "fill=\"#444\"",
        "MB per second of one core (each line: ten times faster)",
    );
    let mut ours: Vec<&Point> = points.iter().filter(|q| q.level.is_some()).collect();
    ours.sort_by_key(|q| q.level);
    if !ours.is_empty() {
        let place = |q: &&Point| format!("{:.1},{:.1}", p.x(speed(q)), p.y(q.factor));
        let line: Vec<String> = ours.iter().map(place).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{OURS}\" stroke-width=\"2.5\" opacity=\"0.75\"/>",
            line.join(" ")
        );
    }
    let mut taken: Vec<Area> = points
        .iter()
        .map(|q| around(p.x(speed(q)), p.y(q.factor)))
        .collect();
    // No name on Catena's line either: a box every few pixels of it.
    for pair in ours.windows(2) {
        let at = |q: &Point| (p.x(speed(q)), p.y(q.factor));
        let ((x0, y0), (x1, y1)) = (at(pair[0]), at(pair[1]));
        let n = ((x1 - x0).hypot(y1 - y0) / 8.0).ceil();
        let steps = (1..n as u32).map(|i| f64::from(i) / n);
        taken.extend(steps.map(|t| around(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t)));
    }
    // Catena's labels first: they get the best places.
    let (first, last): (Vec<_>, Vec<_>) = points.iter().partition(|q| q.level.is_some());
    for q in first.into_iter().chain(last) {
        label::mark(out, p, q, (p.x(speed(q)), p.y(q.factor)), &mut taken);
    }
}

fn legend(out: &mut String) {
    let parts = [
        (OURS, "Catena, by level"),
        (NUMERIC, "codecs for numbers"),
        (
            GENERAL,
            "general-purpose codecs (bytes transposed where that helps)",
        ),
    ];
    let mut x = LEFT[0];
    for (colour, name) in parts {
        let _ = writeln!(
            out,
            "<circle cx=\"{}\" cy=\"79\" r=\"5.5\" fill=\"{colour}\"/>",
            x + 6.0
        );
        text(out, (x + 18.0, 83.5), "start", "", name);
        x += 42.0 + name.len() as f64 * 7.6;
    }
    text(
        out,
        (WIDTH - 28.0, 83.5),
        "end",
        "font-weight=\"bold\"",
        "better is up and to the right",
    );
}

/// Whole decades around all speeds.
fn decades(speeds: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = speeds.fold((f64::MAX, f64::MIN_POSITIVE), |(l, h), s| {
        (l.min(s), h.max(s))
    });
    let whole = (
        10f64.powf(low.log10().floor()),
        10f64.powf(high.log10().ceil()),
    );
    if whole.0 < whole.1 {
        whole
    } else {
        (whole.0, whole.0 * 10.0)
    }
}

/// The factors with some air above and below.
fn range(points: &[Point]) -> (f64, f64) {
    let (low, high) = points.iter().fold((f64::MAX, 0.0f64), |(l, h), p| {
        (l.min(p.factor), h.max(p.factor))
    });
    let air = ((high - low) * 0.09).max(0.05);
    (low - air, high + air)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales() {
        assert_eq!(decades([0.5, 30.0].into_iter()), (0.1, 100.0));
    }
}
