//! The drawing: two panels with one scale of size, Catena as a line, its peers as named points.

use std::fmt::Write;

use super::Point;
use crate::report::Results;

const WIDTH: f64 = 1180.0;
const HEIGHT: f64 = 648.0;
const TOP: f64 = 134.0;
const BOTTOM: f64 = 556.0;
const LEFT: [f64; 2] = [72.0, 636.0];
const PANEL: f64 = 516.0;

const OURS: &str = "#c8321e";
const NUMERIC: &str = "#1f7a4d";
const GENERAL: &str = "#3b5f8f";

/// The scales of one panel.
struct Panel {
    left: f64,
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

/// A box on the page: x, y, width, height.
type Area = (f64, f64, f64, f64);

/// The whole picture.
pub fn draw(points: &[Point], file_n: usize, results: &Results) -> String {
    let factor = range(points);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
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
        let y = p.y(tick);
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
            &format!("{tick:.1}×"),
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
        .map(|q| (p.x(speed(q)) - 6.0, p.y(q.factor) - 6.0, 12.0, 12.0))
        .collect();
    // Catena's labels first: they get the best places.
    let (first, last): (Vec<_>, Vec<_>) = points.iter().partition(|q| q.level.is_some());
    for q in first.into_iter().chain(last) {
        mark(out, p, q, (p.x(speed(q)), p.y(q.factor)), &mut taken);
    }
}

/// A point with its name, put where it covers nothing.
fn mark(out: &mut String, p: &Panel, q: &Point, (x, y): (f64, f64), taken: &mut Vec<Area>) {
    let (colour, size, weight) = match q.level {
        Some(_) => (OURS, 6.5, "bold"),
        None => (colour(&q.codec), 5.0, "normal"),
    };
    let _ = writeln!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size}\" fill=\"{colour}\" stroke=\"#fff\"/>"
    );
    let name = q
        .level
        .map_or_else(|| short(&q.codec).to_owned(), |l| format!("Catena {l}"));
    let wide = name.len() as f64 * if q.level.is_some() { 8.8 } else { 7.8 };
    let (right, left, middle) = (x + 10.0, x - 10.0 - wide, x - wide / 2.0);
    let near = [
        ("start", right, y - 7.5),
        ("end", left, y - 7.5),
        ("middle", middle, y - 24.0),
        ("middle", middle, y + 9.0),
        ("start", right, y - 20.0),
        ("start", right, y + 6.0),
        ("end", left, y - 20.0),
        ("end", left, y + 6.0),
    ];
    let far = [-40.0, 24.0, -56.0, 39.0].into_iter();
    let far = far.flat_map(|dy| {
        [
            ("middle", middle, y + dy),
            ("start", right, y + dy),
            ("end", left, y + dy),
        ]
    });
    let spots: Vec<(&str, Area)> = near
        .into_iter()
        .chain(far)
        .map(|(anchor, ax, ay)| (anchor, (ax, ay, wide, 15.0)))
        .filter(|(_, a)| {
            a.0 > p.left && a.0 + a.2 < p.left + PANEL && a.1 > TOP && a.1 + a.3 < BOTTOM
        })
        .collect();
    let free = |(_, a): &&(&str, Area)| !taken.iter().any(|b| overlap(a, b));
    let Some((anchor, spot)) = spots.iter().find(free).or(spots.first()).copied() else {
        return;
    };
    taken.push(spot);
    let at = match anchor {
        "start" => spot.0,
        "end" => spot.0 + spot.2,
        _ => spot.0 + spot.2 / 2.0,
    };
    let style = format!("fill=\"{colour}\" font-weight=\"{weight}\"");
    text(out, (at, spot.1 + 12.0), anchor, &style, &name);
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.0 < b.0 + b.2 && b.0 < a.0 + a.2 && a.1 < b.1 + b.3 && b.1 < a.1 + a.3
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

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, what: &str) {
    let what = what.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{what}</text>"
    );
}

fn colour(codec: &str) -> &'static str {
    let numeric = ["pco", "fpzip", "zfp", "openzl", "blosc2"];
    if numeric.iter().any(|n| codec.starts_with(n)) {
        NUMERIC
    } else {
        GENERAL
    }
}

fn short(codec: &str) -> &str {
    match codec {
        "blosc2-zstd-9" => "blosc2",
        "bzip3-64" => "bzip3",
        "openzl-bf" => "OpenZL",
        "zfp-rev" => "zfp",
        other => other,
    }
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

/// Round values inside a range, five to ten of them.
fn ticks((from, to): (f64, f64)) -> Vec<f64> {
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0]
        .into_iter()
        .find(|s| (to - from) / s <= 9.0)
        .unwrap_or(100.0);
    let first = (from / step).ceil() as i64;
    (first..)
        .map(|i| i as f64 * step)
        .take_while(|t| *t <= to)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales() {
        assert_eq!(decades([0.5, 30.0].into_iter()), (0.1, 100.0));
        let t = ticks((1.35, 2.05));
        assert_eq!((t.len(), (t[0] * 10.0).round()), (7, 14.0));
    }
}
