//! The file of a model (`.catmodel`): magic, version, sizes, packed numbers, and the hash of all
//! that, which is its name. `docs/format.md` has it byte by byte.
//!
//! Invariant: the hash is checked first; sizes are bounded before anything of them is allocated;
//! what comes out has been checked.

mod chance;
mod head;
mod pack;
mod reference;
mod weights;
mod words;

use super::id::{ID_LEN, ModelId};
use super::network::{Dims, Network};
use super::starts::Starts;
use crate::Layout;
use crate::error::{Error, Result};
use crate::frame::Cursor;
use head::ModelHead;

/// First bytes of every model file.
pub const MODEL_MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4D, 0xDE];
/// The version of the file format that this build writes.
pub const MODEL_VERSION: u8 = 1;
/// What model files are called.
pub const SUFFIX: &str = "catmodel";
/// Most numbers of a network (2^26).
pub const MAX_WEIGHTS: u64 = 1 << 26;
/// Most weights that a byte of packed numbers may stand for, beyond the first 2^16: a small file
/// takes little time to read.
const EXPANSION: u64 = 16;
/// Weights that need no bytes.
const FREE_WEIGHTS: u64 = 1 << 16;
/// Most bytes of the notes (4 KiB).
pub const MAX_NOTES: usize = 4096;
/// Most bytes of a model file (64 MiB and a bit).
pub const MAX_FILE: u64 = MAX_WEIGHTS + (1 << 20);

/// The content of a file.
pub(super) struct Content {
    pub(super) layout: Layout,
    pub(super) network: Network,
    pub(super) starts: Starts,
    pub(super) notes: String,
}

/// What a file's head tells without its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelSummary {
    /// The architecture.
    pub dims: Dims,
    /// What it was trained for.
    pub layout: Layout,
    /// Numbers of the network.
    pub weight_n: u64,
    /// Name, training data: as whoever trained it says.
    pub notes: String,
}

impl ModelSummary {
    /// Reads the head of a file, whose hash is not checked.
    ///
    /// # Errors
    /// Not a model file, a newer version, sizes out of range.
    pub fn read(file: &[u8]) -> Result<Self> {
        let (head, _) = read_head(file)?;
        Ok(ModelSummary {
            weight_n: head.weight_n()?,
            dims: head.dims,
            layout: head.layout,
            notes: head.notes,
        })
    }
}

/// The bytes of a file.
pub(super) fn write(content: &Content) -> Vec<u8> {
    let Content {
        layout,
        network,
        starts,
        notes,
    } = content;
    let mut file = MODEL_MAGIC.to_vec();
    file.push(MODEL_VERSION);
    let head = ModelHead::of(layout, network, starts, notes);
    head.write(&mut file);
    let weight_n = head.weight_n().unwrap_or(0);
    let mut packed = pack::pack(network, starts);
    // Zeros at the end change nothing. Only weights that are nearly all the same need any.
    packed.resize(packed.len().max(fewest_bytes(weight_n)), 0);
    file.extend_from_slice(&packed);
    let id = ModelId::of_body(&file);
    file.extend_from_slice(id.as_bytes());
    file
}

/// The content of a file, as it is: whether the network computes anything is for its check.
pub(super) fn read(file: &[u8]) -> Result<(ModelId, Content)> {
    // The magic first: a hash says nothing to someone who took the wrong file.
    check_magic(file)?;
    let id = ModelId::of_file(file)?;
    let (head, packed) = read_head(file)?;
    if packed.len() < fewest_bytes(head.weight_n()?) {
        return Err(Error::model("more weights than its bytes can hold"));
    }
    let (mut network, mut starts) = (head.empty_network(), head.empty_starts());
    pack::unpack(packed, &mut network, &mut starts);
    let ModelHead { layout, notes, .. } = head;
    let content = Content {
        layout,
        network,
        starts,
        notes,
    };
    Ok((id, content))
}

/// Bytes that so many weights take at least.
fn fewest_bytes(weight_n: u64) -> usize {
    (weight_n.saturating_sub(FREE_WEIGHTS) / EXPANSION) as usize
}

fn check_magic(file: &[u8]) -> Result<()> {
    let seen = file.len().min(MODEL_MAGIC.len());
    if seen == 0 || file[..seen] != MODEL_MAGIC[..seen] {
        return Err(Error::model("not a model file"));
    }
    match file.get(seen) {
        None => Err(Error::model("the file is cut short")),
        Some(0) => Err(Error::model("version 0 of the file format")),
        Some(&version) if version > MODEL_VERSION => Err(Error::model(format!(
            "version {version} of the file format is newer than this program"
        ))),
        Some(_) => Ok(()),
    }
}

/// The head, and the packed numbers behind it.
fn read_head(file: &[u8]) -> Result<(ModelHead, &[u8])> {
    check_magic(file)?;
    let short = || Error::model("the file is cut short");
    let body = file
        .len()
        .checked_sub(ID_LEN)
        .and_then(|end| file.get(..end));
    let body = body.and_then(|body| body.get(MODEL_MAGIC.len() + 1..));
    let mut cursor = Cursor::new(body.ok_or_else(short)?);
    let head = ModelHead::read(&mut cursor)?;
    Ok((head, cursor.rest()))
}
