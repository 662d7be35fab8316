//! The results as Markdown: the standing, the sizes by file, the speeds, every peer's best.

use std::fmt::Write;

use super::standing::{Against, beside, best_peer, levels, ours, standing};
use super::{Results, plot};
use crate::machine::Machine;
use crate::row::Row;

/// The whole report.
pub fn markdown(results: &Results, name: &str) -> String {
    let mut out = heading(&results.title, results.machine, &results.command);
    for skipped in results.skipped {
        let _ = writeln!(out, "**Skipped:** {skipped}\n");
    }
    for failed in results.failed {
        let _ = writeln!(out, "**Failed:** {failed}\n");
    }
    let _ = writeln!(out, "![Ratio against speed]({name}.svg)\n");
    out += &summary(results);
    out += &sizes(results);
    out += &rivals(results);
    out += &speeds(results);
    out += &peers(results);
    out
}

/// The title, what was measured on, and how to do it again.
pub fn heading(title: &str, machine: &Machine, command: &str) -> String {
    format!(
        "# {title}\n\n{}\n\nSystem: {}; load when it began: {}. Command: `{command}`\n\n",
        machine.line(),
        machine.system,
        machine.load
    )
}

/// How each level stands beside the smallest peers, with the goals.
pub fn summary(results: &Results) -> String {
    let mut out =
        "## Standing\n\nCatena's bytes over those of the smallest peer, file by file.\n\n"
            .to_owned();
    out += "| level | against | files | geometric mean | worst | on | goal |\n|--:|---|--:|--:|--:|---|---|\n";
    for level in levels(results.rows) {
        for against in Against::EACH {
            let Some(s) = standing(results, level, against) else {
                continue;
            };
            let goal = results.goal(level).filter(|_| against == Against::All);
            let goal = goal.map_or(String::new(), |g| {
                let mean = format!("mean ≤ {} {}", g.geomean, mark(s.geomean <= g.geomean));
                let worst = g
                    .worst
                    .map(|w| format!(", worst ≤ {w} {}", mark(s.worst <= w)));
                mean + &worst.unwrap_or_default()
            });
            let _ = writeln!(
                out,
                "| {level} | {} | {} | {:.4} | {:.4} | {} | {goal} |",
                against.name(),
                s.files,
                s.geomean,
                s.worst,
                s.worst_file
            );
        }
    }
    out.push('\n');
    out
}

fn mark(reached: bool) -> &'static str {
    if reached { "✓" } else { "✗" }
}

/// A line for each file: the smallest peer and Catena by level.
fn sizes(results: &Results) -> String {
    let levels = levels(results.rows);
    let mut out = "## Sizes in bits per byte\n\nIn brackets the ratio to the smallest peer; **✗** marks a file that a peer \
                   codes smaller, † a size that was given and not measured here"
        .to_owned();
    out += if results.goals.iter().any(|g| !g.bpd.is_empty()) {
        "; **▲** a file's own goal that was missed.\n\n"
    } else {
        ".\n\n"
    };
    out += "| file | bytes | best peer | bpd |";
    let _ = levels.iter().try_for_each(|l| write!(out, " Catena {l} |"));
    out += "\n|---|--:|---|--:|";
    out += &"--:|".repeat(levels.len());
    out.push('\n');
    for file in results.files {
        let peer = best_peer(results.rows, file, Against::All);
        let raw = results
            .rows
            .iter()
            .find(|r| r.file == *file)
            .map_or(0, |r| r.raw);
        let (name, bpd) = peer.map_or(("none".to_owned(), String::new()), |p| {
            (tagged(p), format!("{:.3}", p.bpd()))
        });
        let _ = write!(out, "| {file} | {raw} | {name} | {bpd} |");
        for level in &levels {
            let cell = ours(results.rows, file, *level)
                .map_or(String::new(), |r| cell(results, r, peer, *level));
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

fn cell(results: &Results, ours: &Row, peer: Option<&Row>, level: u8) -> String {
    let mut text = format!("{:.3}", ours.bpd());
    if let Some(peer) = peer {
        let ratio = ours.coded as f64 / peer.coded.max(1) as f64;
        text += &format!(" ({ratio:.3})");
        if ratio > 1.0 {
            text = format!("**{text} ✗**");
        }
    }
    let goal = results.goal(level).and_then(|g| g.bpd.get(&ours.file));
    match goal {
        Some(goal) if ours.bpd() > *goal => format!("{text} **▲ {goal}**"),
        Some(goal) => format!("{text} ✓ {goal}"),
        None => text,
    }
}

fn tagged(peer: &Row) -> String {
    format!("{}{}", peer.label(), if peer.given() { " †" } else { "" })
}

/// Speed and memory of each codec over the files that all of them took.
fn speeds(results: &Results) -> String {
    let (points, files) = plot::points(results);
    let mut out = format!(
        "## Speed and memory\n\nOver the {} files that every codec here takes, each peer in its smallest arrangement. Factor: \
         geometric mean of raw over coded bytes. MB/s: raw bytes by CPU second, one thread unless said otherwise. Peak: the \
         most memory that any file took, above the loaded input.\n\n",
        files.len()
    );
    out += "| codec | factor | compress MB/s | decompress MB/s | peak compress MiB | peak decompress MiB |\n";
    out += "|---|--:|--:|--:|--:|--:|\n";
    for p in points {
        let mib = |b: u64| b as f64 / f64::from(1 << 20);
        let _ = writeln!(
            out,
            "| {} | {:.3} | {:.2} | {:.2} | {:.0} | {:.0} |",
            p.codec,
            p.factor,
            p.enc,
            p.dec,
            mib(p.enc_memory),
            mib(p.dec_memory)
        );
    }
    out.push('\n');
    out
}

/// Catena beside each peer by itself.
fn rivals(results: &Results) -> String {
    let levels = levels(results.rows);
    if levels.is_empty() {
        return String::new();
    }
    let mut out = "## Beside each peer\n\nCatena's bytes over the peer's, geometric mean over the \
                   files that the peer took.\n\n| peer | files |"
        .to_owned();
    let _ = levels.iter().try_for_each(|l| write!(out, " Catena {l} |"));
    out += "\n|---|--:|";
    out += &"--:|".repeat(levels.len());
    out.push('\n');
    for (given, codec) in codecs(results) {
        let ratios: Vec<_> = levels
            .iter()
            .map(|l| beside(results, *l, codec, given))
            .collect();
        let n = ratios.iter().flatten().map(|(_, n)| *n).max().unwrap_or(0);
        let _ = write!(out, "| {codec}{} | {n} |", if given { " †" } else { "" });
        for ratio in ratios {
            let _ = write!(
                out,
                " {} |",
                ratio.map_or(String::new(), |(r, _)| format!("{r:.4}"))
            );
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// The peers: whether given, and the name.
fn codecs<'a>(results: &Results<'a>) -> Vec<(bool, &'a str)> {
    let peers = results.rows.iter().filter(|r| r.level().is_none());
    let mut codecs: Vec<(bool, &str)> = peers.map(|r| (r.given(), r.codec.as_str())).collect();
    codecs.sort_unstable();
    codecs.dedup();
    codecs
}

/// Every codec's smallest size on every file.
fn peers(results: &Results) -> String {
    let codecs = codecs(results);
    let mut out = "## Every peer's best, bits per byte\n\n| file |".to_owned();
    let _ = codecs
        .iter()
        .try_for_each(|(given, c)| write!(out, " {c}{} |", if *given { " †" } else { "" }));
    out += "\n|---|";
    out += &"--:|".repeat(codecs.len());
    out.push('\n');
    for file in results.files {
        let _ = write!(out, "| {file} |");
        for (given, codec) in &codecs {
            let rows = results
                .rows
                .iter()
                .filter(|r| r.file == *file && r.codec == *codec && r.given() == *given);
            let best = rows
                .min_by_key(|r| r.coded)
                .map_or(String::new(), |r| format!("{:.3}", r.bpd()));
            let _ = write!(out, " {best} |");
        }
        out.push('\n');
    }
    out
}
