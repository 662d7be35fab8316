//! Trained models: what a network is made of, the file that holds it, and where it is looked for.
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

use crate::Layout;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::ValueType;
use file::Content;

/// A trained model, ready to be used: the layout it is for, its network, the experts' start values
/// and some words about it.
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
        let content = Content {
            layout,
            network,
            starts,
            notes: notes.into(),
        };
        check(&content)?;
        let file = file::write(&content);
        let weight_n = ModelSummary::read(&file)?.weight_n;
        if file.len() as u64 > MAX_FILE {
            return Err(Error::model("the file would be larger than any may be"));
        }
        Ok(Model {
            id: ModelId::of_file(&file)?,
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
        Ok(Model {
            id,
            weight_n: ModelSummary::read(file)?.weight_n,
            content,
            file: file.to_vec(),
        })
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

    /// What it was trained for.
    pub fn layout(&self) -> &Layout {
        &self.content.layout
    }

    /// Its network.
    pub fn network(&self) -> &Network {
        &self.content.network
    }

    /// The experts' start values.
    pub fn starts(&self) -> &Starts {
        &self.content.starts
    }

    /// What whoever trained it says about it.
    pub fn notes(&self) -> &str {
        &self.content.notes
    }

    /// Numbers of the network.
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
        let types = value_types(layout);
        self.network().fits(&types).map_err(of_model)
    }
}

fn check(content: &Content) -> Result<()> {
    let (layout, network) = (&content.layout, &content.network);
    let sound = network
        .check()
        .and_then(|()| network.fits(&value_types(layout)));
    sound.map_err(of_model)?;
    content.starts.check(layout.columns().columns.len())
}

/// What is wrong with a network is wrong with its model, not with a stream.
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
            .field("layout", &self.layout().dtype())
            .field("weight_n", &self.weight_n)
            .finish_non_exhaustive()
    }
}
