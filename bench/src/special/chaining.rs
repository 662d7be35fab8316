//! What carrying memory from frame to frame pays: chained frames against key frames only.

use anyhow::Result;

use super::Common;
use crate::job::{Settings, Transform};

/// Prints the size of both at each level.
pub fn chaining(common: &Common, frame_size: usize) -> Result<()> {
    let runner = common.runner()?;
    println!("{}: frames of {} KiB\n", common.file, frame_size / 1024);
    println!("| level | chained, bytes | key frames only, bytes | chained is smaller by |");
    println!("|--:|--:|--:|--:|");
    for level in &common.levels {
        let coded = |key_every: Option<u32>| -> Result<u64> {
            let settings = Settings {
                threads: Some(common.threads),
                frame_size: Some(frame_size),
                key_every,
                ..Settings::default()
            };
            let task = common.task(&format!("catena-{level}"), Transform::Layout, settings)?;
            Ok(runner.measure(&task)?.coded)
        };
        let (chained, keys) = (coded(None)?, coded(Some(1))?);
        println!(
            "| {level} | {chained} | {keys} | {:.2} % |",
            100.0 * (1.0 - chained as f64 / keys as f64)
        );
    }
    Ok(std::fs::remove_dir_all(&runner.scratch)?)
}
