//! Models: what is known of data before a stream or block of them begins, the file that holds it,
//! and where it is looked for. Levels 1 to 6 use *tables*, which a search found in a sample, levels
//! 8 and 9 a trained *network*.
//!
//! Invariant: every [`Model`] that exists has been checked ([`Network::check`], and that it fits
//! its layout) and knows its name.

mod built_in;
mod check;
mod file;
mod id;
mod network;
mod reference;
mod sample;
mod search;
mod starts;

use std::fmt;

pub use check::{MAX_CHUNK, MAX_FIELDS, MAX_NUMBER};
pub use file::{
    MAX_FILE, MAX_NOTES, MAX_WEIGHTS, MODEL_MAGIC, MODEL_VERSION, ModelSummary, SUFFIX,
};
pub use id::{ID_LEN, ModelId};
pub use network::{
    Block, Dims, Eviction, Field, Head, MAX_HEADS, Matrix, Network, Prior, Priors, Table,
};
pub use reference::{Group, Part, Reference};
#[doc(hidden)]
pub use sample::{sample_dims, sample_network};
pub use search::{Found, PATH_VARIABLE, Place, Search, user_folder};
pub(crate) use search::{by_prefix, resolve};
pub use starts::{ColumnStart, MAX_SETUPS, MAX_START, START_EFFORTS, Starts};

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::ValueType;
use crate::tokens::stage;
use crate::tokens::tables::Tables;
use crate::{Layout, Level};
use file::Content;

/// What a model holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// A network and the experts' start values, for levels 8 and 9.
    Network,
    /// Plans and tables of tokens, for levels 1 to 6.
    Tables,
}

impl ModelKind {
    /// What is used at a level.
    pub fn of_level(level: Level) -> Option<Self> {
        match level.get() {
            ..=6 => Some(ModelKind::Tables),
            7 => None,
            _ => Some(ModelKind::Network),
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelKind::Network => "a network, which levels 8 and 9 use",
            ModelKind::Tables => "tables, which levels 1 to 6 use",
        })
    }
}

enum Parts {
    Network(Box<Network>, Starts),
    /// And the level that they were found at.
    Tables(Level, Tables),
}

/// A model, ready to be used: the layout it is for, what it holds and some words about it.
pub struct Model {
    id: ModelId,
    weight_n: u64,
    content: Content,
    /// Its file, byte for byte: what is embedded and installed has the model's name only as it is.
    file: Vec<u8>,
}

impl Model {
    /// A model of these parts, once they are checked. `notes` is free text, at most [`MAX_NOTES`]
    /// bytes: a name in the first line, then what it was trained on.
    ///
    /// # Errors
    /// [`ErrorKind::Model`]: sizes out of range or not in agreement, numbers that make no sense, a
    /// network that does not fit the layout.
    pub fn new(
        layout: Layout,
        network: Network,
        starts: Starts,
        notes: impl Into<String>,
    ) -> Result<Self> {
        Model::of(Content {
            layout,
            notes: notes.into(),
            parts: Parts::Network(Box::new(network), starts),
        })
    }

    /// Tables for data of this layout, found on a sample of it (whole records, of several places
    /// one after another): for pieces that stand alone and are too short to be searched each for
    /// itself, such as the chunks of an HDF5 dataset. Nothing if other codings do as well. `notes`
    /// as in [`Model::new`]; `threads`, 0 for as many as there are cores, change nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Model`]: a level that uses no tables, notes that are too long.
    pub fn of_sample(
        layout: &Layout,
        level: Level,
        raw: &[u8],
        notes: impl Into<String>,
        threads: usize,
    ) -> Result<Option<Self>> {
        if ModelKind::of_level(level) != Some(ModelKind::Tables) {
            return Err(Error::model(format!(
                "level {} uses no tables; 1 to 6 do",
                level.get()
            )));
        }
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let Some(tables) = stage::tables(layout, level, raw, threads)? else {
            return Ok(None);
        };
        Model::of(Content {
            layout: layout.clone(),
            notes: notes.into(),
            parts: Parts::Tables(level, tables),
        })
        .map(Some)
    }

    fn of(content: Content) -> Result<Self> {
        if content.notes.len() > MAX_NOTES {
            return Err(Error::model("the notes are too long"));
        }
        check(&content)?;
        let file = file::write(&content)?;
        if file.len() as u64 > MAX_FILE {
            return Err(Error::model("the file would be larger than any may be"));
        }
        Model::with_file(ModelId::of_file(&file)?, content, file)
    }

    fn with_file(id: ModelId, content: Content, file: Vec<u8>) -> Result<Self> {
        let weight_n = match &content.parts {
            Parts::Network(..) => ModelSummary::read(&file)?.weight_n,
            Parts::Tables(_, tables) => tables.entries(),
        };
        Ok(Model {
            id,
            weight_n,
            content,
            file,
        })
    }

    /// The model of a file's bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Model`]: no model file, one of a newer version, damaged, or of a network that
    /// cannot be computed.
    pub fn read(file: &[u8]) -> Result<Self> {
        let (id, content) = file::read(file)?;
        check(&content)?;
        Model::with_file(id, content, file.to_vec())
    }

    /// The bytes of its file.
    pub fn write(&self) -> Vec<u8> {
        self.file.clone()
    }

    /// The bytes of its file, borrowed.
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// Its name.
    pub fn id(&self) -> ModelId {
        self.id
    }

    /// What it was made for.
    pub fn layout(&self) -> &Layout {
        &self.content.layout
    }

    /// What it holds.
    pub fn kind(&self) -> ModelKind {
        match self.content.parts {
            Parts::Network(..) => ModelKind::Network,
            Parts::Tables(..) => ModelKind::Tables,
        }
    }

    /// Whether it is of the kind that a level uses.
    ///
    /// # Errors
    /// [`ErrorKind::Model`], saying what it is.
    pub fn suits(&self, level: Level) -> Result<()> {
        match ModelKind::of_level(level) == Some(self.kind()) {
            true => Ok(()),
            false => Err(Error::model(format!(
                "level {} does not use it: it is of {}",
                level.get(),
                self.kind()
            ))),
        }
    }

    /// Its network.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] of a model of tables.
    pub fn network(&self) -> Result<&Network> {
        match &self.content.parts {
            Parts::Network(network, _) => Ok(network),
            Parts::Tables(..) => Err(self.other_kind()),
        }
    }

    /// The experts' start values.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] of a model of tables.
    pub fn starts(&self) -> Result<&Starts> {
        match &self.content.parts {
            Parts::Network(_, starts) => Ok(starts),
            Parts::Tables(..) => Err(self.other_kind()),
        }
    }

    /// Its tables.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] of a model of a network.
    pub(crate) fn tables(&self) -> Result<&Tables> {
        match &self.content.parts {
            Parts::Tables(_, tables) => Ok(tables),
            Parts::Network(..) => Err(self.other_kind()),
        }
    }

    fn other_kind(&self) -> Error {
        Error::model(format!("it is of {}", self.kind()))
    }

    /// What whoever made it says about it.
    pub fn notes(&self) -> &str {
        &self.content.notes
    }

    /// Numbers of the network, or entries of the tables.
    pub fn weight_n(&self) -> u64 {
        self.weight_n
    }

    /// Whether bytes of this layout can be coded with the model: their columns must be of the same
    /// types, in the same order. Names and the grid may differ.
    ///
    /// # Errors
    /// [`ErrorKind::Model`], naming the first column that differs.
    pub fn fits(&self, layout: &Layout) -> Result<()> {
        let own = self.layout().columns();
        let other = layout.columns();
        let types = own.columns.iter().zip(&other.columns);
        for (at, (own, other)) in types.enumerate() {
            if (own.kind, own.width, own.order) != (other.kind, other.width, other.order) {
                return Err(Error::model(format!(
                    "it does not fit the layout {}: its column {at} is '{}' of {}, which has another type there",
                    layout.dtype(),
                    own.name,
                    self.layout().dtype(),
                )));
            }
        }
        let (own_n, other_n) = (own.columns.len(), other.columns.len());
        if own_n != other_n {
            return Err(Error::model(format!(
                "it does not fit the layout {}: that has {other_n} columns, the model's has {own_n}",
                layout.dtype()
            )));
        }
        match &self.content.parts {
            Parts::Network(network, _) => network.fits(&value_types(layout)).map_err(of_model),
            Parts::Tables(..) => Ok(()),
        }
    }
}

fn check(content: &Content) -> Result<()> {
    let layout = &content.layout;
    let Parts::Network(network, starts) = &content.parts else {
        // Tables were checked as they were read.
        return Ok(());
    };
    let sound = network
        .check()
        .and_then(|()| network.fits(&value_types(layout)));
    sound.map_err(of_model)?;
    starts.check(layout.columns().columns.len())
}

/// What is wrong with a model's content is wrong with the model, not with a stream.
fn of_model(error: Error) -> Error {
    match error.into_kind() {
        ErrorKind::Corrupt(what) => Error::model(what),
        other => other.into(),
    }
}

/// Types of a layout's columns.
fn value_types(layout: &Layout) -> Vec<ValueType> {
    layout.columns().columns.iter().map(ValueType::of).collect()
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Model {}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("id", &self.id)
            .field("kind", &self.kind())
            .field("layout", &self.layout().dtype())
            .field("weight_n", &self.weight_n)
            .finish_non_exhaustive()
    }
}
