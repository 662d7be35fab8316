//! Records as columns of ordered integers: what all of training reads.

use catena_filter::Layout;
use catena_filter::engine::numeric::ValueType;
use catena_filter::engine::predict::{Columns, Rows};

/// Columns of records.
#[derive(Clone, Debug)]
pub struct Records {
    /// What the bytes are.
    pub layout: Layout,
    /// By column, then by row.
    pub columns: Vec<Vec<u64>>,
    /// By column.
    pub types: Vec<ValueType>,
    /// Bytes a record.
    pub record: usize,
}

impl Records {
    /// Takes whole records apart; bytes after the last one are left out.
    pub fn new(layout: &Layout, raw: &[u8]) -> Self {
        let expansion = layout.columns();
        let record = expansion.record_size as usize;
        let whole = &raw[..raw.len() / record * record];
        let rows = Rows::new(expansion.record_size, 0, whole.len());
        let columns = Columns::split(&expansion, rows, whole);
        Records {
            layout: layout.clone(),
            columns: columns.values().to_vec(),
            types: expansion.columns.iter().map(ValueType::of).collect(),
            record,
        }
    }

    /// Number of records.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}
