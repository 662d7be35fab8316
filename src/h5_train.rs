//! Models for datasets, trained while a file is packed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use catena::{Layout, Model};
use catena_h5::Trainer;
use catena_train::learn::Learning;
use catena_train::report::{Board, Watchers};
use catena_train::train::check;
use catena_train::{Preset, TrainOptions, train};

use crate::report::grouped;
use crate::signals;

/// Raw bytes that a model is trained on at most.
const MOST: u64 = 256 << 20;
/// Records below which no model is worth its bytes.
const FEWEST: u64 = 4096;

/// How long to train each, and whether to say so.
pub struct Training {
    minutes: f64,
    quiet: bool,
}

impl Training {
    /// Training of so many minutes a dataset.
    pub fn new(minutes: f64, quiet: bool) -> Self {
        Training { minutes, quiet }
    }
}

impl Trainer for Training {
    fn most(&self) -> u64 {
        MOST
    }

    fn wants(&self, layout: &Layout, records: u64) -> bool {
        layout.columns().columns.len() >= 2 && records >= FEWEST
    }

    fn train(&mut self, data: &catena_h5::Training<'_>) -> Result<Option<Arc<Model>>, String> {
        if check(data.layout, data.raw).is_err() {
            return Ok(None);
        }
        let record = data.layout.record_size() as usize;
        let rows = data.raw.len() / record.max(1);
        let stop = Arc::new(AtomicBool::new(false));
        // One Ctrl-C ends this training with the best so far, a second one everything.
        signals::ask_to_stop(Arc::clone(&stop));
        let default = Learning::default();
        let learning = Learning {
            seconds: Some(self.minutes * 60.0),
            sequences: default.sequences.next_multiple_of(default.threads),
            stop: Arc::clone(&stop),
            about: format!("{} {} rows {rows}", data.path, data.layout.dtype()),
            ..default
        };
        let options = TrainOptions {
            preset: Preset::Small,
            learning,
            notes: format!(
                "trained on {} ({} records)",
                data.path,
                grouped(rows as u64)
            ),
        };
        let mut watchers = Watchers(Vec::new());
        if !self.quiet {
            tell!(
                "{}: training on {} records",
                data.path,
                grouped(rows as u64)
            );
            watchers.0.push(Box::new(Board::new(&[])));
        }
        let trained = train(data.layout, data.raw, &options, &mut watchers);
        signals::no_longer_ask();
        trained
            .map(|trained| Some(Arc::new(trained.model)))
            .map_err(|e| format!("{e:#}"))
    }
}
