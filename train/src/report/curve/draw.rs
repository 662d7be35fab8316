//! The drawing: one panel, time to the right, bits per byte upwards, every line named at the right
//! edge.

use std::fmt::Write;

use catena_plot::{GENERAL, NUMERIC, OURS, page, text, ticks};

use super::Curve;

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 790.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 496.0;
/// Between two names at the right edge.
const LINE: f64 = 17.0;
/// Points of the training line: more cannot be told apart.
const POINTS: usize = 360;

const TRAIN: &str = "#b5b5b5";
const MIXED: &str = "#7a3fa0";
/// Catena's experts, the mark that matters most.
const EXPERTS: &str = "#111";

/// Seconds and bits per byte.
type Point = (f64, f64);

/// The scales.
struct Panel {
    /// Seconds at the right edge.
    seconds: f64,
    bpb: (f64, f64),
}

impl Panel {
    fn place(&self, (seconds, bpb): Point) -> (f64, f64) {
        (LEFT + (RIGHT - LEFT) * seconds / self.seconds, self.y(bpb))
    }

    fn y(&self, bpb: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (bpb - self.bpb.0) / (self.bpb.1 - self.bpb.0)
    }
}

/// A line, its colour and its name.
struct Line {
    points: Vec<Point>,
    colour: &'static str,
    width: f64,
    name: &'static str,
}

/// The drawing of a run; nothing if there is no finite number.
pub fn draw(curve: &Curve) -> Option<String> {
    let finite = |p: &Point| p.0.is_finite() && p.1.is_finite();
    let validation = |of: fn(&super::Validation) -> Option<f64>| -> Vec<Point> {
        let points = curve.validations.iter();
        let points = points.filter_map(|v| Some((v.seconds, of(v)?)));
        points.filter(finite).collect()
    };
    let train: Vec<Point> = curve.train.iter().copied().filter(finite).collect();
    let lines = [
        (thinned(&train), TRAIN, 1.5, "in training"),
        (
            validation(|v| Some(v.alone_bpb)),
            OURS,
            2.5,
            "network alone",
        ),
        (validation(|v| v.mixed_bpb), MIXED, 2.5, "with experts"),
    ];
    let lines = lines.map(|(points, colour, width, name)| Line {
        points,
        colour,
        width,
        name,
    });
    let seconds = lines.iter().flat_map(|l| &l.points).map(|p| p.0);
    let panel = Panel {
        seconds: seconds.fold(0.0, f64::max).max(1e-3),
        bpb: range(&lines, curve)?,
    };

    let mut out = page(WIDTH, HEIGHT);
    let large = "font-size=\"21\" font-weight=\"bold\"";
    text(&mut out, (LEFT, 34.0), "start", large, "Training");
    text(
        &mut out,
        (LEFT, 58.0),
        "start",
        "fill=\"#555\"",
        &curve.title,
    );
    axes(&mut out, &panel);
    let mut names: Vec<(f64, String, &str)> = Vec::new();
    for b in curve.baselines.iter().filter(|b| b.bpb.is_finite()) {
        let y = panel.y(b.bpb);
        let colour = match b.name.as_str() {
            name if name.starts_with("pco") => NUMERIC,
            name if name.starts_with("experts") => EXPERTS,
            _ => GENERAL,
        };
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>"
        );
        names.push((y, format!("{}  {:.3}", b.name, b.bpb), colour));
    }
    let _ = writeln!(
        out,
        "<clipPath id=\"panel\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/></clipPath>",
        RIGHT - LEFT + 4.0,
        BOTTOM - TOP
    );
    for line in &lines {
        let Some(last) = line.points.last() else {
            continue;
        };
        polyline(&mut out, &panel, line);
        let y = panel.place(*last).1.clamp(TOP, BOTTOM);
        names.push((y, format!("{}  {:.3}", line.name, last.1), line.colour));
    }
    label(&mut out, names);
    Some(out + "</svg>\n")
}

/// From just below the smallest number to just above the largest baseline and the run's end. What
/// lies above, as every beginning does, is cut off: it would press all that matters into the lowest
/// tenth.
fn range(lines: &[Line], curve: &Curve) -> Option<(f64, f64)> {
    let ends = lines.iter().flat_map(|l| &l.points[l.points.len() / 3..]);
    let ends = ends.map(|p| p.1);
    let marks = curve
        .baselines
        .iter()
        .map(|b| b.bpb)
        .filter(|b| b.is_finite());
    if lines.iter().all(|l| l.points.is_empty()) {
        return None;
    }
    let all = ends.chain(marks);
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(l, h), b| (l.min(b), h.max(b)));
    let air = ((high - low) * 0.07).max(0.02);
    Some(((low - air).max(0.0), high + air))
}

/// Means of equal parts.
fn thinned(points: &[Point]) -> Vec<Point> {
    let part = points.len().div_ceil(POINTS).max(1);
    let mean = |part: &[Point]| {
        let sum = part.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    points.chunks(part).map(mean).collect()
}

fn axes(out: &mut String, panel: &Panel) {
    let (wide, high) = (RIGHT - LEFT, BOTTOM - TOP);
    let _ = writeln!(
        out,
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{wide}\" height=\"{high}\" fill=\"#fafafa\" stroke=\"#ccc\"/>"
    );
    for tick in ticks(panel.bpb) {
        let y = panel.y(tick.at);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#e2e2e2\"/>"
        );
        text(
            out,
            (LEFT - 7.0, y + 4.5),
            "end",
            "fill=\"#555\"",
            &tick.label,
        );
    }
    let (unit, name) = match panel.seconds {
        7200.0.. => (3600.0, "hours"),
        180.0.. => (60.0, "minutes"),
        _ => (1.0, "seconds"),
    };
    for tick in ticks((0.0, panel.seconds / unit)) {
        let x = LEFT + wide * tick.at * unit / panel.seconds;
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{BOTTOM}\" stroke=\"#e2e2e2\"/>"
        );
        text(
            out,
            (x, BOTTOM + 19.0),
            "middle",
            "fill=\"#555\"",
            &tick.label,
        );
    }
    let name = format!("{name} of training");
    text(
        out,
        (LEFT + wide / 2.0, BOTTOM + 42.0),
        "middle",
        "fill=\"#444\"",
        &name,
    );
    let middle = f64::midpoint(TOP, BOTTOM);
    let turned = format!("transform=\"rotate(-90 20 {middle})\" fill=\"#444\"");
    text(
        out,
        (20.0, middle),
        "middle",
        &turned,
        "bits per byte (lower is better)",
    );
}

fn polyline(out: &mut String, panel: &Panel, line: &Line) {
    let points = line.points.iter().map(|p| panel.place(*p));
    let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" \
         clip-path=\"url(#panel)\"/>",
        points.join(" "),
        line.colour,
        line.width
    );
    if let Some((x, y)) = line.points.last().map(|p| panel.place(*p))
        && (TOP..=BOTTOM).contains(&y)
    {
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{}\"/>",
            line.colour
        );
    }
}

/// Names beside the ends of their lines, pushed apart where they would touch.
fn label(out: &mut String, mut names: Vec<(f64, String, &str)>) {
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut places: Vec<f64> = names.iter().map(|n| n.0).collect();
    // Down from the top, then up from the bottom as far as needed.
    for i in 1..places.len() {
        places[i] = places[i].max(places[i - 1] + LINE);
    }
    let mut limit = BOTTOM + 4.0;
    for place in places.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - LINE;
    }
    for ((y, name, colour), place) in names.iter().zip(places) {
        let _ = writeln!(
            out,
            "<path d=\"M{} {y:.1}L{} {place:.1}\" stroke=\"{colour}\" opacity=\"0.6\"/>",
            RIGHT + 5.0,
            RIGHT + 16.0
        );
        let style = format!("fill=\"{colour}\" xml:space=\"preserve\"");
        text(out, (RIGHT + 20.0, place + 4.5), "start", &style, name);
    }
}
