//! The filter as the library in this process calls it, and as worker threads do.

use std::sync::{Arc, Once};

use catena_filter::Model;
use catena_hdf5_calls::{self as calls, Direction};
use h5catena::{FILTER_ID, Parsed, decode_chunk, encode_chunk};

use crate::error::Result;
use crate::models;

/// The filter's number as the library has it.
pub(crate) const ID: i32 = FILTER_ID as i32;

/// Makes the library in this process know the filter.
///
/// # Errors
/// The library takes no more filters.
pub fn register_filter() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut result = Ok(());
    ONCE.call_once(|| result = calls::register_filter(ID, c"catena", run));
    Ok(result?)
}

fn run(direction: Direction, values: &[u32], bytes: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let parsed = Parsed::parse(values).map_err(|e| e.to_string())?;
    let model = model_of(&parsed);
    let done = match direction {
        Direction::Encode => encode_chunk(bytes, &parsed, model, 0),
        Direction::Decode => decode_chunk(bytes, &parsed, model, 0),
    };
    done.map_err(|e| e.to_string())
}

/// The model that the values name, if a file that was opened carries it.
pub(crate) fn model_of(parsed: &Parsed) -> Option<Arc<Model>> {
    models::known(&parsed.settings.model_name()?)
}
