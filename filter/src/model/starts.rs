//! Start values: what the experts' mixers of a column begin with where the model's data are known.

use crate::error::{Error, Result};

/// Most weights of a mixer's start.
pub const MAX_START: usize = 80;

/// Most bytes of the setups.
pub const MAX_SETUPS: usize = 1 << 14;

/// Efforts that have start values of their own: level 7, and levels 8 and 9.
pub const START_EFFORTS: usize = 2;

/// Start values of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnStart {
    /// Number of the column in the layout's record.
    pub column: u16,
    /// For level 7, and for levels 8 and 9: up to [`MAX_START`] weights in 1/1024; `None`: as
    /// without a model.
    pub efforts: [Option<Vec<i16>>; START_EFFORTS],
}

/// Start values, by rising column; columns without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// One for each column that has some.
    pub columns: Vec<ColumnStart>,
    /// Setups of all columns as a plan holds them (references, relation, lattice), found in the
    /// training data: a stream's first frame is too short to find them in. Empty: they are looked
    /// for there all the same.
    pub setups: Vec<u8>,
}

impl Starts {
    /// The weights of a column at a level; `None`: as without a model.
    pub fn of(&self, column: u16, level: crate::Level) -> Option<&[i16]> {
        let at = self
            .columns
            .binary_search_by_key(&column, |start| start.column);
        let effort = usize::from(level.get() >= 8);
        self.columns[at.ok()?].efforts[effort].as_deref()
    }

    /// Columns rise and lie in a record of `column_n`, and none has too many weights.
    pub(super) fn check(&self, column_n: usize) -> Result<()> {
        let rising = self.columns.windows(2).all(|w| w[0].column < w[1].column);
        let inside = |start: &ColumnStart| usize::from(start.column) < column_n;
        let short = |start: &ColumnStart| {
            let mut weights = start.efforts.iter().flatten();
            weights.all(|weights| weights.len() <= MAX_START)
        };
        if !rising || !self.columns.iter().all(|s| inside(s) && short(s)) {
            return Err(Error::model(
                "start values of columns that are out of order or out of range",
            ));
        }
        Ok(())
    }

    /// All weights, in the order of the file.
    pub(super) fn numbers_mut(&mut self) -> impl Iterator<Item = &mut i16> {
        let columns = self.columns.iter_mut();
        columns.flat_map(|start| start.efforts.iter_mut().flatten().flatten())
    }
}
