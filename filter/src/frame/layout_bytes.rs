//! A layout as bytes: the dtype string and the axes, the same in stream headers and in model files.

use super::cursor::{Cursor, put_varint};
use crate::Layout;
use crate::error::{Error, Result};

/// Appends a layout.
pub(crate) fn put_layout(out: &mut Vec<u8>, layout: &Layout) {
    let dtype = layout.dtype();
    put_varint(out, dtype.len() as u64);
    out.extend_from_slice(dtype.as_bytes());
    put_varint(out, layout.shape().len() as u64);
    for &dim in layout.shape() {
        put_varint(out, dim);
    }
}

/// Reads what [`put_layout`] wrote, in that form alone; `None` if bytes are missing.
pub(crate) fn take_layout(cursor: &mut Cursor<'_>) -> Result<Option<Layout>> {
    let Some(dtype_len) = cursor.varint()? else {
        return Ok(None);
    };
    let Some(dtype) = cursor.take(usize::try_from(dtype_len).unwrap_or(usize::MAX)) else {
        return Ok(None);
    };
    let dtype = std::str::from_utf8(dtype).map_err(|_| Error::corrupt("layout"))?;
    let layout = Layout::parse(dtype).map_err(|_| Error::corrupt("layout"))?;
    if layout.dtype() != dtype {
        return Err(Error::corrupt("layout is not in its canonical form"));
    }
    let Some(rank) = cursor.varint()? else {
        return Ok(None);
    };
    let mut shape = Vec::new();
    for _ in 0..rank {
        let Some(dim) = cursor.varint()? else {
            return Ok(None);
        };
        shape.push(dim);
    }
    layout
        .with_shape(&shape)
        .map(Some)
        .map_err(|_| Error::corrupt("shape"))
}
