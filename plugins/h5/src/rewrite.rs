//! A file becomes another: chunks of some datasets are encoded anew, everything else is copied.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use catena_filter::Model;
use catena_hdf5_calls::{
    self as calls, Handle, ObjectKind, clear_filters, close, copy_group_properties, copy_plist,
    create_dataset, create_file, dataset_space, file_plist, is_hdf5, open_object, set_chunk_shape,
    set_deflate, set_filter, set_incremental, set_shuffle, storage_size, userblock,
};

use crate::codec;
use crate::copy::{Copier, missing_filter};
use crate::error::{At, Error, Result};
use crate::models;
use crate::plan::Source;
use crate::recode::{ChunkReader, Codec, Done, Job};
use crate::tree::Tree;
use catena_container::flow::{Flow, with_workers};
use h5catena::Parsed;

/// What is going on, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// So many raw bytes are to go through the workers.
    Total(u64),
    /// This dataset begins.
    Dataset(&'a str),
    /// So many raw bytes became so many stored ones.
    Bytes(u64, u64),
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Datasets whose chunks were encoded anew.
    pub recoded: usize,
    /// Datasets that stayed as they were.
    pub kept: usize,
    /// Those of them that would have grown.
    pub not_smaller: usize,
    /// Models that were put into the file.
    pub models: usize,
    /// Bytes of the datasets' elements as the old file stores them.
    pub stored_before: u64,
    /// And as the new one does.
    pub stored_after: u64,
}

/// What becomes of a dataset's chunks.
pub(crate) struct Recoding {
    /// Their shape.
    pub(crate) shape: Vec<u64>,
    /// How they are encoded.
    pub(crate) goal: Goal,
    /// Whether the dataset stays as it is if this does not make it smaller.
    pub(crate) if_smaller: bool,
}

pub(crate) enum Goal {
    /// With our filter.
    Catena(Codec),
    /// Without any, or gzip of this level behind shuffle.
    Plain(Option<u32>),
}

/// A dataset in flight.
struct Active {
    at: usize,
    source: Source,
    made: Handle,
    shape: Vec<u64>,
    coded: bool,
    model: Option<Arc<Model>>,
    if_smaller: bool,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    left: usize,
    all_read: bool,
    stored: u64,
}

/// Opens a file to be read by the library's own calls: it knows the filter, and the models in the
/// file.
///
/// # Errors
/// No such file, not HDF5, damaged.
pub fn open_file(path: &Path) -> Result<Handle> {
    Ok(open(path)?.0)
}

/// Opens a file that is to be read, and finds its objects and models.
pub(crate) fn open(path: &Path) -> Result<(Handle, Tree)> {
    codec::register_filter()?;
    // An error of the file system says more than the library's.
    std::fs::File::open(path)?;
    if !is_hdf5(path)? {
        return Err(Error::new("is not an HDF5 file"));
    }
    let file = calls::open_file(path)?;
    let tree = Tree::read(&file)?;
    models::learn_all(&file, &tree)?;
    Ok((file, tree))
}

/// Writes `output`, over whatever is there. `decide`: what becomes of a dataset (`None`: nothing).
/// `left_out`: objects that are not copied. `to_store`: what models the new file needs, asked at
/// the end.
pub(crate) fn rewrite(
    (from, tree): (&Handle, &Tree),
    (input, output): (&Path, &Path),
    threads: usize,
    left_out: &dyn Fn(&str) -> bool,
    decide: &mut dyn FnMut(&Source) -> Result<Option<Recoding>>,
    on: &dyn Fn(Event<'_>),
) -> Result<Summary> {
    catena_files::Inputs::of([input]).refuse(output)?;
    let fcpl = file_plist(from)?;
    copy_group_properties(&open_object(from, c"/")?, &fcpl)?;
    let to = create_file(output, Some(&fcpl), 3)?;
    let mut summary = Summary::default();
    let mut needed: Vec<Arc<Model>> = Vec::new();
    {
        let mut copier = Copier::new(from, &to, tree, left_out)?;
        with_workers(threads, &Job::run, |flow| {
            let mut run = Run {
                copier: &mut copier,
                pending: VecDeque::new(),
                summary: &mut summary,
                needed: &mut needed,
                on,
            };
            for (at, object) in tree.objects.iter().enumerate() {
                if object.kind != ObjectKind::Dataset || run.copier.is_left_out(at) {
                    continue;
                }
                on(Event::Dataset(&object.path));
                let source = open_object(from, &object.name)
                    .map_err(Error::from)
                    .and_then(|handle| Source::new(handle, &object.path))
                    .at(&object.path)?;
                run.summary.stored_before += source.stored();
                match decide(&source).at(&object.path)? {
                    None => run.keep(at, source).at(&object.path)?,
                    Some(recoding) => run
                        .recode(flow, at, source, recoding, threads)
                        .at(&object.path)?,
                }
            }
            run.drain(flow, true)
        })?;
        copier.finish()?;
        for model in &needed {
            models::store(&to, model)?;
            summary.models += 1;
        }
    }
    close(to)?;
    let before = userblock(&fcpl)?;
    if before > 0 {
        copy_start(input, output, before)?;
    }
    Ok(summary)
}

/// Copies the bytes before the HDF5 part.
fn copy_start(input: &Path, output: &Path, len: u64) -> Result<()> {
    let mut from = std::fs::File::open(input)?.take(len);
    let mut to = std::fs::File::options().write(true).open(output)?;
    to.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut from, &mut to)?;
    Ok(to.flush()?)
}

struct Run<'r, 'a> {
    copier: &'r mut Copier<'a>,
    /// Chunks in flight, in the order in which the workers got them.
    pending: VecDeque<(Rc<Active>, Vec<u64>)>,
    summary: &'r mut Summary,
    /// Models of the datasets that took their place.
    needed: &'r mut Vec<Arc<Model>>,
    on: &'r dyn Fn(Event<'_>),
}

impl Run<'_, '_> {
    /// The new file is to have this model.
    fn need(&mut self, model: Option<&Arc<Model>>) {
        if let Some(model) = model
            && !self.needed.iter().any(|known| known.id() == model.id())
        {
            self.needed.push(Arc::clone(model));
        }
    }

    fn keep(&mut self, at: usize, source: Source) -> Result<()> {
        self.summary.kept += 1;
        self.summary.stored_after += source.stored();
        for filter in source
            .filters
            .iter()
            .filter(|filter| filter.id == codec::ID)
        {
            let model = Parsed::parse(&filter.values).ok();
            self.need(model.and_then(|parsed| codec::model_of(&parsed)).as_ref());
        }
        self.copier.keep(at, source)
    }

    fn recode(
        &mut self,
        flow: &mut Flow<'_, Job, Result<Done>>,
        at: usize,
        source: Source,
        recoding: Recoding,
        threads: usize,
    ) -> Result<()> {
        if let Some(missing) = source.missing() {
            return Err(missing_filter(missing));
        }
        let dcpl = copy_plist(&source.dcpl)?;
        clear_filters(&dcpl)?;
        set_chunk_shape(&dcpl, &recoding.shape)?;
        set_incremental(&dcpl)?;
        let codec = match recoding.goal {
            Goal::Catena(codec) => {
                set_filter(&dcpl, codec::ID, true, &codec.parsed.values())?;
                Some(Arc::new(codec))
            }
            Goal::Plain(None) => None,
            Goal::Plain(Some(level)) => {
                set_shuffle(&dcpl)?;
                set_deflate(&dcpl, level)?;
                None
            }
        };
        let datatype = self.copier.type_for(&source.datatype)?;
        let space = dataset_space(&source.handle)?;
        let made = create_dataset(self.copier.to, &datatype, &space, &dcpl)?;
        let active = Rc::new(Active {
            at,
            made,
            shape: recoding.shape,
            coded: codec.is_some(),
            model: codec.as_ref().and_then(|codec| codec.model.clone()),
            if_smaller: recoding.if_smaller,
            state: RefCell::default(),
            source,
        });
        let reader = ChunkReader::new(&active.source, active.shape.clone())?;
        let starts = reader.starts()?;
        // A single chunk has all threads to itself.
        let each = if starts.len() == 1 { threads } else { 1 };
        for start in starts {
            while flow.is_full() {
                self.take(flow)?;
            }
            flow.push(reader.job(&start, codec.clone(), each)?, reader.raw_len())?;
            active.state.borrow_mut().left += 1;
            self.pending.push_back((Rc::clone(&active), start));
        }
        active.state.borrow_mut().all_read = true;
        self.finish(&active)?;
        drop(reader);
        drop(active);
        self.drain(flow, false)
    }

    /// Takes results; all, or until there is room for more jobs.
    fn drain(&mut self, flow: &mut Flow<'_, Job, Result<Done>>, all: bool) -> Result<()> {
        while if all {
            !self.pending.is_empty()
        } else {
            flow.is_full()
        } {
            self.take(flow)?;
        }
        Ok(())
    }

    /// Writes the oldest chunk in flight.
    fn take(&mut self, flow: &mut Flow<'_, Job, Result<Done>>) -> Result<()> {
        let (Some((active, start)), Some(done)) = (self.pending.pop_front(), flow.pop()?) else {
            return Ok(());
        };
        let path = &active.source.path;
        let place = |e: Error| Error::new(format!("chunk at {start:?}: {e}")).at(path);
        let done = done.map_err(place)?;
        let reader = ChunkReader::new(&active.source, active.shape.clone()).at(path)?;
        reader
            .write(&active.made, &start, &done, active.coded)
            .map_err(place)?;
        (self.on)(Event::Bytes(done.raw_len as u64, done.bytes.len() as u64));
        {
            let mut state = active.state.borrow_mut();
            state.left -= 1;
            state.stored += done.bytes.len() as u64;
        }
        self.finish(&active).at(path)
    }

    /// Once all chunks are written: the dataset takes its place, or the old one does.
    fn finish(&mut self, active: &Rc<Active>) -> Result<()> {
        let stored = {
            let state = active.state.borrow();
            if !state.all_read || state.left > 0 {
                return Ok(());
            }
            state.stored
        };
        if active.if_smaller && stored >= active.source.stored() {
            self.summary.not_smaller += 1;
            let path = active.source.path.clone();
            let again = Source::new(active.source.handle.clone(), &path)?;
            return self.keep(active.at, again);
        }
        self.need(active.model.as_ref());
        self.summary.recoded += 1;
        self.summary.stored_after += storage_size(&active.made);
        self.copier.put(active.at, active.made.clone());
        Ok(())
    }
}
