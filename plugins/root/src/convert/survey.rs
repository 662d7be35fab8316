//! The first reading of a group: how many rows each class has, which buffers are equal, and which
//! branches are damaged.
//!
//! Decompressing baskets takes a hundredth of the time that modelling their values takes, so the
//! file is read twice: after this everything is known that the output's description needs, and
//! nothing is found at the end that should have been told at the start.

use xxhash_rust::xxh3::Xxh3;

use super::buffers::{BufferValues, Parts};
use super::select::Group;
use crate::error::{Error, Result};

/// What is known of a column.
pub(super) struct Found {
    /// Rows of each of its classes.
    pub(super) rows: Vec<u64>,
    /// A digest of each of its buffers.
    pub(super) digests: Vec<u128>,
    /// The longest list of each buffer of offsets.
    pub(super) longest: Vec<u64>,
}

struct Running {
    rows: Vec<u64>,
    digests: Vec<Xxh3>,
    longest: Vec<u64>,
    failed: Option<Error>,
}

/// Reads all columns of a group; an error for each that is damaged.
pub(super) fn survey(group: &Group, threads: usize) -> Result<Vec<Result<Found>>> {
    let new = |chosen: &super::select::Chosen| Running {
        rows: vec![0; chosen.shape.classes.len()],
        digests: chosen.shape.buffers.iter().map(|_| Xxh3::new()).collect(),
        longest: vec![0; chosen.shape.buffers.len()],
        failed: None,
    };
    let mut running: Vec<Running> = group.columns.iter().map(new).collect();
    for source in &group.sources {
        let batches = source.tree.read(&source.branches, source.entries.clone())?;
        let mut batches = batches.with_threads(threads);
        while let Some((_, columns)) = batches.next_results() {
            let all = running.iter_mut().zip(&group.columns).zip(columns);
            for ((run, chosen), column) in all {
                if run.failed.is_some() {
                    continue;
                }
                let seen = column.and_then(|column| {
                    let parts = Parts::of(&chosen.ty, &column);
                    let parts = parts.ok_or_else(|| Error::corrupt("values of another type"))?;
                    run.see(&parts)
                });
                run.failed = seen.err();
            }
        }
    }
    let finish = |run: Running| match run.failed {
        Some(e) => Err(e),
        None => Ok(Found {
            rows: run.rows,
            digests: run.digests.iter().map(Xxh3::digest128).collect(),
            longest: run.longest,
        }),
    };
    Ok(running.into_iter().map(finish).collect())
}

impl Running {
    fn see(&mut self, parts: &Parts<'_>) -> Result<()> {
        for (sum, rows) in self.rows.iter_mut().zip(&parts.rows) {
            *sum += rows;
        }
        let buffers = self.digests.iter_mut().zip(&mut self.longest);
        for ((digest, longest), part) in buffers.zip(&parts.parts) {
            match part {
                BufferValues::Bytes(values) => digest.update(values.as_bytes()),
                BufferValues::Text(bytes) => digest.update(bytes),
                BufferValues::Offsets(offsets) => {
                    for pair in offsets.windows(2) {
                        let &[start, end] = pair else { continue };
                        let length = end.saturating_sub(start);
                        digest.update(&length.to_le_bytes());
                        *longest = (*longest).max(u64::try_from(length).unwrap_or(0));
                    }
                }
                BufferValues::Index(index, _) | BufferValues::UnionIndex(index, _, _) => {
                    (index.iter()).for_each(|i| digest.update(&i.to_le_bytes()));
                }
                BufferValues::Tags(tags) => {
                    digest.update(bytemuck::cast_slice(tags));
                }
            }
        }
        Ok(())
    }
}
