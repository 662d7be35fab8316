//! What the user asks to be measured.

use std::path::PathBuf;

use catena::{Layout, Level};

use super::parse_layout;

/// What to measure.
#[derive(clap::Args, Debug)]
pub struct BenchArgs {
    /// Files, each read into memory
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What a record is [default: detected]
    #[arg(long, value_name = "DTYPE", value_parser = parse_layout)]
    pub dtype: Option<Layout>,
    /// The records form a grid, slowest axis first
    #[arg(long, value_name = "N,...", requires = "dtype")]
    pub shape: Option<String>,
    /// Levels
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = [1u8, 2, 3, 5, 6], value_parser = parse_level)]
    pub levels: Vec<u8>,
    /// Machine-readable, one JSON array with an object a file
    #[arg(long)]
    pub json: bool,
}

fn parse_level(text: &str) -> Result<u8, String> {
    let level = text.parse().ok().and_then(Level::new);
    level
        .map(Level::get)
        .ok_or_else(|| format!("'{text}' is no level: 1 to 9"))
}
