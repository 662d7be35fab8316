//! Small models of random weights: nothing they predict is worth anything, and all that a file must
//! hold is in them.

use catena_filter::model::{ColumnStart, Dims, Model, Network, Starts, sample_network};
use catena_filter::{Layout, Result};

/// The smallest architecture that has everything.
pub const DIMS: Dims = Dims {
    width: 16,
    heads: 2,
    blocks: 1,
    hidden: 16,
    head_width: 16,
    window: 4,
    slots: 2,
    rate: 4,
    chunk: 16,
};

/// A network for this layout, the same for the same seed, with few enough priors for a file of some
/// 20 KB.
pub fn network(layout: &Layout, dims: Dims, seed: u64) -> Network {
    let mut network = sample_network(layout, dims, seed);
    for field in &mut network.fields {
        for priors in &mut field.priors {
            priors.after.truncate(2);
        }
    }
    network
}

/// A model of this network.
pub fn model_of(layout: &Layout, network: Network) -> Result<Model> {
    let starts = Starts {
        columns: vec![ColumnStart {
            column: 0,
            efforts: [Some(vec![-300, 0, 1024, i16::MAX, i16::MIN]), None],
        }],
        setups: Vec::new(),
    };
    Model::new(layout.clone(), network, starts, "sample\nrandom weights")
}

/// A model for this layout, the same for the same seed.
pub fn model(layout: &Layout, seed: u64) -> Model {
    model_of(layout, network(layout, DIMS, seed)).expect("a valid model")
}
