//! Unpack: datasets with our filter get plain chunks, or gzip.

use std::path::Path;

use catena_hdf5_calls::{ObjectKind, open_object};

use crate::codec;
use crate::error::Result;
use crate::models;
use crate::plan::Source;
use crate::rewrite::{Event, Goal, Recoding, Summary, open, rewrite};

/// How to unpack.
#[derive(Clone, Debug, Default)]
pub struct UnpackOptions {
    /// gzip of this level behind shuffle, 1 to 9, instead of no filter.
    pub gzip: Option<u32>,
    /// Threads; 0 means one a core.
    pub threads: usize,
}

/// Unpacks a file: datasets with our filter in their pipeline are written without it, models are
/// left out. `output` is overwritten; on an error what is there is of no use.
///
/// # Errors
/// Not an HDF5 file, damaged, a missing filter or model, a full disk; with the object's path.
pub fn unpack(
    input: &Path,
    output: &Path,
    options: &UnpackOptions,
    on: &dyn Fn(Event<'_>),
) -> Result<Summary> {
    let (from, tree) = open(input)?;
    let mut total = 0;
    for object in &tree.objects {
        if object.kind == ObjectKind::Dataset {
            let source = Source::new(open_object(&from, &object.name)?, &object.path)?;
            if is_packed(&source) {
                total += source.raw().unwrap_or(0);
            }
        }
    }
    on(Event::Total(total));
    let decide = &mut |source: &Source| {
        let shape = source.chunk.clone().filter(|_| is_packed(source));
        Ok(shape.map(|shape| Recoding {
            shape,
            goal: Goal::Plain(options.gzip),
            if_smaller: false,
        }))
    };
    rewrite(
        (&from, &tree),
        (input, output),
        crate::threads(options.threads),
        &|path| models::is_model(&tree, path),
        decide,
        on,
    )
}

fn is_packed(source: &Source) -> bool {
    source.filters.iter().any(|filter| filter.id == codec::ID)
}
