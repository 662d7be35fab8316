//! What an archive says of its tensors. Unpacking does not need it; it is left out where it would
//! make the archive longer than the file.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::lossy::Loss;
use catena_container::{Cursor, put_bytes, put_varint};

/// A tensor in an archive.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Name, as the file has it; empty in an npy file.
    pub name: String,
    /// Type of the elements, as the file calls it.
    pub dtype: String,
    /// Length of each axis.
    pub shape: Vec<u64>,
    /// Bytes of its elements.
    pub bytes: u64,
    /// Bytes that they take in the archive; of tensors that share a stream, their share of it.
    pub archive_bytes: u64,
    /// What was lost of it, if anything could be.
    pub loss: Option<Loss>,
}

/// Format and tensors as bytes.
pub(super) fn write(format: &str, tensors: &[TensorInfo], notes: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, format.as_bytes());
    put_varint(&mut out, tensors.len() as u64);
    for tensor in tensors {
        put_bytes(&mut out, tensor.name.as_bytes());
        put_bytes(&mut out, tensor.dtype.as_bytes());
        put_varint(&mut out, tensor.shape.len() as u64);
        tensor
            .shape
            .iter()
            .for_each(|&len| put_varint(&mut out, len));
        put_varint(&mut out, tensor.bytes);
        put_varint(&mut out, tensor.archive_bytes);
        out.push(tensor.loss.is_some().into());
        if let Some(loss) = &tensor.loss {
            loss.write(&mut out);
        }
    }
    put_varint(&mut out, notes.len() as u64);
    notes
        .iter()
        .for_each(|it| put_bytes(&mut out, it.as_bytes()));
    out
}

/// Back from [`write`].
pub(super) fn read(bytes: &[u8]) -> Result<(String, Vec<TensorInfo>, Vec<String>)> {
    let mut cursor = Cursor::new(bytes);
    let format = cursor.text()?.to_owned();
    let n = cursor.count(1)?;
    let mut tensors = Vec::new();
    for _ in 0..n {
        let (name, dtype) = (cursor.text()?.to_owned(), cursor.text()?.to_owned());
        let axes = cursor.count(1)?;
        tensors.push(TensorInfo {
            name,
            dtype,
            shape: (0..axes)
                .map(|_| cursor.varint())
                .collect::<catena_container::Result<_>>()?,
            bytes: cursor.varint()?,
            archive_bytes: cursor.varint()?,
            loss: match cursor.u8()? {
                0 => None,
                1 => Some(Loss::read(&mut cursor)?),
                _ => return Err(Error::corrupt("a loss of no known kind")),
            },
        });
    }
    let n = cursor.count(1)?;
    let notes = (0..n)
        .map(|_| cursor.text().map(str::to_owned))
        .collect::<catena_container::Result<_>>()?;
    cursor.end()?;
    Ok((format, tensors, notes))
}
