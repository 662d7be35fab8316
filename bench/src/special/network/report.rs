//! What was found with trained models, as Markdown and JSON.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{Found, LEVELS, PEERS};
use crate::machine::Machine;
use crate::report::{command_line, heading};
use crate::row::{Row, geomean};
use crate::special::rate;

const TITLE: &str = "Trained models: the last third of each file, the first two thirds trained on";

#[derive(Serialize)]
struct Json<'a> {
    title: &'a str,
    command: &'a str,
    machine: &'a Machine,
    failed: &'a [String],
    files: &'a [Found],
}

/// Writes `network.md` and `network.json` into a folder; what a person wants to read at once is
/// returned.
pub fn write(
    found: &[Found],
    failed: &[String],
    machine: &Machine,
    folder: &Path,
) -> Result<String> {
    let command = command_line();
    let tables = tables(found, failed);
    let text = heading(TITLE, machine, &command) + &tables;
    std::fs::write(folder.join("network.md"), text)?;
    let json = Json {
        title: TITLE,
        command: &command,
        machine,
        failed,
        files: found,
    };
    std::fs::write(
        folder.join("network.json"),
        serde_json::to_string_pretty(&json)? + "\n",
    )?;
    Ok(tables)
}

fn tables(found: &[Found], failed: &[String]) -> String {
    let mut out = String::new();
    for failed in failed {
        let _ = writeln!(out, "**Failed:** {failed}\n");
    }
    out + &sizes(found) + &models(found) + &speeds(found) + &threads(found)
}

impl Found {
    /// Catena's row of a level.
    fn level(&self, level: u8) -> Option<&Row> {
        self.rows.iter().find(|row| row.level() == Some(level))
    }

    /// A peer's smallest row.
    fn peer(&self, codec: &str) -> Option<&Row> {
        let rows = self.rows.iter().filter(|row| row.codec == codec);
        rows.min_by_key(|row| row.coded)
    }

    /// A level's bytes over level 7's.
    fn over_six(&self, level: u8) -> Option<f64> {
        let (row, six) = (self.level(level)?, self.level(7)?);
        Some(row.coded as f64 / six.coded.max(1) as f64)
    }
}

/// A number with so many digits, or a dash.
fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

fn sizes(found: &[Found]) -> String {
    let mut out = "## Sizes in bits per byte\n\nOf the held-out part; a peer in the arrangement that is smallest. The model is not counted; its \
                   network alone is by its own probabilities, without the experts. 8 : 7 is level 8's bytes over level 7's. Where no network \
                   applies, levels 8 and 9 do the work of level 7.\n\n"
        .to_owned();
    out += "| file | bytes |";
    PEERS.iter().for_each(|peer| out += &format!(" {peer} |"));
    LEVELS
        .iter()
        .for_each(|level| out += &format!(" Catena {level} |"));
    out += " network alone | 8 : 7 | 9 : 7 |\n|---|--:|";
    out += &"--:|".repeat(PEERS.len() + LEVELS.len() + 3);
    out.push('\n');
    for one in found {
        let _ = write!(out, "| {} | {} |", one.file, one.held_out_bytes);
        let peers = PEERS.iter().map(|peer| one.peer(peer));
        for row in peers.chain(LEVELS.iter().map(|level| one.level(*level))) {
            let _ = write!(out, " {} |", cell(row.map(Row::bpd), 4));
        }
        let alone = one.model.as_ref().map(|model| model.network_alone_bpd);
        let (eight, nine) = (one.over_six(8), one.over_six(9));
        let _ = writeln!(
            out,
            " {} | {} | {} |",
            cell(alone, 4),
            cell(eight, 4),
            cell(nine, 4)
        );
    }
    let mean = |level| {
        let with_model = found.iter().filter(|one| one.model.is_some());
        geomean(with_model.filter_map(|one| one.over_six(level)))
    };
    if let (Some(eight), Some(nine)) = (mean(8), mean(9)) {
        let _ = writeln!(
            out,
            "\nGeometric mean over the files with a model: 8 : 7 {eight:.4}, 9 : 7 {nine:.4}."
        );
    }
    out + "\n"
}

fn models(found: &[Found]) -> String {
    let mut out = "## Models\n\n| file | bytes trained on | weights | model's file, bytes | hash | notes |\n|---|--:|--:|--:|---|---|\n"
        .to_owned();
    for one in found {
        let Some(model) = &one.model else { continue };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            one.file,
            one.train_bytes,
            model.weights,
            model.bytes,
            model.hash.get(..12).unwrap_or(&model.hash),
            model.notes.replace(['\n', '|'], " ")
        );
    }
    out + "\n"
}

fn speeds(found: &[Found]) -> String {
    let mut out = "## Speed\n\nMB/s of raw bytes by CPU second (by the clock), one thread. Reading the model is part of it. Peak: memory above \
                   the loaded input.\n\n"
        .to_owned();
    out += "| file | codec | compress | decompress | peak MiB, compressing / decompressing |\n|---|---|--:|--:|--:|\n";
    for one in found {
        let levels = LEVELS.iter().filter_map(|level| one.level(*level));
        for row in levels.chain(PEERS.iter().filter_map(|peer| one.peer(peer))) {
            let Some(c) = row.cost else { continue };
            let _ = writeln!(
                out,
                "| {} | {} | {:.2} ({:.2}) | {:.2} ({:.2}) | {} / {} |",
                one.file,
                // Catena has one arrangement here.
                row.level().map_or(row.label(), |_| row.codec.clone()),
                rate(row.raw, c.enc_cpu),
                rate(row.raw, c.enc_wall),
                rate(row.raw, c.dec_cpu),
                rate(row.raw, c.dec_wall),
                c.enc_memory >> 20,
                c.dec_memory >> 20
            );
        }
    }
    out + "\n"
}

fn threads(found: &[Found]) -> String {
    let mut out = String::new();
    for one in found {
        for row in &one.two_threads {
            let single = row.level().and_then(|level| one.level(level)?.cost);
            let (Some(single), Some(two)) = (single, row.cost) else {
                continue;
            };
            let _ = writeln!(
                out,
                "| {} | {} | {:.2} | {:.2} |",
                one.file,
                row.codec,
                single.enc_wall / two.enc_wall.max(1e-9),
                single.dec_wall / two.dec_wall.max(1e-9)
            );
        }
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "## Two threads against one\n\nHow many times as fast, by the clock.\n\n| file | codec | compress | decompress |\n|---|---|--:|--:|\n{out}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::model::Trained;
    use super::*;
    use crate::job::Transform;
    use crate::row::Cost;

    fn row(codec: &str, transform: Transform, coded: u64, wall: f64) -> Row {
        Row {
            file: "a.bin".to_owned(),
            raw: 1000,
            codec: codec.to_owned(),
            transform: Some(transform),
            coded,
            cost: Some(Cost {
                enc_cpu: 0.001,
                dec_cpu: 0.002,
                enc_wall: wall,
                dec_wall: 2.0 * wall,
                enc_memory: 3 << 20,
                dec_memory: 4 << 20,
            }),
            version: String::new(),
        }
    }

    #[test]
    fn the_tables_say_what_was_measured() {
        let layout = Transform::Layout;
        let found = [Found {
            file: "a.bin".to_owned(),
            train_bytes: 2000,
            held_out_bytes: 1000,
            model: Some(Trained {
                hash: "0123456789abcdef".to_owned(),
                bytes: 77,
                weights: 5,
                notes: "one\ntwo | three".to_owned(),
                network_alone_bpd: 3.3333,
            }),
            rows: vec![
                row("catena-6", layout, 500, 1.0),
                row("catena-7", layout, 480, 1.0),
                row("catena-8", layout, 450, 1.0),
                row("catena-9", layout, 400, 1.0),
                row("xz-9e", Transform::Raw, 700, 1.0),
                row("xz-9e", Transform::Record, 600, 1.0),
            ],
            two_threads: vec![row("catena-7", layout, 480, 0.5)],
        }];
        let text = tables(&found, &["b.bin: gone".to_owned()]);
        for line in [
            "**Failed:** b.bin: gone",
            "| a.bin | 1000 | 4.8000 | - | - | - | 4.0000 | 3.8400 | 3.6000 | 3.2000 | 3.3333 | 0.9000 | 0.8000 |",
            "8 : 7 0.9000, 9 : 7 0.8000.",
            "| a.bin | 2000 | 5 | 77 | 0123456789ab | one two   three |",
            "| a.bin | catena-9 | 1.00 (0.00) | 0.50 (0.00) | 3 / 4 |",
            "| a.bin | xz-9e transposed by record |",
            "| a.bin | catena-7 | 2.00 | 2.00 |",
        ] {
            assert!(text.contains(line), "'{line}' is not in:\n{text}");
        }
    }
}
