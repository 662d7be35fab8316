//! Rows on their way to a dataset: filled column by column, taken chunk by chunk.

use super::plan::Table;
use crate::error::{Error, Result};

/// Raw bytes of a chunk, at most, unless one row has more.
const CHUNK: u64 = 4 << 20;
/// Raw bytes of a chunk, at least, however many tables there are.
const LEAST: u64 = 256 << 10;
/// Raw bytes of all chunks that are being filled.
const ALL: u64 = 128 << 20;

/// Rows that are not written yet.
pub(super) struct Store {
    /// Bytes of a row, second axis counted.
    row: usize,
    record: usize,
    whole: bool,
    /// Rows of a chunk.
    pub(super) chunk: u64,
    pub(super) rows: u64,
    /// The first row that is staged.
    base: u64,
    /// Rows that were filled, those written counted.
    filled: u64,
    staged: Vec<u8>,
}

impl Store {
    /// For one of so many tables.
    pub(super) fn new(table: &Table, tables: usize) -> Self {
        let row = table.record.saturating_mul(table.axis.max(1));
        let target = (ALL / tables.max(1) as u64).clamp(LEAST, CHUNK);
        let most = (target / row.max(1) as u64).clamp(1, table.rows.max(1));
        let pieces = table.rows.div_ceil(most).max(1);
        Store {
            row,
            record: table.record,
            whole: table.whole,
            chunk: table.rows.div_ceil(pieces).max(1),
            rows: table.rows,
            base: 0,
            filled: 0,
            staged: Vec::new(),
        }
    }

    /// Whether all rows are one chunk.
    pub(super) fn is_single(&self) -> bool {
        self.chunk >= self.rows
    }

    /// Makes room up to this row.
    fn reach(&mut self, end: u64) -> Result<()> {
        if end > self.rows {
            return Err(changed());
        }
        self.filled = self.filled.max(end);
        let rows = usize::try_from(end.saturating_sub(self.base)).map_err(|_| changed())?;
        let bytes = rows.checked_mul(self.row).ok_or_else(changed)?;
        if bytes > self.staged.len() {
            self.staged.resize(bytes, 0);
        }
        Ok(())
    }

    /// Elements of `size` bytes, one for each row from `row` on, at `offset` in it.
    pub(super) fn fill(
        &mut self,
        row: u64,
        offset: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<()> {
        let n = bytes.len() / size.max(1);
        self.reach(row.saturating_add(n as u64))?;
        let from = usize::try_from(row.saturating_sub(self.base)).map_err(|_| changed())?;
        let rows = self.staged.chunks_exact_mut(self.row.max(1)).skip(from);
        if size == self.row {
            let start = from.saturating_mul(self.row);
            let part = self
                .staged
                .get_mut(start..start.saturating_add(bytes.len()));
            part.ok_or_else(changed)?.copy_from_slice(bytes);
            return Ok(());
        }
        for (row, element) in rows.zip(bytes.chunks_exact(size.max(1))) {
            let to = row.get_mut(offset..offset + size).ok_or_else(changed)?;
            to.copy_from_slice(element);
        }
        Ok(())
    }

    /// Elements of `size` bytes for the first items of one row's second axis.
    pub(super) fn fill_items(
        &mut self,
        row: u64,
        offset: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<()> {
        self.reach(row.saturating_add(1))?;
        let at = usize::try_from(row.saturating_sub(self.base)).map_err(|_| changed())?;
        let start = at.saturating_mul(self.row);
        let whole = self.staged.get_mut(start..start.saturating_add(self.row));
        let items = whole
            .ok_or_else(changed)?
            .chunks_exact_mut(self.record.max(1));
        for (item, element) in items.zip(bytes.chunks_exact(size.max(1))) {
            let to = item.get_mut(offset..offset + size).ok_or_else(changed)?;
            to.copy_from_slice(element);
        }
        Ok(())
    }

    /// The next whole chunk, and its first row; at the end also what is left, with zeros behind it.
    pub(super) fn take(&mut self, end: bool) -> Result<Option<(u64, Vec<u8>)>> {
        if self.whole && !end {
            return Ok(None);
        }
        if end && self.filled != self.rows {
            return Err(changed());
        }
        let staged = self.filled - self.base;
        if staged == 0 || (staged < self.chunk && !end) {
            return Ok(None);
        }
        let rows = usize::try_from(self.chunk).map_err(|_| changed())?;
        let bytes = rows.checked_mul(self.row).ok_or_else(changed)?;
        let mut raw = if self.staged.len() > bytes {
            let rest = self.staged.split_off(bytes);
            std::mem::replace(&mut self.staged, rest)
        } else {
            std::mem::take(&mut self.staged)
        };
        raw.resize(bytes, 0);
        let start = self.base;
        self.base = start.saturating_add(self.chunk).min(self.filled);
        Ok(Some((start, raw)))
    }
}

fn changed() -> Error {
    Error::corrupt(
        "the values are not as many as they were a moment ago: the file is being changed",
    )
}
