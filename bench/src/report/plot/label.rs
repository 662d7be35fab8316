//! A point and its name: the name goes where it covers neither points, nor Catena's line, nor other
//! names.

use std::fmt::Write;

use catena_plot::{GENERAL, NUMERIC, OURS, text};

use super::Point;
use super::svg::{BOTTOM, PANEL, Panel, TOP};

/// A box on the page: x, y, width, height.
pub type Area = (f64, f64, f64, f64);

/// A point with its name, put where it covers nothing.
pub fn mark(out: &mut String, p: &Panel, q: &Point, (x, y): (f64, f64), taken: &mut Vec<Area>) {
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
    let far = [-40.0, 24.0, -56.0, 39.0, -72.0, 54.0].into_iter();
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
    // A name that found no place beside its point is tied to it.
    let (dx, dy) = (at - x, spot.1 + 7.5 - y);
    if dy.abs() > 23.0 {
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {y:.1}l{:.1} {:.1}\" stroke=\"{colour}\" opacity=\"0.6\"/>",
            dx,
            dy - 8.0 * dy.signum()
        );
    }
    let halo = "stroke=\"#fafafa\" stroke-width=\"3\" paint-order=\"stroke\"";
    let style = format!("fill=\"{colour}\" font-weight=\"{weight}\" {halo}");
    text(out, (at, spot.1 + 12.0), anchor, &style, &name);
}

/// The room a point takes.
pub fn around(x: f64, y: f64) -> Area {
    (x - 5.0, y - 5.0, 10.0, 10.0)
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.0 < b.0 + b.2 && b.0 < a.0 + a.2 && a.1 < b.1 + b.3 && b.1 < a.1 + a.3
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
