//! Levels against xz -9e in the same run, both directions.

use anyhow::Result;

use super::{Common, rate};
use crate::job::{Settings, Transform};

/// Prints a line for each level, with its speed as a multiple of xz -9e's.
pub fn speed(common: &Common) -> Result<()> {
    let runner = common.runner()?;
    let settings = Settings {
        threads: Some(common.threads),
        ..Settings::default()
    };
    let xz = runner.measure(&common.task("xz-9e", Transform::Raw, Settings::default())?)?;
    let Some(base) = xz.cost else { return Ok(()) };
    println!(
        "{}: MB/s by CPU second (by the clock), fastest of {}\n",
        common.file, common.repeat
    );
    println!("| codec | bpd | compress | × xz | decompress | × xz | peak MiB |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let line = |row: &crate::row::Row| {
        let Some(c) = row.cost else { return };
        println!(
            "| {} | {:.4} | {:.2} ({:.2}) | {:.2} | {:.2} ({:.2}) | {:.2} | {} / {} |",
            row.codec,
            row.bpd(),
            rate(row.raw, c.enc_cpu),
            rate(row.raw, c.enc_wall),
            base.enc_cpu / c.enc_cpu,
            rate(row.raw, c.dec_cpu),
            rate(row.raw, c.dec_wall),
            base.dec_cpu / c.dec_cpu,
            c.enc_memory >> 20,
            c.dec_memory >> 20
        );
    };
    line(&xz);
    for level in &common.levels {
        let task = common.task(
            &format!("catena-{level}"),
            Transform::Layout,
            settings.clone(),
        )?;
        line(&runner.measure(&task)?);
    }
    Ok(std::fs::remove_dir_all(&runner.scratch)?)
}
