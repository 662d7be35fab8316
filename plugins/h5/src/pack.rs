//! Pack: chosen datasets get our filter.

use std::path::Path;
use std::sync::Arc;

use catena_filter::{Layout, Level, Model};
use glob::Pattern;
use h5catena::{Parsed, Settings, encode_chunk};

use crate::error::{Error, Result};
use crate::models;
use crate::plan::{Chunking, Source, is_chosen};
use crate::recode::{ChunkReader, Codec};
use crate::rewrite::{Event, Goal, Recoding, Summary, open, rewrite};
use crate::types;

/// What a model could be trained on: a dataset's elements.
pub struct Training<'a> {
    /// The dataset.
    pub path: &'a str,
    /// What its records are.
    pub layout: &'a Layout,
    /// Whole records: all, or as many as [`Trainer::most`] says.
    pub raw: &'a [u8],
}

/// Whoever can train models.
pub trait Trainer {
    /// The most raw bytes that it wants.
    fn most(&self) -> u64;

    /// Whether a model could be trained for so many records of this layout.
    fn wants(&self, layout: &Layout, records: u64) -> bool;

    /// A model for the dataset; `None` if there is nothing to learn.
    ///
    /// # Errors
    /// Of training, for the user.
    fn train(&mut self, data: &Training<'_>) -> std::result::Result<Option<Arc<Model>>, String>;
}

/// How to pack.
#[derive(Default)]
pub struct PackOptions<'a> {
    /// Effort.
    pub level: Level,
    /// A model for all datasets that it fits, at levels 8 and 9.
    pub model: Option<Arc<Model>>,
    /// Trains one for each dataset that can gain.
    pub trainer: Option<&'a mut dyn Trainer>,
    /// Which datasets, by their paths; all if empty.
    pub datasets: Vec<Pattern>,
    /// How large chunks are.
    pub chunk: Chunking,
    /// Whether datasets that have filters stay as they are.
    pub keep_filters: bool,
    /// Threads; 0 means one a core. They do not change the output.
    pub threads: usize,
}

/// Packs a file. `output` is overwritten; on an error what is there is of no use.
///
/// # Errors
/// Not an HDF5 file, damaged, a missing filter or model, a full disk; with the object's path.
pub fn pack(
    input: &Path,
    output: &Path,
    options: &mut PackOptions<'_>,
    on: &dyn Fn(Event<'_>),
) -> Result<Summary> {
    let (from, tree) = open(input)?;
    if let Some(model) = &options.model {
        models::learn(model);
    }
    let threads = crate::threads(options.threads);
    let mut total = 0;
    let mut chosen = 0;
    for object in &tree.objects {
        if object.kind == catena_hdf5_calls::ObjectKind::Dataset
            && is_chosen(&options.datasets, &object.path)
        {
            chosen += 1;
            let handle = catena_hdf5_calls::open_object(&from, &object.name)?;
            if let Ok(source) = Source::new(handle, &object.path)
                && is_packed(&source, options, &tree)
            {
                total += source.raw().unwrap_or(0);
            }
        }
    }
    if chosen == 0 && !options.datasets.is_empty() {
        return Err(Error::new("no dataset has such a path"));
    }
    on(Event::Total(total));
    let decide = &mut |source: &Source| {
        if !is_packed(source, options, &tree) {
            return Ok(None);
        }
        decide(source, options).map(Some)
    };
    rewrite(
        (&from, &tree),
        (input, output),
        threads,
        &|_| false,
        decide,
        on,
    )
}

fn is_packed(source: &Source, options: &PackOptions<'_>, tree: &crate::tree::Tree) -> bool {
    let skipped = options.keep_filters && !source.filters.is_empty();
    source.is_plain()
        && !skipped
        && is_chosen(&options.datasets, &source.path)
        && !models::is_model(tree, &source.path)
}

fn decide(source: &Source, options: &mut PackOptions<'_>) -> Result<Recoding> {
    let shape = source.chunk_for(&options.chunk);
    let layout = types::parsed(&source.datatype)?.layout(&shape);
    let plain = Parsed::new(Settings::new(options.level), &layout);
    let fits = |model: &&Arc<Model>| model.fits(&plain.layout).is_ok();
    let mut model = options.model.as_ref().filter(fits).map(Arc::clone);
    if model.is_none()
        && let Some(trainer) = &mut options.trainer
    {
        model = trained(source, &shape, &plain, *trainer)?;
    }
    let codec = match model.filter(|_| options.level.uses_model()) {
        Some(model) => Codec {
            parsed: Parsed::new(plain.settings.with_model(&model.id()), &layout),
            model: Some(model),
        },
        None => Codec {
            parsed: plain,
            model: None,
        },
    };
    Ok(Recoding {
        shape,
        goal: Goal::Catena(codec),
        if_smaller: true,
    })
}

/// Chunks that are encoded both ways before a model is believed to pay.
const TRIED: usize = 6;

/// A model for a dataset, if it saves more than it takes.
fn trained(
    source: &Source,
    shape: &[u64],
    plain: &Parsed,
    trainer: &mut dyn Trainer,
) -> Result<Option<Arc<Model>>> {
    let record = u64::from(plain.layout.record_size());
    let raw = source.raw().unwrap_or(0);
    if record == 0 || !trainer.wants(&plain.layout, raw / record) {
        return Ok(None);
    }
    if let Some(missing) = source.missing() {
        return Err(crate::copy::missing_filter(missing));
    }
    let reader = ChunkReader::new(source, shape.to_vec())?;
    let starts = reader.starts()?;
    // As many chunks as are wanted, evenly spread.
    let chunk = reader.raw_len() as u64;
    let wanted = (trainer.most() / chunk).clamp(1, starts.len().max(1) as u64) as usize;
    let mut data = Vec::new();
    let picked = |i: usize| i * starts.len() / wanted;
    for start in (0..wanted).filter_map(|i| starts.get(picked(i))) {
        data.extend_from_slice(&reader.inside(start)?);
    }
    let whole = data.len() - data.len() % record as usize;
    let training = Training {
        path: &source.path,
        layout: &plain.layout,
        raw: &data[..whole],
    };
    let Some(model) = trainer.train(&training).map_err(Error::new)? else {
        return Ok(None);
    };
    drop(data);
    let named = Parsed::new(plain.settings.with_model(&model.id()), &plain.layout);
    let tried = TRIED.min(starts.len());
    let (mut with, mut without) = (0u64, 0u64);
    for start in (0..tried).filter_map(|i| starts.get((2 * i + 1) * starts.len() / (2 * tried))) {
        let raw = reader.elements(start)?;
        with += encode_chunk(&raw, &named, Some(Arc::clone(&model)), 0)?.len() as u64;
        without += encode_chunk(&raw, plain, None, 0)?.len() as u64;
    }
    let saved = without.saturating_sub(with) * starts.len() as u64 / tried.max(1) as u64;
    if saved <= model.file().len() as u64 {
        return Ok(None);
    }
    models::learn(&model);
    Ok(Some(model))
}
