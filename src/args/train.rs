//! What the user asks of training and evaluation.

use std::ffi::OsString;
use std::path::PathBuf;

use catena::Layout;
use catena_train::{Place, Precision, Preset};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::parse_layout;

/// How to train.
#[derive(clap::Args, Debug)]
pub struct TrainArgs {
    /// Data, all of one layout; the records of all files are taken one after another
    #[arg(value_name = "DATA", required = true)]
    pub files: Vec<PathBuf>,
    /// Where the model goes [default: the first file's name with .catmodel]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite it
    #[arg(short, long)]
    pub force: bool,
    /// What a record is, as for compressing [default: detected]
    #[arg(long, value_name = "DTYPE", value_parser = parse_layout)]
    pub dtype: Option<Layout>,
    /// The records form a grid, slowest axis first
    #[arg(long, value_name = "N,...", requires = "dtype")]
    pub shape: Option<String>,
    /// How long to train
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    pub minutes: f64,
    /// Train this many steps, however long it takes
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Size of the network [default: small]
    #[arg(long, value_name = "SIZE", value_parser = preset_parser())]
    pub preset: Option<Preset>,
    /// Of all that is drawn
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Training threads; 0 means one a core, four at most
    #[arg(short = 'T', long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Where to train: cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t, hide = cfg!(not(feature = "cuda")))]
    pub device: Place,
    /// What products are made of: single (f32) or mixed (bfloat16, until weights are rounded)
    /// [default: mixed on a GPU that has it]
    #[arg(long, value_name = "HOW")]
    pub precision: Option<Precision>,
    /// Sequences that are read side by side, a multiple of the threads [default: 4; 32 on a GPU]
    #[arg(long, value_name = "N")]
    pub sequences: Option<u32>,
    /// Backward passes a step
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub accumulate: u32,
    /// Share of the loss that is of network and experts together, 0 to 1; the rest is of the
    /// network alone
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = parse_share)]
    pub mixed: f64,
    /// Peak of the learning rate
    #[arg(long, value_name = "RATE", default_value_t = 0.003, value_parser = parse_share)]
    pub learning_rate: f64,
    /// Weight decay
    #[arg(long, value_name = "DECAY", default_value_t = 0.1, value_parser = parse_share)]
    pub weight_decay: f64,
    /// Go on to the last part, and then end, after so many measurements that were not better
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub patience: u32,
    /// Write a checkpoint here at every measurement
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Go on from the checkpoint
    #[arg(long, requires = "checkpoint")]
    pub resume: bool,
    /// Write event files for TensorBoard into this folder
    #[arg(long, value_name = "FOLDER")]
    pub events: Option<PathBuf>,
    /// Draw the training curve beside the model, as SVG
    #[arg(long)]
    pub curve: bool,
    /// What the model says of itself [default: what it was trained on]
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
}

/// What to evaluate.
#[derive(clap::Args, Debug)]
pub struct EvalArgs {
    /// Data of the model's layout
    #[arg(value_name = "DATA")]
    pub file: PathBuf,
    /// The model: its file, or what its hash begins with, or its name in the search path
    #[arg(short, long, value_name = "FILE|HASH|NAME")]
    pub model: OsString,
    /// Level, 8 or 9
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub level: u8,
    /// Leave out so many records at the start: those that the model was trained on, say
    #[arg(long, value_name = "N")]
    pub skip: Option<u64>,
    /// Look at so many records
    #[arg(long, value_name = "N")]
    pub records: Option<u64>,
    /// Machine-readable
    #[arg(long)]
    pub json: bool,
}

fn preset_parser() -> impl TypedValueParser<Value = Preset> {
    let names = Preset::ALL.map(Preset::name);
    PossibleValuesParser::new(names).map(|name| Preset::named(&name).unwrap_or(Preset::Small))
}

fn parse_share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("not within 0 and 1".into())
    }
}
