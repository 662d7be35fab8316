//! The HDF5 file: groups, attributes, and chunks that all cores encode and one thread writes.

use std::collections::HashMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;

use catena_container::parallel;
use catena_filter::{ByteOrder, Kind as Numbers, Level};
use catena_hdf5_calls::{self as calls, Handle, Standard};
use h5catena::{FILTER_ID, Parsed, Settings, Type, encode_chunk};

use super::Event;
use super::plan::{Member, Table};
use super::store::Store;
use crate::column::Kind;
use crate::error::{Error, ErrorKind, Result};

/// The oldest superblock that may be written: that of HDF5 1.10.
const SUPERBLOCK: u32 = 3;
/// Bytes that a chunk and the filter's description take beside the coded ones; less saved than that
/// is nothing saved.
const FILTER_BYTES: usize = 112;
/// The most bytes that lie in a dataset's header.
const COMPACT: usize = 60_000;
/// Chunks that wait for each thread before all are encoded.
const EACH: usize = 2;

impl From<calls::Error> for Error {
    fn from(error: calls::Error) -> Self {
        ErrorKind::Hdf5(error.to_string()).into()
    }
}

impl From<catena_h5::Error> for Error {
    fn from(error: catena_h5::Error) -> Self {
        ErrorKind::Hdf5(error.to_string()).into()
    }
}

impl From<h5catena::Error> for Error {
    fn from(error: h5catena::Error) -> Self {
        ErrorKind::Hdf5(error.to_string()).into()
    }
}

/// A dataset that is being written.
struct Stored {
    group: Handle,
    name: String,
    datatype: Handle,
    dims: Vec<u64>,
    chunk: Vec<u64>,
    single: bool,
    parsed: Arc<Parsed>,
    dataset: Option<Handle>,
}

/// A chunk on its way.
struct Job {
    stored: usize,
    start: u64,
    raw: Vec<u8>,
}

/// Tables of a group that is being filled.
pub(super) struct Filling {
    pub(super) stores: Vec<Store>,
    tables: Vec<Table>,
    stored: Vec<usize>,
}

/// The file that is being written.
pub(super) struct Sink<'a> {
    file: Handle,
    groups: HashMap<String, Handle>,
    stored: Vec<Stored>,
    waiting: Vec<Job>,
    level: Level,
    threads: usize,
    on: &'a dyn Fn(Event),
}

fn c_name(name: &str) -> CString {
    let kept: Vec<u8> = name.bytes().filter(|&b| b != 0).collect();
    CString::new(kept).unwrap_or_default()
}

impl<'a> Sink<'a> {
    /// A new file in place of what is there.
    pub(super) fn create(
        path: &Path,
        level: Level,
        threads: usize,
        on: &'a dyn Fn(Event),
    ) -> Result<Self> {
        // So that the filter's name is in the file: the library's H5Ocopy spoils datasets of a
        // filter that it knows by another name than they do.
        catena_h5::register_filter()?;
        let fcpl = calls::small_file_plist()?;
        let file = calls::create_file(path, Some(&fcpl), SUPERBLOCK)?;
        let root = calls::open_object(&file, c"/")?;
        Ok(Sink {
            file,
            groups: HashMap::from([(String::new(), root)]),
            stored: Vec::new(),
            waiting: Vec::new(),
            level,
            threads: threads.max(1),
            on,
        })
    }

    /// The group of this path, made with those above it if it is not there.
    pub(super) fn group(&mut self, path: &str) -> Result<Handle> {
        if let Some(group) = self.groups.get(path) {
            return Ok(group.clone());
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let above = self.group(above)?;
        let made = calls::create_group(&self.file, &calls::small_group_plist()?)?;
        calls::link_object(&made, &above, &c_name(name), true)?;
        self.groups.insert(path.to_owned(), made.clone());
        Ok(made)
    }

    /// Tables in a group. `bools`: truth values are HDF5's, not numbers.
    pub(super) fn tables(
        &mut self,
        group: &Handle,
        tables: Vec<Table>,
        bools: bool,
    ) -> Result<Filling> {
        let mut filling = Filling {
            stores: tables.iter().map(|t| Store::new(t, tables.len())).collect(),
            stored: Vec::new(),
            tables,
        };
        for (table, store) in filling.tables.iter().zip(&filling.stores) {
            let datatype = compound(table, bools)?;
            let axis = (table.axis > 0).then_some(table.axis as u64);
            let dims = |rows: u64| std::iter::once(rows).chain(axis).collect::<Vec<u64>>();
            let chunk = dims(store.chunk);
            let layout = record(table).layout(&chunk);
            filling.stored.push(self.stored.len());
            self.stored.push(Stored {
                group: group.clone(),
                name: table.name.clone(),
                datatype,
                dims: dims(table.rows),
                chunk,
                single: store.is_single(),
                parsed: Arc::new(Parsed::new(Settings::new(self.level), &layout)),
                dataset: None,
            });
        }
        Ok(filling)
    }

    /// Takes whole chunks; at the end all that is left.
    pub(super) fn flush(&mut self, filling: &mut Filling, end: bool) -> Result<()> {
        for (store, &stored) in filling.stores.iter_mut().zip(&filling.stored) {
            while let Some((start, raw)) = store.take(end)? {
                self.push(Job { stored, start, raw })?;
            }
            if end && store.rows == 0 {
                self.push(Job {
                    stored,
                    start: 0,
                    raw: Vec::new(),
                })?;
            }
        }
        Ok(())
    }

    /// A dataset of bytes.
    pub(super) fn bytes(&mut self, group: &Handle, name: &str, raw: Vec<u8>) -> Result<()> {
        let n = raw.len() as u64;
        let layout = Type::Number(Numbers::Uint, 1, ByteOrder::Little).layout(&[n]);
        self.stored.push(Stored {
            group: group.clone(),
            name: name.to_owned(),
            datatype: calls::standard(Standard::U8)?,
            dims: vec![n],
            chunk: vec![n],
            single: true,
            parsed: Arc::new(Parsed::new(Settings::new(self.level), &layout)),
            dataset: None,
        });
        self.push(Job {
            stored: self.stored.len() - 1,
            start: 0,
            raw,
        })
    }

    fn push(&mut self, job: Job) -> Result<()> {
        self.waiting.push(job);
        match self.waiting.len() >= EACH * self.threads {
            true => self.encode(),
            false => Ok(()),
        }
    }

    /// Encodes all chunks that wait, and writes them in their order.
    fn encode(&mut self) -> Result<()> {
        let jobs: Vec<(Job, Arc<Parsed>)> = std::mem::take(&mut self.waiting)
            .into_iter()
            .filter_map(|job| {
                let parsed = Arc::clone(&self.stored.get(job.stored)?.parsed);
                Some((job, parsed))
            })
            .collect();
        let inner = (self.threads / jobs.len().max(1)).max(1);
        let coded = parallel::map(self.threads, &jobs, |(job, parsed)| {
            match job.raw.len() > FILTER_BYTES {
                true => encode_chunk(&job.raw, parsed, None, inner).map(Some),
                false => Ok(None),
            }
        });
        for ((job, _), done) in jobs.into_iter().zip(coded) {
            let raw = job.raw.len() as u64;
            let stored = self.write(job, done?)?;
            (self.on)(Event::Bytes(raw, stored));
        }
        Ok(())
    }

    fn write(&mut self, job: Job, coded: Option<Vec<u8>>) -> Result<u64> {
        let Some(stored) = self.stored.get_mut(job.stored) else {
            return Ok(0);
        };
        let saved = |coded: &Vec<u8>| coded.len() + FILTER_BYTES < job.raw.len();
        let space = calls::simple_space(&stored.dims, None)?;
        let dcpl = calls::dataset_create_plist()?;
        calls::leave_out_times(&dcpl)?;
        if stored.single && !coded.as_ref().is_some_and(saved) {
            if job.raw.len() < COMPACT && !job.raw.is_empty() {
                calls::set_compact(&dcpl)?;
            }
            let made = calls::create_dataset(&self.file, &stored.datatype, &space, &dcpl)?;
            if !job.raw.is_empty() {
                let start = vec![0; stored.dims.len()];
                let part = (&start[..], &stored.dims[..], &stored.dims[..]);
                calls::write_block(&made, &stored.datatype, part, &job.raw)?;
            }
            calls::link_object(&made, &stored.group, &c_name(&stored.name), true)?;
            return Ok(job.raw.len() as u64);
        }
        let dataset = match stored.dataset.take() {
            Some(dataset) => dataset,
            None => {
                calls::set_chunk_shape(&dcpl, &stored.chunk)?;
                calls::set_incremental(&dcpl)?;
                calls::set_filter(&dcpl, FILTER_ID as i32, true, &stored.parsed.values())?;
                let made = calls::create_dataset(&self.file, &stored.datatype, &space, &dcpl)?;
                calls::link_object(&made, &stored.group, &c_name(&stored.name), true)?;
                made
            }
        };
        let mut start = vec![0; stored.dims.len()];
        if let Some(first) = start.first_mut() {
            *first = job.start;
        }
        let (mask, bytes) = match &coded {
            Some(coded) if coded.len() < job.raw.len() => (0, coded),
            _ => (1, &job.raw),
        };
        calls::write_chunk(&dataset, &start, mask, bytes)?;
        if !stored.single {
            stored.dataset = Some(dataset);
        }
        Ok(bytes.len() as u64)
    }

    /// Writes what is left and closes the file.
    pub(super) fn finish(mut self) -> Result<()> {
        self.encode()?;
        self.stored.clear();
        self.groups.clear();
        Ok(calls::close(self.file)?)
    }
}

/// A text attribute.
pub(super) fn text_attribute(object: &Handle, name: &str, text: &str) -> Result<()> {
    let text = text.replace('\0', "");
    if text.is_empty() {
        return Ok(());
    }
    // What an attribute holds lies in an object header's message, of less than 64 KB.
    let mut end = text.len().min(COMPACT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let bytes = &text.as_bytes()[..end];
    let datatype = calls::make_utf8(bytes.len())?;
    attribute(object, name, &datatype, bytes)
}

/// A number as attribute.
pub(super) fn number_attribute(object: &Handle, name: &str, n: u64) -> Result<()> {
    let datatype = calls::standard(Standard::I64)?;
    attribute(object, name, &datatype, &n.to_le_bytes())
}

fn attribute(object: &Handle, name: &str, datatype: &Handle, bytes: &[u8]) -> Result<()> {
    let space = calls::other_space(true)?;
    let made = calls::create_attribute(object, &c_name(name), datatype, &space, None)?;
    Ok(calls::Values::of_bytes(datatype, bytes, &space)?.to_attribute(&made)?)
}

fn compound(table: &Table, bools: bool) -> Result<Handle> {
    let mut made: HashMap<(Kind, usize, Vec<usize>), Handle> = HashMap::new();
    let mut members: Vec<(CString, usize, Handle)> = Vec::new();
    for member in &table.members {
        let key = (member.kind, member.text, member.dims.clone());
        let datatype = match made.get(&key) {
            Some(datatype) => datatype.clone(),
            None => {
                let datatype = element(member, bools)?;
                made.insert(key, datatype.clone());
                datatype
            }
        };
        members.push((c_name(&member.name), member.offset, datatype));
    }
    let members: Vec<_> = (members.iter())
        .map(|(name, offset, of)| (name.as_c_str(), *offset, of))
        .collect();
    Ok(calls::make_compound(table.record, &members)?)
}

fn element(member: &Member, bools: bool) -> Result<Handle> {
    if member.text > 0 {
        return Ok(calls::make_utf8(member.text)?);
    }
    let number = match member.kind {
        Kind::Bool if bools => calls::make_enum(&[(c"FALSE", 0), (c"TRUE", 1)])?,
        Kind::Bool | Kind::U8 => calls::standard(Standard::U8)?,
        Kind::I8 => calls::standard(Standard::I8)?,
        Kind::U16 => calls::standard(Standard::U16)?,
        Kind::I16 => calls::standard(Standard::I16)?,
        Kind::U32 => calls::standard(Standard::U32)?,
        Kind::I32 => calls::standard(Standard::I32)?,
        Kind::U64 => calls::standard(Standard::U64)?,
        Kind::I64 => calls::standard(Standard::I64)?,
        Kind::F32 => calls::standard(Standard::F32)?,
        Kind::F64 => calls::standard(Standard::F64)?,
    };
    if member.dims.is_empty() {
        return Ok(number);
    }
    let dims: Vec<u64> = member.dims.iter().map(|&n| n as u64).collect();
    Ok(calls::fixed_array_type(&number, &dims)?)
}

/// A row as the filter sees it.
fn record(table: &Table) -> Type {
    let members = table.members.iter().map(|member| {
        let of = match member.text {
            0 => {
                let one = number(member.kind);
                match member.count() {
                    1 => one,
                    n => Type::Array(Box::new(one), u32::try_from(n).unwrap_or(u32::MAX)),
                }
            }
            text => Type::Bytes(u32::try_from(text).unwrap_or(u32::MAX)),
        };
        (u32::try_from(member.offset).unwrap_or(u32::MAX), of)
    });
    Type::Compound(
        u32::try_from(table.record).unwrap_or(u32::MAX),
        members.collect(),
    )
}

fn number(kind: Kind) -> Type {
    let numbers = match kind {
        Kind::Bool | Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => Numbers::Uint,
        Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => Numbers::Int,
        Kind::F32 | Kind::F64 => Numbers::Float,
    };
    Type::Number(numbers, kind.size() as u32, ByteOrder::Little)
}
