//! Writes a small model that nobody trained, for tests: `sample_model LAYOUT FILE`. Prints its
//! hash.

use catena_filter::model::{Starts, sample_dims, sample_network};
use catena_filter::{Layout, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(layout), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: sample_model LAYOUT FILE".into());
    };
    let layout = Layout::parse(&layout)?;
    let network = sample_network(&layout, sample_dims(), 1);
    let model = Model::new(layout, network, Starts::default(), "a sample")?;
    std::fs::write(file, model.file())?;
    println!("{}", model.id());
    Ok(())
}
