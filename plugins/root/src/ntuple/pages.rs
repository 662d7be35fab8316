//! Page lists: where the pages of a cluster's columns lie.

use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

use super::envelope::{Locator, list, record};

/// A page: some consecutive elements of a column.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub elements: u64,
    pub has_checksum: bool,
    pub place: Locator,
}

/// A column in one cluster.
#[derive(Clone, Debug)]
pub(crate) struct StoredColumn {
    pub pages: Vec<Page>,
    /// Number of the first element in the whole column; `None` if another representation is stored
    /// here.
    pub first_element: Option<u64>,
    pub compression: u32,
}

/// Some consecutive entries.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub first_entry: u64,
    pub entries: u64,
    /// By column number. Columns that were added later are missing at the end.
    pub columns: Vec<StoredColumn>,
}

/// The clusters of a page list.
pub(crate) fn parse(payload: &[u8], header: u64, n_columns: usize) -> Result<Vec<Cluster>> {
    const SHARDED: u64 = 1 << 56;
    let mut cursor = Cursor::new(payload);
    if cursor.u64_le()? != header {
        return Err(Error::corrupt("a page list that belongs to another header"));
    }
    let mut clusters = Vec::new();
    let (n, mut summaries) = list(&mut cursor)?;
    for _ in 0..n {
        let mut summary = record(&mut summaries)?;
        let first_entry = summary.u64_le()?;
        let entries = summary.u64_le()?;
        if entries & SHARDED != 0 {
            return Err(Error::unsupported("clusters in shards"));
        }
        clusters.push(Cluster {
            first_entry,
            entries: entries & (SHARDED - 1),
            columns: Vec::new(),
        });
    }
    let (n, mut lists) = list(&mut cursor)?;
    if n as usize != clusters.len() {
        return Err(Error::corrupt("another number of clusters than summaries"));
    }
    for cluster in &mut clusters {
        let (n, mut columns) = list(&mut lists)?;
        if n as usize > n_columns {
            return Err(Error::corrupt("more columns than the schema has"));
        }
        for _ in 0..n {
            cluster.columns.push(column(&mut columns)?);
        }
    }
    Ok(clusters)
}

fn column(cursor: &mut Cursor<'_>) -> Result<StoredColumn> {
    let (n, mut items) = list(cursor)?;
    let mut pages = Vec::new();
    for _ in 0..n {
        let elements = items.i32_le()?;
        pages.push(Page {
            elements: elements.unsigned_abs().into(),
            has_checksum: elements < 0,
            place: Locator::parse(&mut items)?,
        });
    }
    let first_element = u64::try_from(items.i64_le()?).ok();
    let compression = match first_element {
        Some(_) => items.u32_le()?,
        None => 0,
    };
    Ok(StoredColumn {
        pages,
        first_element,
        compression,
    })
}
