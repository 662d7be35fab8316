//! Heads that do not pay: after training, before a model is written.
//!
//! The experts learn many columns as well as the network knows them. A field whose heads save next
//! to nothing beside the experts keeps its place in the backbone, where others read it, but loses
//! its heads: that saves their time and the larger part of its last block's, and the file is
//! smaller.

use anyhow::Result;
use catena_filter::engine::predict::{ColumnCosts, Spec, evaluate, network_lane_count};
use catena_filter::model::{Network, Starts};
use catena_filter::{Layout, Level};

/// Share of a record's bits, as the experts leave them, that a field's heads must save.
const LEAST: f64 = 2e-4;

/// What the heads of a field save.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// The column.
    pub column: usize,
    /// Bits a value by the experts of level 7 alone, of bytes that are modelled or stored.
    pub experts: f64,
    /// The same with the network, at level 8.
    pub mixed: f64,
    /// Bits that must be saved.
    pub least: f64,
}

impl Saving {
    /// Whether the heads are worth their time.
    pub fn pays(&self) -> bool {
        self.experts - self.mixed > self.least
    }
}

/// What each field with heads saves on `raw`, coded in frames of `frame` bytes.
///
/// # Errors
/// A network that does not fit the layout.
pub fn savings(
    layout: &Layout,
    network: &Network,
    starts: &Starts,
    raw: &[u8],
    frame: usize,
) -> Result<Vec<Saving>> {
    let level = |n: u8| Level::new(n).unwrap_or_default();
    let lane_n = network_lane_count(layout, frame);
    let experts = Spec::new(layout.clone(), level(7), lane_n);
    let mixed = Spec::new(layout.clone(), level(8), lane_n).with_network(network, starts)?;
    let experts = evaluate(&experts, raw, frame)?;
    let mixed = evaluate(&mixed, raw, frame)?;
    let rows = mixed.rows.max(1) as f64;
    let bits = |costs: &[ColumnCosts], column: usize| {
        let costs = costs.get(column).copied().unwrap_or_default();
        (costs.planes.iter().sum::<f64>() + costs.copies) / rows
    };
    let columns = 0..experts.columns.len();
    let record: f64 = columns.map(|column| bits(&experts.columns, column)).sum();
    let headed = network.fields.iter().filter(|field| field.planes != 0);
    Ok(headed
        .map(|field| {
            let column = usize::from(field.column);
            Saving {
                column,
                experts: bits(&experts.columns, column),
                mixed: bits(&mixed.columns, column),
                least: LEAST * record,
            }
        })
        .collect())
}

/// Takes the heads off fields that they do not pay for, if any pay at all. Fields that nobody reads
/// any more go altogether.
pub fn prune(network: &mut Network, savings: &[Saving]) {
    if !savings.iter().any(Saving::pays) {
        return;
    }
    for saving in savings.iter().filter(|saving| !saving.pays()) {
        let fields = network.fields.iter_mut();
        for field in fields.filter(|field| usize::from(field.column) == saving.column) {
            field.planes = 0;
            field.head_types.clear();
            field.priors.clear();
            field.head_above.weights.fill(0);
        }
    }
    let last = network.fields.iter().rposition(|field| field.planes != 0);
    network.fields.truncate(last.map_or(0, |last| last + 1));
    let most = network.fields.iter().map(|field| field.planes.count_ones());
    network.heads.truncate(most.max().unwrap_or(0) as usize);
}

#[cfg(test)]
mod tests {
    use super::*;
    use catena_filter::model::{sample_dims, sample_network};

    fn saving(column: usize, mixed: f64) -> Saving {
        Saving {
            column,
            experts: 10.0,
            mixed,
            least: 0.02,
        }
    }

    #[test]
    fn heads_that_save_nothing_go() -> Result<()> {
        let layout = Layout::parse("4<f4")?;
        let whole = sample_network(&layout, sample_dims(), 3);
        let headed = |network: &Network| -> Vec<usize> {
            let fields = network.fields.iter().filter(|field| field.planes != 0);
            fields.map(|field| usize::from(field.column)).collect()
        };
        assert_eq!(headed(&whole), [0, 1, 2, 3]);
        let savings = [
            saving(0, 9.0),
            saving(1, 9.99),
            saving(2, 9.5),
            saving(3, 10.2),
        ];
        let mut network = whole.clone();
        prune(&mut network, &savings);
        assert_eq!(headed(&network), [0, 2]);
        // The last column is read by nobody; the one between is.
        assert_eq!(network.fields.len(), 3);
        network.check()?;

        // What is left codes, and the weights that a random network was given save nothing at all.
        let raw: Vec<u8> = (0..4000u32)
            .flat_map(|i| ((i % 37) as f32).sqrt().to_le_bytes())
            .collect();
        let starts = Starts::default();
        let mut savings = savings_of(&layout, &network, &starts, &raw)?;
        assert_eq!(savings.len(), 2);
        assert!(
            savings
                .iter()
                .all(|saving| saving.experts > 0.0 && saving.mixed > 0.0)
        );

        // Where nothing pays, the network stays what it is.
        savings = (0..4).map(|column| saving(column, 10.0)).collect();
        let mut network = whole.clone();
        prune(&mut network, &savings);
        assert_eq!(network, whole);
        Ok(())
    }

    fn savings_of(
        layout: &Layout,
        network: &Network,
        starts: &Starts,
        raw: &[u8],
    ) -> Result<Vec<Saving>> {
        super::savings(layout, network, starts, raw, 4096)
    }
}
