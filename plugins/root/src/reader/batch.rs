//! Columns of several branches, batch by batch.
//!
//! A batch is as many entries as come to about [`BATCH_BYTES`] raw, at the borders of clusters
//! where these allow it. A basket that two batches share is decompressed once: its reader keeps it.

use std::ops::Range;

use super::tree::{Reader, Tree};
use crate::column::Column;
use crate::error::Result;

/// Raw bytes of a batch, unless the caller asks for a number of entries.
const BATCH_BYTES: u64 = 32 << 20;

/// Columns for some entries.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which entries.
    pub entries: Range<u64>,
    /// A column for each branch that was asked for, in that order; all as long as there are
    /// entries.
    pub columns: Vec<Column>,
}

/// An iterator over batches.
pub struct Batches {
    tree: Tree,
    branches: Vec<usize>,
    readers: Vec<Reader>,
    left: Range<u64>,
    batch_entries: u64,
    by_cluster: bool,
    threads: usize,
}

impl Batches {
    pub(crate) fn new(tree: Tree, branches: &[usize], entries: Range<u64>) -> Result<Self> {
        let readers = tree.readers(branches)?;
        let end = entries.end.min(tree.entries());
        let described = branches.iter().filter_map(|&b| tree.branches().get(b));
        let raw = described
            .map(|b| b.raw_bytes())
            .fold(0, u64::saturating_add);
        // Entries without bytes on disk take memory too, if only for an offset.
        let per_entry = (raw / tree.entries().max(1)).max(8 * branches.len().max(1) as u64);
        Ok(Batches {
            left: entries.start.min(end)..end,
            batch_entries: (BATCH_BYTES / per_entry).max(1),
            by_cluster: true,
            threads: 1,
            branches: branches.to_vec(),
            readers,
            tree,
        })
    }

    /// The same with this number of entries in each batch (the last may have fewer).
    pub fn with_batch_entries(mut self, entries: u64) -> Self {
        self.batch_entries = entries.max(1);
        self.by_cluster = false;
        self
    }

    /// The same on so many threads, which share the branches.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    fn next_entries(&mut self) -> Option<Range<u64>> {
        let Range { start, end } = self.left;
        if start >= end {
            return None;
        }
        let mut next = start.saturating_add(self.batch_entries).min(end);
        if self.by_cluster && next < end {
            next = self.tree.cluster_border(start, next).unwrap_or(next);
        }
        self.left.start = next;
        Some(start..next)
    }

    /// The next batch with a result for each branch, for callers that go on where a branch is
    /// damaged. The entries of a branch that failed are lost for this batch; the others are not
    /// touched.
    pub fn next_results(&mut self) -> Option<(Range<u64>, Vec<Result<Column>>)> {
        let entries = self.next_entries()?;
        let n = self.branches.len();
        let share = n.div_ceil(self.threads).max(1);
        let tree = &self.tree;
        let read = |branches: &[usize], readers: &mut [Reader]| -> Vec<Result<Column>> {
            let both = branches.iter().zip(readers);
            both.map(|(&branch, reader)| tree.read_branch(branch, reader, entries.clone()))
                .collect()
        };
        if self.threads == 1 || n == 1 {
            let columns = read(&self.branches, &mut self.readers);
            return Some((entries, columns));
        }
        let shares = self
            .branches
            .chunks(share)
            .zip(self.readers.chunks_mut(share));
        let columns = std::thread::scope(|scope| {
            let running: Vec<_> = shares
                .map(|(branches, readers)| scope.spawn(|| read(branches, readers)))
                .collect();
            let parts = running.into_iter().map(|thread| match thread.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            parts.flatten().collect()
        });
        Some((entries, columns))
    }
}

impl Iterator for Batches {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let (entries, columns) = self.next_results()?;
        let columns: Result<Vec<Column>> = columns.into_iter().collect();
        if columns.is_err() {
            // After an error there is nothing more.
            self.left.start = self.left.end;
        }
        Some(columns.map(|columns| Batch { entries, columns }))
    }
}
