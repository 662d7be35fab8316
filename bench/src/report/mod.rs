//! From rows to what a person reads: CSV, Markdown, JSON and the plot.

mod csv;
mod markdown;
mod plot;
mod standing;

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::corpus::Goal;
use crate::machine::Machine;
use crate::row::Row;

pub use markdown::heading;

use standing::Standing;

/// Everything a run found.
#[derive(Debug)]
pub struct Results<'a> {
    /// The rows, Catena's and the peers', measured and given.
    pub rows: &'a [Row],
    /// The files that were measured, in order.
    pub files: &'a [String],
    /// What it was measured on.
    pub machine: &'a Machine,
    /// What was measured, in words.
    pub title: String,
    /// The command line.
    pub command: String,
    /// What the levels shall reach in such a run.
    pub goals: Vec<Goal>,
    /// Peers that could not be run, with the reason.
    pub skipped: &'a [String],
    /// Measurements that failed, such as bytes that did not come back.
    pub failed: &'a [String],
}

#[derive(Serialize)]
struct Json<'a> {
    title: &'a str,
    command: &'a str,
    machine: &'a Machine,
    skipped: &'a [String],
    failed: &'a [String],
    standings: Vec<Standing>,
    rows: &'a [Row],
}

impl Results<'_> {
    /// The goal of a level, if there is one.
    fn goal(&self, level: u8) -> Option<&Goal> {
        self.goals.iter().find(|g| g.level == level)
    }
}

/// Writes `NAME.csv`, `.md`, `.json` and `.svg` into a folder.
pub fn write(results: &Results, folder: &Path, name: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    std::fs::write(path("csv"), csv::csv(results.rows))?;
    std::fs::write(path("md"), markdown::markdown(results, name))?;
    let json = Json {
        title: &results.title,
        command: &results.command,
        machine: results.machine,
        skipped: results.skipped,
        failed: results.failed,
        standings: standing::all(results),
        rows: results.rows,
    };
    std::fs::write(path("json"), serde_json::to_string_pretty(&json)?)?;
    if let Some(svg) = plot::svg(results) {
        std::fs::write(path("svg"), svg)?;
    }
    Ok(())
}

/// The command line of this run.
pub fn command_line() -> String {
    let args = std::env::args().skip(1);
    args.fold("catena-bench".to_owned(), |line, arg| line + " " + &arg)
}

/// The summary for the terminal.
pub fn summary(results: &Results) -> String {
    markdown::summary(results)
}
