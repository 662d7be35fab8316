//! The file of a model (`.catmodel`): magic, version, what it holds, and the hash of all that,
//! which is its name. The version tells a network (sizes, then packed numbers) from tables.
//! `docs/format.md` has it byte by byte.
//!
//! Invariant: the hash is checked first; sizes are bounded before anything of them is allocated;
//! what comes out has been checked.

mod chance;
mod head;
mod pack;
mod reference;
mod tables;
mod weights;
mod words;

use super::id::{ID_LEN, ModelId};
use super::network::Dims;
use super::{ModelKind, Parts};
use crate::Layout;
use crate::error::{Error, Result};
use crate::frame::Cursor;
use crate::tokens::tables::Tables;
use head::ModelHead;

/// First bytes of every model file.
pub const MODEL_MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4D, 0xDE];
/// The newest version of the file format that this build writes.
pub const MODEL_VERSION: u8 = TABLES;
/// The version of files with a network, and of those with tables.
const NETWORK: u8 = 1;
const TABLES: u8 = 2;
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
    pub(super) notes: String,
    pub(super) parts: Parts,
}

/// What a file's head tells without its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelSummary {
    /// A network or tables.
    pub kind: ModelKind,
    /// The architecture of a network.
    pub dims: Option<Dims>,
    /// What it was made for.
    pub layout: Layout,
    /// Numbers of the network; of tables, which tell only when they are read, the most that so many
    /// bytes hold.
    pub weight_n: u64,
    /// Name, training data: as whoever made it says.
    pub notes: String,
}

impl ModelSummary {
    /// Reads the head of a file, whose hash is not checked.
    ///
    /// # Errors
    /// Not a model file, a newer version, sizes out of range.
    pub fn read(file: &[u8]) -> Result<Self> {
        let version = version(file)?;
        let mut cursor = Cursor::new(body(file)?);
        if version == TABLES {
            let head = tables::Head::read(&mut cursor)?;
            return Ok(ModelSummary {
                kind: ModelKind::Tables,
                dims: None,
                layout: head.layout,
                weight_n: Tables::entries_max(cursor.rest().len()),
                notes: head.notes,
            });
        }
        let head = ModelHead::read(&mut cursor)?;
        Ok(ModelSummary {
            kind: ModelKind::Network,
            weight_n: head.weight_n()?,
            dims: Some(head.dims),
            layout: head.layout,
            notes: head.notes,
        })
    }
}

/// The bytes of a file.
///
/// # Errors
/// None of what was checked.
pub(super) fn write(content: &Content) -> Result<Vec<u8>> {
    let mut file = MODEL_MAGIC.to_vec();
    let Content {
        layout,
        notes,
        parts,
    } = content;
    match parts {
        Parts::Network(network, starts) => {
            file.push(NETWORK);
            let head = ModelHead::of(layout, network, starts, notes);
            head.write(&mut file);
            let weight_n = head.weight_n().unwrap_or(0);
            let mut packed = pack::pack(network, starts);
            // Zeros at the end change nothing. Only weights that are nearly all the same need any.
            packed.resize(packed.len().max(fewest_bytes(weight_n)), 0);
            file.extend_from_slice(&packed);
        }
        Parts::Tables(level, tables) => {
            file.push(TABLES);
            tables::Head::write(*level, layout, notes, &mut file);
            tables.write(&layout.columns(), &mut file)?;
        }
    }
    let id = ModelId::of_body(&file);
    file.extend_from_slice(id.as_bytes());
    Ok(file)
}

/// The content of a file, as it is: whether a network computes anything is for its check.
pub(super) fn read(file: &[u8]) -> Result<(ModelId, Content)> {
    // The magic first: a hash says nothing to someone who took the wrong file.
    let version = version(file)?;
    let id = ModelId::of_file(file)?;
    let mut cursor = Cursor::new(body(file)?);
    let content = match version {
        TABLES => {
            let tables::Head {
                level,
                layout,
                notes,
            } = tables::Head::read(&mut cursor)?;
            let tables = Tables::read(&layout.columns(), level, cursor.rest());
            let parts = Parts::Tables(level, tables.map_err(super::of_model)?);
            Content {
                layout,
                notes,
                parts,
            }
        }
        _ => read_network(cursor)?,
    };
    Ok((id, content))
}

fn read_network(mut cursor: Cursor<'_>) -> Result<Content> {
    let head = ModelHead::read(&mut cursor)?;
    let packed = cursor.rest();
    if packed.len() < fewest_bytes(head.weight_n()?) {
        return Err(Error::model("more weights than its bytes can hold"));
    }
    let (mut network, mut starts) = (head.empty_network(), head.empty_starts());
    pack::unpack(packed, &mut network, &mut starts);
    Ok(Content {
        layout: head.layout,
        notes: head.notes,
        parts: Parts::Network(Box::new(network), starts),
    })
}

/// Bytes that so many weights take at least.
fn fewest_bytes(weight_n: u64) -> usize {
    (weight_n.saturating_sub(FREE_WEIGHTS) / EXPANSION) as usize
}

/// The version of a file with the magic.
fn version(file: &[u8]) -> Result<u8> {
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
        Some(&version) => Ok(version),
    }
}

/// What stands between the version and the hash.
fn body(file: &[u8]) -> Result<&[u8]> {
    let end = file.len().checked_sub(ID_LEN);
    let body = end.and_then(|end| file.get(MODEL_MAGIC.len() + 1..end));
    body.ok_or_else(|| Error::model("the file is cut short"))
}
