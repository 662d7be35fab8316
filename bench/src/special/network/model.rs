//! The models: trained by the command line where they are missing, and what their networks make of
//! the held-out part.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use catena_filter::engine::predict::{Spec, evaluate, network_lane_count};
use catena_filter::options::DEFAULT_MODEL_FRAME_SIZE;
use catena_filter::{Layout, Level, Model};
use serde::Serialize;

use super::Network;
use crate::corpus::Shape;

/// The model, and what its network makes of the held-out part without the experts.
#[derive(Debug, Serialize)]
pub struct Trained {
    /// Its name.
    pub hash: String,
    /// Of its file.
    pub bytes: usize,
    /// Numbers of the network.
    pub weights: u64,
    /// What it says of itself.
    pub notes: String,
    /// Bits a byte, by the network's own probabilities.
    pub network_alone_bpd: f64,
}

/// Trains a model with the command line, which says how it goes.
pub fn train(
    asked: &Network,
    file: &Path,
    shape: &Shape,
    records: usize,
    of: &str,
    model: &Path,
) -> Result<()> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("catena"));
    let binary = asked.binary.clone().map_or_else(beside, Ok)?;
    let mut command = Command::new(&binary);
    command.arg("train").arg(file).arg("-o").arg(model);
    command.args(["--dtype", &shape.dtype]);
    if !shape.shape.is_empty() {
        let axes: Vec<String> = shape.shape.iter().map(u64::to_string).collect();
        command.args(["--shape", &axes.join(",")]);
    }
    let minutes = asked.minutes.to_string();
    command.args(["--minutes", &minutes]);
    if let Some(preset) = &asked.preset {
        command.args(["--preset", preset]);
    }
    let notes = format!("trained on the first {records} records of {of}, {minutes} minutes");
    let status = command.args(["--notes", &notes]).status();
    let status = status.with_context(|| {
        let binary = binary.display();
        format!("starting {binary} (build it first: cargo build --release)")
    })?;
    ensure!(status.success(), "catena train ended with {status}");
    Ok(())
}

/// Reads a model and runs its network over bytes of this layout.
pub fn look_at(path: &Path, layout: Layout, raw: &[u8]) -> Result<Trained> {
    let model = Arc::new(Model::open(path).with_context(|| path.display().to_string())?);
    let lane_n = network_lane_count(&layout, DEFAULT_MODEL_FRAME_SIZE.min(raw.len()));
    let level = Level::new(8).context("no level 8")?;
    let spec = Spec::new(layout, level, lane_n).with_model(model.clone())?;
    let costs = evaluate(&spec, raw, DEFAULT_MODEL_FRAME_SIZE)?;
    let bits: f64 = costs.columns.iter().flat_map(|column| column.network).sum();
    Ok(Trained {
        hash: model.id().to_string(),
        bytes: model.file().len(),
        weights: model.weight_n(),
        notes: model.notes().to_owned(),
        network_alone_bpd: bits / raw.len().max(1) as f64,
    })
}
