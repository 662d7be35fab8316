//! Where a file's tensors lie. The map is made from the file's headers alone; nothing of the
//! tensors is read for it.
//!
//! Invariant: extents are in the order of the file, do not overlap, and lie within it; a tensor's
//! extent has exactly as many bytes as its type and shape ask for.

mod npy;
mod npz;
mod safetensors;
mod zip;

use std::io::{Read, Seek, SeekFrom};

use crate::dtype::Dtype;
use crate::error::{Error, Result};

pub(crate) use npy::{MAGIC as NPY_MAGIC, parse as parse_npy};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON header and the tensors behind it.
    Safetensors,
    /// One array of NumPy's.
    Npy,
    /// A zip file of such arrays.
    Npz,
}

impl Format {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Format::Safetensors => "safetensors",
            Format::Npy => "npy",
            Format::Npz => "npz",
        }
    }
}

/// A tensor of a file.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Name; empty in an npy file.
    pub name: String,
    /// Type of the elements.
    pub dtype: Dtype,
    /// Length of each axis, as the file gives it.
    pub shape: Vec<u64>,
    /// Whether the first axis is the fastest in memory.
    pub fortran: bool,
}

impl Tensor {
    /// Bytes of all elements.
    ///
    /// # Errors
    /// `Malformed`: more than can be counted.
    pub(crate) fn bytes(&self) -> Result<u64> {
        // An axis of length 0 makes any others count nothing.
        if self.shape.contains(&0) {
            return Ok(0);
        }
        let bytes = self
            .shape
            .iter()
            .try_fold(self.dtype.width(), |n, &len| n.checked_mul(len));
        bytes.filter(|&n| n < 1 << 62).ok_or_else(|| {
            Error::malformed("a shape of more bytes than can be counted").within(&self.name)
        })
    }

    /// The axes as they lie in memory, slowest first.
    pub(crate) fn axes(&self) -> Vec<u64> {
        let mut axes = self.shape.clone();
        if self.fortran {
            axes.reverse();
        }
        axes
    }
}

/// What lies at a extent.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The elements of a tensor.
    Tensor(Tensor),
    /// A deflated member of a zip file: its name and the length that it inflates to.
    Deflated(String, u64),
}

/// A stretch of a file that is not plain bytes.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub start: u64,
    pub len: u64,
    pub what: What,
}

/// A file as far as its headers tell.
#[derive(Clone, Debug)]
pub struct Map {
    /// What kind of file it is.
    pub format: Format,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Why members of an npz file are kept as bytes, one note each.
    pub notes: Vec<String>,
    pub(crate) extents: Vec<Extent>,
}

impl Map {
    /// Reads the headers of a file. The kind is told by its first bytes.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported`, `Io`.
    pub fn of(input: &mut (impl Read + Seek)) -> Result<Self> {
        let file_bytes = input.seek(SeekFrom::End(0))?;
        let mut source = Source::new(input, file_bytes);
        let first = source.read_up_to(0, 8)?;
        let mut notes = Vec::new();
        let (format, mut extents) = if first.starts_with(&npy::MAGIC) {
            (Format::Npy, npy::map(&mut source)?)
        } else if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
            (Format::Npz, npz::map(&mut source, &mut notes)?)
        } else {
            (Format::Safetensors, safetensors::map(&mut source)?)
        };
        // Empty ones before what begins where they are.
        extents.sort_by_key(|extent| (extent.start, extent.len));
        let mut end = 0;
        for extent in &extents {
            let after = extent
                .start
                .checked_add(extent.len)
                .filter(|&it| it <= file_bytes);
            match after {
                Some(after) if extent.start >= end => end = after,
                Some(_) => return Err(Error::malformed("overlapping").within(extent.name())),
                None => return Err(Error::malformed("ends beyond the file").within(extent.name())),
            }
        }
        Ok(Map {
            format,
            file_bytes,
            notes,
            extents,
        })
    }
}

impl Extent {
    pub fn name(&self) -> &str {
        match &self.what {
            What::Tensor(tensor) => &tensor.name,
            What::Deflated(name, _) => name,
        }
    }
}

/// A file that is read here and there.
pub(crate) struct Source<'a, R> {
    input: &'a mut R,
    pub file_bytes: u64,
}

impl<'a, R: Read + Seek> Source<'a, R> {
    /// A file of so many bytes.
    pub fn new(input: &'a mut R, file_bytes: u64) -> Self {
        Source { input, file_bytes }
    }

    /// So many bytes from a position on, or as many as there are. Memory grows as they arrive.
    pub fn read_up_to(&mut self, start: u64, len: u64) -> Result<Vec<u8>> {
        self.input.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// So many bytes from a position on.
    pub fn read(&mut self, start: u64, len: u64) -> Result<Vec<u8>> {
        let bytes = self.read_up_to(start, len)?;
        match bytes.len() as u64 == len {
            true => Ok(bytes),
            false => Err(Error::malformed("cut short")),
        }
    }
}
