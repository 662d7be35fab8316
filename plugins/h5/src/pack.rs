//! Pack: chosen datasets get our filter.

use std::path::Path;
use std::sync::Arc;

use catena_filter::model::ModelKind;
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
    /// A model for all datasets that it and the level fit. Without one, levels 1 to 6 look for
    /// tables for each dataset of several chunks.
    pub model: Option<Arc<Model>>,
    /// Trains one for each dataset that can gain, at levels 8 and 9.
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
        // What is needed is put there anew.
        &|path| models::is_model(&tree, path),
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
    let (shape, level) = (source.chunk_for(&options.chunk), options.level);
    let layout = types::parsed(&source.datatype)?.layout(&shape);
    let plain = Parsed::new(Settings::new(level), &layout);
    let fits =
        |model: &&Arc<Model>| model.suits(level).is_ok() && model.fits(&plain.layout).is_ok();
    let mut model = options.model.as_ref().filter(fits).map(Arc::clone);
    if model.is_none() {
        model = match (ModelKind::of_level(level), &mut options.trainer) {
            (Some(ModelKind::Tables), _) => found(source, &shape, &plain, options.threads)?,
            (Some(ModelKind::Network), Some(trainer)) => trained(source, &shape, &plain, *trainer)?,
            _ => None,
        };
    }
    let parsed = match &model {
        Some(model) => Parsed::new(plain.settings.with_model(&model.id()), &layout),
        None => plain,
    };
    Ok(Recoding {
        shape,
        goal: Goal::Catena(Codec { parsed, model }),
        if_smaller: true,
    })
}

/// Chunks that are encoded both ways before a model is believed to pay: at most so many, and one in
/// so many.
const TRIED: usize = 6;
const TRIED_SHARE: usize = 4;
/// What a dataset of its own takes in a file, beside its bytes.
const OBJECT: usize = 512;
/// Raw bytes of the sample that tables are found on, and the fewest chunks that they are for.
const SAMPLE: u64 = 4 << 20;
const FEWEST: usize = 4;

/// Tables for a dataset of several chunks, if they save more than they take.
fn found(
    source: &Source,
    shape: &[u64],
    plain: &Parsed,
    threads: usize,
) -> Result<Option<Arc<Model>>> {
    if let Some(missing) = source.missing() {
        return Err(crate::copy::missing_filter(missing));
    }
    let reader = ChunkReader::new(source, shape.to_vec())?;
    let starts = reader.starts()?;
    // Larger chunks have room for tables of their own.
    if starts.len() < FEWEST || reader.raw_len() as u64 > SAMPLE / 2 {
        return Ok(None);
    }
    let sample = sample(&reader, &starts, SAMPLE)?;
    let notes = format!("found on {}", source.path);
    let level = plain.settings.level;
    let model = Model::of_sample(&plain.layout, level, &sample, notes, threads)
        .map_err(|e| Error::new(e.to_string()))?;
    kept(&reader, &starts, plain, model.map(Arc::new))
}

/// A model for a dataset, trained, if it saves more than it takes.
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
    let data = sample(&reader, &starts, trainer.most())?;
    let whole = data.len() - data.len() % record as usize;
    let training = Training {
        path: &source.path,
        layout: &plain.layout,
        raw: &data[..whole],
    };
    let model = trainer.train(&training).map_err(Error::new)?;
    drop(data);
    kept(&reader, &starts, plain, model)
}

/// The elements of as many chunks as so many bytes hold, one at least, evenly spread; whole chunks
/// if there are any, in which a grid's rows have one length.
fn sample(reader: &ChunkReader<'_>, starts: &[Vec<u64>], most: u64) -> Result<Vec<u8>> {
    let is_whole = |start: &&Vec<u64>| reader.is_whole(start);
    let mut starts_whole: Vec<&Vec<u64>> = starts.iter().filter(is_whole).collect();
    if starts_whole.is_empty() {
        starts_whole = starts.iter().collect();
    }
    let n = starts_whole.len();
    let wanted = (most / reader.raw_len() as u64).clamp(1, n.max(1) as u64) as usize;
    let mut data = Vec::new();
    for start in (0..wanted).filter_map(|i| starts_whole.get((2 * i + 1) * n / (2 * wanted))) {
        data.extend_from_slice(&reader.inside(start)?);
    }
    Ok(data)
}

/// The model, if it saves more than it takes.
fn kept(
    reader: &ChunkReader<'_>,
    starts: &[Vec<u64>],
    plain: &Parsed,
    model: Option<Arc<Model>>,
) -> Result<Option<Arc<Model>>> {
    let Some(model) = model else {
        return Ok(None);
    };
    let named = Parsed::new(plain.settings.with_model(&model.id()), &plain.layout);
    let n = starts.len();
    let tried = (n / TRIED_SHARE).clamp(1, TRIED).min(n);
    let (mut with, mut without) = (0u64, 0u64);
    for start in (0..tried).filter_map(|i| starts.get((2 * i + 1) * n / (2 * tried))) {
        let raw = reader.elements(start)?;
        with += encode_chunk(&raw, &named, Some(Arc::clone(&model)), 0)?.len() as u64;
        without += encode_chunk(&raw, plain, None, 0)?.len() as u64;
    }
    let saved = without.saturating_sub(with) * n as u64 / tried.max(1) as u64;
    if saved <= (model.file().len() + OBJECT) as u64 {
        return Ok(None);
    }
    models::learn(&model);
    Ok(Some(model))
}
