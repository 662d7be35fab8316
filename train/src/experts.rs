//! What the experts say of the training data, so that the network learns what they do not know.

use catena_filter::engine::predict::trace::trace;
use catena_filter::{Layout, Result};

use crate::records::Records;

/// Not coded bit by bit.
const ABSENT: i16 = i16::MIN;

/// Logits of all bits that the experts coded.
pub struct Said {
    /// By column, then by plane: by row. Empty where a plane was never coded.
    planes: Vec<Vec<Vec<[i16; 8]>>>,
}

impl Said {
    /// Runs the experts of level 7 over the data, as one chain of frames of this many bytes.
    ///
    /// # Errors
    /// Those of the codec.
    pub fn listen(layout: &Layout, records: &Records, raw: &[u8], frame: usize) -> Result<Self> {
        let rows = records.rows();
        let mut planes: Vec<Vec<Vec<[i16; 8]>>> = records
            .types
            .iter()
            .map(|t| vec![Vec::new(); usize::from(t.width)])
            .collect();
        let whole = &raw[..rows * records.record];
        trace(layout, whole, frame, &mut |byte| {
            let plane = &mut planes[byte.column][byte.plane];
            if plane.is_empty() {
                *plane = vec![[ABSENT; 8]; rows];
            }
            let mut said = byte.said;
            said[usize::from(byte.bits)..].fill(ABSENT);
            plane[byte.row as usize] = said;
        })?;
        Ok(Said { planes })
    }

    /// Logits of a byte's bits in 1/256, `None` where a bit was not coded.
    pub fn logits(&self, column: usize, plane: usize, row: usize) -> [Option<i16>; 8] {
        self.planes[column][plane]
            .get(row)
            .map_or([None; 8], |said| said.map(|l| (l != ABSENT).then_some(l)))
    }
}
