//! What more threads give: one against several, by the clock, both directions.

use anyhow::Result;

use super::{Common, rate};
use crate::job::{Settings, Transform};

/// Prints a line for each level and number of threads, with the speed-up over one.
pub fn scaling(common: &Common, threads: &[usize]) -> Result<()> {
    let runner = common.runner()?;
    println!(
        "{}: MB/s by the clock, fastest of {} by CPU time\n",
        common.file, common.repeat
    );
    println!("| codec | threads | compress | × one | decompress | × one |");
    println!("|---|--:|--:|--:|--:|--:|");
    for level in &common.levels {
        let codec = format!("catena-{level}");
        let mut one = None;
        for n in std::iter::once(&1).chain(threads.iter().filter(|n| **n != 1)) {
            let settings = Settings {
                threads: Some(*n),
                ..Settings::default()
            };
            let row = runner.measure(&common.task(&codec, Transform::Layout, settings)?)?;
            let Some(c) = row.cost else { continue };
            let base = *one.get_or_insert(c);
            println!(
                "| {codec} | {n} | {:.2} | {:.2} | {:.2} | {:.2} |",
                rate(row.raw, c.enc_wall),
                base.enc_wall / c.enc_wall,
                rate(row.raw, c.dec_wall),
                base.dec_wall / c.dec_wall
            );
        }
    }
    Ok(std::fs::remove_dir_all(&runner.scratch)?)
}
