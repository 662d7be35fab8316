//! A file to an archive. The file is read front to back, a part at a time; every part is put
//! together again and compared before it is written.

use catena_container::{Writer, parallel};
use std::io::{Read, Seek, Write};

use catena_filter::Level;
use catena_filter::block::{self, BlockOptions};

use crate::error::{Error, ErrorKind, Result};
use crate::lossy::{Lossy, LossyOptions};
use crate::source::{Format, Map, NPY_MAGIC, Source, Tensor, What, parse_npy};

use super::catalogue::{self, TensorInfo};
use super::deflate::{Search, inflate};
use super::format::{CATALOGUE, FORMAT, LOSSY, PLAIN, SEGMENT};
use super::split::Splitter;
use super::{PART, segment, streams};

/// Most bytes of a tensor in one stream: what is longer is cut at whole rows, so that threads share
/// it.
const STREAM: u64 = 8 << 20;
/// Longer members of zip files are not inflated: they stay as they are.
const MEMBER_MAX: u64 = 512 << 20;
/// An archive may be longer than its file by so much before the catalogue is left out.
const CATALOGUE_SLACK: u64 = 64;

/// How to pack.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PackOptions {
    /// Effort.
    pub level: Level,
    /// Threads, 0: one a core. The archive does not depend on it.
    pub threads: usize,
    /// What may be lost; `None`: nothing.
    pub lossy: Option<LossyOptions>,
}

impl PackOptions {
    /// Sets the effort.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the threads.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Lets something be lost.
    pub fn with_lossy(mut self, lossy: impl Into<Option<LossyOptions>>) -> Self {
        self.lossy = lossy.into();
        self
    }
}

/// What was packed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Kind of the file: safetensors, npy or npz.
    pub format: String,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// The tensors, in the order of the file.
    pub tensors: Vec<TensorInfo>,
    /// What was kept as bytes, and why.
    pub notes: Vec<String>,
}

/// Packs a safetensors, npy or npz file. `on` is told how many bytes of the file were dealt with
/// since the last time.
///
/// # Errors
/// `Malformed`, `Unsupported`: the file; nothing was written then. `InvalidInput`: the options.
/// `Io`, `Codec`.
pub fn pack(
    input: &mut (impl Read + Seek),
    output: impl Write,
    options: &PackOptions,
    on: &(dyn Fn(u64) + Sync),
) -> Result<Summary> {
    let map = Map::of(input)?;
    if let Some(lossy) = &options.lossy {
        lossy.check()?;
        if map.format == Format::Npz {
            return Err(Error::unsupported(
                "npz files are packed without loss alone, for the zip file has checksums of its members",
            ));
        }
    }
    let source = Source::new(input, map.file_bytes);
    let flags = if options.lossy.is_some() { LOSSY } else { 0 };
    let mut packing = Packing {
        writer: Writer::new(output, &FORMAT, flags)?,
        options,
        threads: parallel::threads(options.threads),
        splitter: Splitter::new(options.level),
        file: Vec::new(),
        search: Search::default(),
        lossy: options.lossy.map(|it| Lossy::new(it, options.level)),
        summary: Summary {
            format: map.format.name().into(),
            file_bytes: map.file_bytes,
            notes: map.notes.clone(),
            ..Summary::default()
        },
        on,
    };
    packing.run(source, &map)?;
    packing.finish()
}

struct Packing<'a, W> {
    writer: Writer<W>,
    options: &'a PackOptions,
    threads: usize,
    splitter: Splitter,
    /// The bytes of the part that grows.
    file: Vec<u8>,
    search: Search,
    lossy: Option<Lossy>,
    summary: Summary,
    on: &'a (dyn Fn(u64) + Sync),
}

impl<W: Write> Packing<'_, W> {
    fn run<R: Read + Seek>(&mut self, mut source: Source<'_, R>, map: &Map) -> Result<()> {
        let mut at = 0;
        for extent in &map.extents {
            self.plain(&mut source, at, extent.start, false)?;
            match &extent.what {
                What::Tensor(tensor) => {
                    let number = self.add(tensor, extent.len);
                    self.tensor(&mut source, number, tensor, extent.start, extent.len)?;
                }
                What::Deflated(name, raw_len) => {
                    self.member(&mut source, name, extent.start, extent.len, *raw_len)?;
                }
            }
            at = extent.start + extent.len;
        }
        self.plain(&mut source, at, map.file_bytes, false)?;
        self.flush()
    }

    /// Bytes of no tensor.
    fn plain<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        mut at: u64,
        end: u64,
        kept: bool,
    ) -> Result<()> {
        while at < end {
            let bytes = source.read(at, (end - at).min(STREAM))?;
            match kept {
                true => self.splitter.kept(&bytes),
                false => self.splitter.bytes(&bytes),
            }
            at += bytes.len() as u64;
            self.grow(&bytes)?;
        }
        Ok(())
    }

    fn tensor<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        number: usize,
        tensor: &Tensor,
        start: u64,
        len: u64,
    ) -> Result<()> {
        let (mut at, end) = (start, start + len);
        let step = stream_len(tensor);
        while at < end {
            let bytes = source.read(at, (end - at).min(step))?;
            at += bytes.len() as u64;
            let lost = match &mut self.lossy {
                Some(lossy) => self.splitter.lossy(number, tensor, &bytes, lossy),
                None => false,
            };
            if !lost {
                self.splitter.tensor(number, tensor, &bytes);
            }
            self.grow(&bytes)?;
        }
        Ok(())
    }

    /// A deflated member: inflated, if deflating it again gives the same bytes.
    fn member<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        name: &str,
        start: u64,
        len: u64,
        raw_len: u64,
    ) -> Result<()> {
        let fits = len <= MEMBER_MAX && raw_len <= MEMBER_MAX;
        let opened = match fits {
            true => {
                let coded = source.read(start, len)?;
                let raw = inflate(&coded, raw_len);
                raw.and_then(|raw| Some((self.search.find(&raw, &coded)?, raw, coded)))
            }
            false => None,
        };
        let Some((setting, raw, coded)) = opened else {
            self.summary.notes.push(format!(
                "{name}: kept as bytes: zlib does not deflate it to the same bytes"
            ));
            return self.plain(source, start, start + len, true);
        };
        let from = self.splitter.begin_span();
        match array(&raw, name) {
            Ok((tensor, [head, body, rest])) => {
                self.splitter.bytes(head);
                let number = self.add(&tensor, body.len() as u64);
                let step = usize::try_from(stream_len(&tensor)).unwrap_or(usize::MAX);
                for part in body.chunks(step.max(1)) {
                    self.splitter.tensor(number, &tensor, part);
                }
                self.splitter.bytes(rest);
            }
            Err(e) => {
                self.summary.notes.push(format!("packed as bytes: {e}"));
                self.splitter.bytes(&raw);
            }
        }
        self.splitter.deflate(from, setting);
        self.grow(&coded)
    }

    /// A tensor for the catalogue; its number.
    fn add(&mut self, tensor: &Tensor, bytes: u64) -> usize {
        self.summary.tensors.push(TensorInfo {
            name: tensor.name.clone(),
            dtype: tensor.dtype.name().into(),
            shape: tensor.shape.clone(),
            bytes,
            ..TensorInfo::default()
        });
        self.summary.tensors.len() - 1
    }

    /// More bytes of the file were taken.
    fn grow(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.extend_from_slice(bytes);
        let raw: usize = self.splitter.streams.iter().map(|it| it.raw.len()).sum();
        match self.file.len().max(raw) as u64 >= PART {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes the part that has grown.
    fn flush(&mut self) -> Result<()> {
        let splitter = std::mem::replace(&mut self.splitter, Splitter::new(self.options.level));
        let file = std::mem::take(&mut self.file);
        if file.is_empty() {
            return Ok(());
        }
        let told = std::sync::atomic::AtomicU64::new(0);
        let most = file.len() as u64;
        let tell = |n: u64| {
            let before = told
                .fetch_add(n, std::sync::atomic::Ordering::Relaxed)
                .min(most);
            (self.on)(n.min(most - before));
        };
        let coded = streams::code(
            &splitter.spans,
            &splitter.streams,
            self.options.level,
            self.threads,
            &tell,
        )?;
        let raw: Vec<Vec<u8>> = splitter.streams.into_iter().map(|it| it.raw).collect();
        let restored = segment::restore(&splitter.spans, &raw, file.len() as u64)?;
        let same = restored == file;
        if !same && self.lossy.is_none() {
            return Err(Error::corrupt(
                "a part that does not come back: a defect of this program",
            ));
        }
        let plain = match same && coded.payload.len() >= file.len() {
            true => Some(plain(&file)?),
            false => None,
        };
        match plain.filter(|plain| plain.len() < coded.payload.len()) {
            Some(plain) => self.writer.section(PLAIN, &file, &plain)?,
            None => self.writer.section(SEGMENT, &restored, &coded.payload)?,
        }
        for ((shares, coded), raw) in splitter.shares.iter().zip(&coded.lens).zip(&raw) {
            for (number, bytes) in shares {
                if let Some(tensor) = self.summary.tensors.get_mut(*number) {
                    let share = u128::from(*coded) * u128::from(*bytes) / raw.len().max(1) as u128;
                    tensor.archive_bytes += share as u64;
                }
            }
        }
        (self.on)(most.saturating_sub(told.into_inner()));
        Ok(())
    }

    fn finish(mut self) -> Result<Summary> {
        if let Some(lossy) = &self.lossy {
            for (number, tensor) in self.summary.tensors.iter_mut().enumerate() {
                tensor.loss = lossy.loss(number);
            }
        }
        let summary = &self.summary;
        let text = catalogue::write(&summary.format, &summary.tensors, &summary.notes);
        let options = BlockOptions::new()
            .with_threads(1)
            .with_level(self.options.level);
        let coded = block::encode(&text, &catena_filter::Layout::bytes(), &options)
            .map_err(ErrorKind::Codec)?;
        // A reader of a lossy archive must be able to tell what was lost.
        let fits =
            self.writer.written() + coded.len() as u64 <= summary.file_bytes + CATALOGUE_SLACK;
        if fits || self.lossy.is_some() {
            self.writer.section(CATALOGUE, &[], &coded)?;
        }
        self.summary.archive_bytes = self.writer.finish()?;
        Ok(self.summary)
    }
}

/// Bytes of a tensor that go into one stream: whole rows, or whole elements where a row is too
/// long.
fn stream_len(tensor: &Tensor) -> u64 {
    let width = tensor.dtype.width().max(1);
    let row = tensor
        .axes()
        .iter()
        .skip(1)
        .try_fold(width, |n, &len| n.checked_mul(len));
    let unit = row.filter(|&row| row > 0 && row <= STREAM).unwrap_or(width);
    match unit <= STREAM {
        true => STREAM - STREAM % unit,
        false => STREAM,
    }
}

/// The array of a member: header, elements, and what follows.
fn array<'a>(raw: &'a [u8], name: &str) -> Result<(Tensor, [&'a [u8]; 3])> {
    if !raw.starts_with(&NPY_MAGIC) {
        return Err(Error::malformed("no npy array").within(name));
    }
    let (tensor, from) = parse_npy(raw, name)?;
    let short = || Error::malformed("shorter than its shape").within(name);
    let from = usize::try_from(from).map_err(|_| short())?;
    let len = usize::try_from(tensor.bytes()?).map_err(|_| short())?;
    let (head, rest) = raw.split_at_checked(from).ok_or_else(short)?;
    let (body, rest) = rest.split_at_checked(len).ok_or_else(short)?;
    Ok((tensor, [head, body, rest]))
}

/// Bytes as one block, at no cost.
fn plain(file: &[u8]) -> Result<Vec<u8>> {
    let options = BlockOptions::new().with_threads(1).with_level(Level::MIN);
    block::encode(file, &catena_filter::Layout::bytes(), &options)
        .map_err(|e| ErrorKind::Codec(e).into())
}
