//! Placeholder until the engine's check is merged.

use super::Network;
use crate::Layout;
use crate::error::{Error, Result};

impl Network {
    /// Whether the network can be computed.
    pub fn check(&self) -> Result<()> {
        if self.dims.width == 0 || self.dims.width % 16 != 0 {
            return Err(Error::model("width"));
        }
        if !self.norm.iter().all(|x| x.is_finite()) {
            return Err(Error::model("a number that is none"));
        }
        Ok(())
    }

    /// Whether its fields are columns of this layout.
    pub fn fits(&self, layout: &Layout) -> Result<()> {
        let columns = layout.columns().columns.len();
        if self
            .fields
            .iter()
            .any(|field| usize::from(field.column) >= columns)
        {
            return Err(Error::model("fields"));
        }
        Ok(())
    }
}
