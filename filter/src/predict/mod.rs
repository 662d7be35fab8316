//! The modelled codec: what frames, chains and the worker pool build on.
//!
//! A chain's frames are modelled one after another. A frame is planned, then coded in lanes: each
//! lane is a group of the record's columns with a state of its own that goes on to the same lane of
//! the chain's next frame. Encoding may run all lanes of a frame side by side; decoding lane `i`
//! needs the finished columns of the lanes before it in the same frame.

mod carried;
pub mod column;
mod evaluate;
pub mod experts;
pub mod frame;
mod lane;
mod matches;
pub mod mixer;
pub mod network;
pub mod refine;
mod series;
mod setup;
mod shared_aid;
mod start;
pub mod trace;

use std::sync::Arc;

pub use carried::FrameTokens;
pub use column::PlaneMode;
pub use evaluate::{ColumnCosts, Costs, PlaneBits, evaluate, harvest_starts};
pub use frame::{Columns, Rows};
pub use lane::{Lane, LaneColumns, lane_count, network_lane_count};
pub(crate) use series::KEPT_MOST;

use crate::layout::Expansion;
use crate::model::{Model, ModelKind, Network, Starts};
use crate::numeric::ValueType;
use crate::tokens::tables::Tables;
use crate::{Error, Kind, Layout, Level, Result};
use column::Family;
use network::Engine;
use setup::ColumnSetup;
use shared_aid::SharedAid;

/// What all chains of a stream share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What the bytes are.
    pub layout: Layout,
    /// Effort.
    pub level: Level,
    /// Lanes a frame is cut into; see [`lane_count`].
    pub lane_n: u32,
    /// The model that frames are coded with.
    pub model: Option<Arc<Model>>,
    expansion: Arc<Expansion>,
    types: Arc<Vec<ValueType>>,
    aid: Option<Arc<SharedAid>>,
}

impl Spec {
    /// Expands the layout into columns.
    pub fn new(layout: Layout, level: Level, lane_n: u32) -> Self {
        let expansion = layout.columns();
        let types = expansion.columns.iter().map(ValueType::of).collect();
        Spec {
            layout,
            level,
            lane_n,
            model: None,
            expansion: Arc::new(expansion),
            types: Arc::new(types),
            aid: None,
        }
    }

    /// The same with a model for data of this layout.
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model) of one that the level does not use; else as
    /// [`Spec::with_network`].
    pub fn with_model(mut self, model: Arc<Model>) -> Result<Self> {
        model.suits(self.level)?;
        if model.kind() == ModelKind::Network {
            self = self.with_network(model.network()?, model.starts()?)?;
        }
        self.model = Some(model);
        Ok(self)
    }

    /// The same with a network and the start values of the mixers beside it.
    ///
    /// # Errors
    /// `InvalidInput` at levels that use none, and for data that does not consist of records: a
    /// network tells a column from those to its left. Others as [`Engine::new`].
    pub fn with_network(mut self, network: &Network, starts: &Starts) -> Result<Self> {
        if !self.level.uses_network() {
            return Err(Error::invalid(format!(
                "a network is used at levels 8 and 9, not at {}",
                self.level.get()
            )));
        }
        if self.family() != Family::Record {
            return Err(Error::invalid("a network needs records of several columns"));
        }
        let aid = SharedAid::new(network, starts, &self.types)?;
        self.aid = Some(Arc::new(aid));
        Ok(self)
    }

    /// The tables that chains begin with.
    pub(crate) fn tables(&self) -> Option<&Tables> {
        self.model.as_ref()?.tables().ok()
    }

    /// The layout's columns.
    pub(crate) fn expansion(&self) -> &Expansion {
        &self.expansion
    }

    /// The network, ready to run.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.aid.as_deref().map(SharedAid::engine)
    }

    /// Bytes that the network's lanes hand to one another in a frame of this many raw bytes; 0
    /// without one.
    pub(crate) fn token_bytes(&self, frame_size: usize) -> u64 {
        let rows = frame_size / self.expansion.record_size.max(1) as usize;
        self.engine().map_or(0, |engine| engine.token_bytes(rows))
    }

    /// Bytes that the network keeps for one chain; 0 without one.
    pub(crate) fn network_state_bytes(&self) -> u64 {
        self.engine().map_or(0, Engine::state_bytes)
    }

    /// What is found out about a chain's columns from its first frame.
    fn find_setups(&self, columns: &Columns) -> Vec<ColumnSetup> {
        setup::find(&columns.values, &self.types, self.family())
    }

    fn family(&self) -> Family {
        match self.types[..] {
            [vt] => {
                if series::Strides::new(&self.expansion.shape).row > 0 {
                    Family::Grid
                } else if vt.width == 1 && vt.kind == Kind::Uint {
                    Family::Bytes
                } else {
                    Family::Sequence
                }
            }
            _ => Family::Record,
        }
    }
}

/// What the decoder must know of a frame before its first lane.
#[derive(Clone, Debug)]
pub struct Plan {
    rows: Rows,
    /// One for each column, where a chain begins.
    setups: Option<Arc<Vec<ColumnSetup>>>,
}

impl Plan {
    /// Appends the plan's bytes, the first part of a modelled frame's payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.setups {
            None => out.push(0),
            Some(setups) => {
                out.push(1);
                setups
                    .iter()
                    .enumerate()
                    .for_each(|(at, setup)| setup.write(at, out));
            }
        }
    }

    /// Reads what [`Plan::write`] wrote from the front of `input` and advances it past that.
    pub fn read(spec: &Spec, offset: u64, raw_len: usize, input: &mut &[u8]) -> Result<Plan> {
        let rows = Rows::new(spec.expansion.record_size, offset, raw_len);
        let (&flag, rest) = input
            .split_first()
            .ok_or_else(|| Error::corrupt("the plan is cut"))?;
        *input = rest;
        let setups = match flag {
            0 => None,
            1 => {
                let columns = 0..spec.types.len();
                Some(Arc::new(
                    columns
                        .map(|at| ColumnSetup::read(at, input))
                        .collect::<Result<Vec<_>>>()?,
                ))
            }
            _ => return Err(Error::corrupt("unknown plan")),
        };
        Ok(Plan { rows, setups })
    }
}

/// Plans the frames of one chain, in their order. Deterministic.
#[derive(Debug)]
pub struct Planner {
    began: bool,
}

impl Planner {
    /// A planner for a chain that starts anew (first frame or key frame).
    pub fn new(_spec: &Spec) -> Self {
        Planner { began: false }
    }

    /// Takes a frame of the chain apart and plans it. `offset` is the place of its first byte in
    /// the stream.
    ///
    /// Columns are looked into once, in the chain's first frame. A decoder asks for plans only of
    /// frames that were not stored as modelled; lanes that have begun ignore the setups of a later
    /// plan, so both sides agree.
    pub fn plan(&mut self, spec: &Spec, offset: u64, raw: &[u8]) -> (Plan, Columns) {
        let rows = Rows::new(spec.expansion.record_size, offset, raw.len());
        let columns = Columns::split(&spec.expansion, rows, raw);
        let setups = (!self.began).then(|| {
            let known = spec.aid.as_deref().and_then(SharedAid::setups);
            known.unwrap_or_else(|| Arc::new(spec.find_setups(&columns)))
        });
        self.began = true;
        (Plan { rows, setups }, columns)
    }
}

/// What is found out about the columns of records in a training set, as [`Starts::setups`] holds
/// it.
pub fn harvest_setups(layout: &Layout, raw: &[u8]) -> Vec<u8> {
    let spec = Spec::new(layout.clone(), Level::MAX, 1);
    let rows = Rows::new(spec.expansion.record_size, 0, raw.len());
    let columns = Columns::split(&spec.expansion, rows, raw);
    let mut out = Vec::new();
    for (at, setup) in spec.find_setups(&columns).iter().enumerate() {
        setup.write(at, &mut out);
    }
    out
}

/// Puts a frame's bytes together again from all its lanes.
pub fn assemble(spec: &Spec, plan: &Plan, lanes: &[LaneColumns]) -> Result<Vec<u8>> {
    let rest = lanes.first().map_or(&[][..], |lane| &lane.rest);
    frame::join(
        &spec.expansion,
        plan.rows,
        lanes.iter().flat_map(|lane| lane.columns.iter()),
        rest,
    )
}
