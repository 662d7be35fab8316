//! A trained model as all chains of a stream share it: the network made ready, and what columns
//! begin with.

use std::sync::Arc;

use super::network::Engine;
use super::setup::{self, ColumnSetup};
use crate::model::{Network, Priors, Reference, Starts};
use crate::numeric::ValueType;
use crate::{Level, Result};

/// What is shared.
#[derive(Debug)]
pub(super) struct SharedAid {
    engine: Engine,
    starts: Starts,
    /// Found in the training data, if they were looked for there.
    setups: Option<Arc<Vec<ColumnSetup>>>,
    /// By column.
    fields: Vec<Option<FieldStart>>,
}

/// What a model knows of a column's values before any was seen.
#[derive(Debug)]
struct FieldStart {
    /// Planes with a head, as in [`crate::model::Field`], and the priors of each.
    planes: u8,
    priors: Vec<Priors>,
    /// The middle one of its knots.
    median: u64,
    reference: Option<Reference>,
}

/// What a column begins with.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColumnStart<'a> {
    /// Weights of the first mixers in 1/1024, in the order of their inputs; those that are missing
    /// are built in.
    pub(super) weights: Option<&'a [i16]>,
    field: Option<&'a FieldStart>,
    /// Whether the network's last layer goes on learning.
    pub(super) adapts: bool,
}

impl SharedAid {
    /// Makes a model ready for columns of these types.
    pub(super) fn new(network: &Network, starts: &Starts, types: &[ValueType]) -> Result<Self> {
        let engine = Engine::new(network, types)?;
        let mut fields: Vec<Option<FieldStart>> = types.iter().map(|_| None).collect();
        for field in &network.fields {
            if let Some(to) = fields.get_mut(usize::from(field.column)) {
                *to = Some(FieldStart {
                    planes: field.planes,
                    priors: field.priors.clone(),
                    reference: field.reference,
                    median: field.knots.get(field.knots.len() / 2).copied().unwrap_or(0),
                });
            }
        }
        let setups = setup::read_all(&starts.setups, types.len())?;
        Ok(SharedAid {
            engine,
            setups: setups.map(Arc::new),
            starts: starts.clone(),
            fields,
        })
    }

    /// What was found out about the columns where the model was trained.
    pub(super) fn setups(&self) -> Option<Arc<Vec<ColumnSetup>>> {
        self.setups.clone()
    }

    /// The network.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What column `at` begins with at a level.
    pub(super) fn column(&self, at: usize, level: Level) -> ColumnStart<'_> {
        ColumnStart {
            weights: u16::try_from(at)
                .ok()
                .and_then(|at| self.starts.of(at, level)),
            field: self.fields.get(at).and_then(Option::as_ref),
            adapts: level == Level::MAX,
        }
    }
}

impl ColumnStart<'_> {
    /// A value of the column's middle, if it is known.
    pub(super) fn median(&self) -> Option<u64> {
        self.field.map(|field| field.median)
    }

    /// Where the value is expected to come from.
    pub(super) fn reference(&self) -> Option<Reference> {
        self.field.and_then(|field| field.reference)
    }

    /// Planes with a head and what is known of their nodes: ln(p / (1 - p)) in 1/16 of the
    /// probability p of a one.
    pub(super) fn priors(&self) -> impl Iterator<Item = (usize, &[i8; 256])> {
        self.field.into_iter().flat_map(|field| {
            (0..8)
                .filter(|plane| field.planes >> plane & 1 == 1)
                .zip(&field.priors)
                .map(|(plane, priors)| (plane, &*priors.common))
        })
    }
}
