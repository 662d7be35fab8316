//! From a file to a model: what the rows look like, what the experts know, the network, its
//! training, and what experts begin with.

use anyhow::{Result, ensure};
use candle_core::Device;
use catena_filter::engine::predict::{Spec, harvest_setups, harvest_starts, network_lane_count};
use catena_filter::model::{ColumnStart, Model, Starts};
use catena_filter::{Layout, Level};

use crate::batch::Batcher;
use crate::data;
use crate::device::Precision;
use crate::experts::Said;
use crate::learn::{Learning, Split, learn};
use crate::network::Network;
use crate::preset::Preset;
use crate::records::Records;
use crate::report::{Outcome, Watch};
use crate::{export, parameters, prune};

/// Places between which values are told apart.
pub const KNOTS: usize = 17;
/// Bytes of a frame that the experts learn by.
const FRAME: usize = 128 << 10;
/// Share of the rows, at the end, that is held out.
const HELD_OUT: f64 = 0.1;
/// Most bytes of training data that start values are harvested from.
const HARVEST: usize = 4 << 20;

/// The same for where columns look. Not more than a frame of level 6: the search takes what never
/// repeats (event numbers) for a context that tells all, and what repeats within an event alone for
/// one that tells nothing, if it sees many.
const SETUPS: usize = 1 << 20;

/// What to train.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Size of the network.
    pub preset: Preset,
    /// How it learns.
    pub learning: Learning,
    /// Text that the model carries.
    pub notes: String,
}

/// A trained model.
#[derive(Debug)]
pub struct Trained {
    /// To be written to a file.
    pub model: Model,
    /// How training ended.
    pub outcome: Outcome,
    /// Rows trained on, and held out.
    pub rows: (usize, usize),
    /// Weights of the network.
    pub parameters: usize,
}

/// The rows of `raw` that are trained on; the rest is held out.
pub fn training_rows(rows: usize) -> usize {
    rows - ((rows as f64 * HELD_OUT) as usize).max(1).min(rows)
}

/// What can be told at once of data that nothing can be learned from; [`train`] itself looks
/// closer.
///
/// # Errors
/// Too few records, one column, all records the same.
pub fn check(layout: &Layout, raw: &[u8]) -> Result<()> {
    let columns = layout.columns();
    let mut records = raw.chunks_exact(columns.record_size as usize);
    data::check_size(columns.columns.len(), records.len())?;
    let first = records.next();
    if records.all(|record| Some(record) == first) {
        // No column varies: that is what an empty plan says.
        data::check_fields(&[])?;
    }
    Ok(())
}

/// Trains a model on whole records.
///
/// # Errors
/// Data that nothing can be learned from (too little, constant, one column), with a message that
/// says so; those of training.
pub fn train(
    layout: &Layout,
    raw: &[u8],
    options: &TrainOptions,
    watch: &mut dyn Watch,
) -> Result<Trained> {
    let records = Records::new(layout, raw);
    let rows = records.rows();
    data::check_size(records.columns.len(), rows)?;
    let train_rows = training_rows(rows);
    let fields = data::plan_fields(&records, train_rows, KNOTS);
    data::check_fields(&fields)?;
    let raw = &raw[..rows * records.record];
    let said = if options.learning.mixed > 0.0 {
        Some(Said::listen(layout, &records, raw, FRAME)?)
    } else {
        None
    };
    let dims = options.preset.dims();
    let start = parameters::start(&dims, KNOTS, &fields, options.learning.seed, &Device::Cpu)?;
    let parameters = start.count();
    let mut network = Network {
        dims,
        parameters: start,
        quantised: false,
        precision: Precision::Single,
    };
    let batcher = Batcher {
        records: &records,
        fields: &fields,
        knots: KNOTS,
        own: true,
        experts: said.as_ref(),
    };
    let split = Split {
        train: train_rows,
        all: rows,
    };
    let outcome = learn(&mut network, &batcher, split, &options.learning, watch)?;
    let mut exported = export::export(&network, &fields)?;
    let trained_on = &raw[..train_rows * records.record];
    let setups = harvest_setups(layout, tail(trained_on, SETUPS, records.record));
    let mut starts = Starts {
        setups,
        columns: Vec::new(),
    };
    let held_out = &raw[train_rows * records.record..];
    let savings = prune::savings(layout, &exported, &starts, held_out, FRAME)?;
    prune::prune(&mut exported, &savings);
    starts.columns = harvest(layout, &exported, &starts, trained_on)?;
    let model = Model::new(layout.clone(), exported, starts, options.notes.clone())?;
    ensure!(
        model.write().len() < 16 << 20,
        "the model's file is larger than 16 MiB"
    );
    Ok(Trained {
        model,
        outcome,
        rows: (train_rows, rows - train_rows),
        parameters,
    })
}

/// The last records of `raw`, at most `bytes`.
fn tail(raw: &[u8], bytes: usize, record: usize) -> &[u8] {
    let (records, most) = (raw.len() / record, bytes / record);
    &raw[records.saturating_sub(most) * record..]
}

/// What the mixers end with on the end of the training data, for levels 8 and 9.
fn harvest(
    layout: &Layout,
    network: &catena_filter::model::Network,
    starts: &Starts,
    raw: &[u8],
) -> Result<Vec<ColumnStart>> {
    let record = layout.columns().record_size as usize;
    let raw = tail(raw, HARVEST, record);
    let mut columns: Vec<ColumnStart> = Vec::new();
    let level = Level::new(8).unwrap_or_default();
    let lane_n = network_lane_count(layout, FRAME);
    let spec = Spec::new(layout.clone(), level, lane_n).with_network(network, starts)?;
    for (column, weights) in harvest_starts(&spec, raw, FRAME)?.into_iter().enumerate() {
        columns.push(ColumnStart {
            column: column as u16,
            efforts: [None, Some(weights)],
        });
    }
    Ok(columns)
}
