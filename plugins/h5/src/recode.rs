//! Chunks on their way from one dataset to another.
//!
//! Reading and writing is the library's, on its one thread; decoding and encoding is the workers'.

use std::sync::Arc;

use catena_filter::Model;
use catena_hdf5_calls::{
    Handle, chunks, fill_value, read_block, read_chunk, write_block, write_chunk,
};
use h5catena::{Parsed, decode_chunk, encode_chunk};

use crate::codec;
use crate::error::{Error, Result};
use crate::plan::Source;

/// How a dataset's chunks are encoded.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    pub(crate) parsed: Parsed,
    pub(crate) model: Option<Arc<Model>>,
}

impl Codec {
    /// The codec of a dataset that has this filter alone.
    pub(crate) fn of(source: &Source) -> Result<Option<Self>> {
        match &source.filters[..] {
            [only] if only.id == codec::ID => {
                let parsed = Parsed::parse(&only.values)?;
                let model = codec::model_of(&parsed);
                Ok(Some(Codec { parsed, model }))
            }
            _ => Ok(None),
        }
    }
}

/// A chunk for a worker.
pub(crate) struct Job {
    bytes: Vec<u8>,
    decode: Option<Arc<Codec>>,
    encode: Option<Arc<Codec>>,
    raw_len: usize,
    threads: usize,
}

/// What a worker made of a chunk.
pub(crate) struct Done {
    pub(crate) bytes: Vec<u8>,
    /// Bit 0: the filter was left out.
    pub(crate) mask: u32,
    pub(crate) raw_len: usize,
}

impl Job {
    /// The work.
    pub(crate) fn run(self) -> Result<Done> {
        let threads = self.threads;
        let raw = match &self.decode {
            Some(codec) => decode_chunk(&self.bytes, &codec.parsed, codec.model.clone(), threads)?,
            None => self.bytes,
        };
        if raw.len() != self.raw_len {
            let (is, should) = (raw.len(), self.raw_len);
            return Err(Error::new(format!(
                "a chunk has {is} bytes, not {should}: it is damaged"
            )));
        }
        let raw_len = raw.len();
        let coded = match &self.encode {
            Some(codec) => encode_chunk(&raw, &codec.parsed, codec.model.clone(), threads)?,
            None => {
                return Ok(Done {
                    bytes: raw,
                    mask: 0,
                    raw_len,
                });
            }
        };
        // What does not shrink is stored without the filter, as the file's mask can say.
        Ok(if coded.len() < raw_len {
            Done {
                bytes: coded,
                mask: 0,
                raw_len,
            }
        } else {
            Done {
                bytes: raw,
                mask: 1,
                raw_len,
            }
        })
    }
}

/// Reads a dataset chunk by chunk, in a shape that need not be its own.
pub(crate) struct ChunkReader<'a> {
    source: &'a Source,
    shape: Vec<u64>,
    raw_len: usize,
    fill: Vec<u8>,
    /// Its chunks are decoded by workers.
    codec: Option<Arc<Codec>>,
}

impl<'a> ChunkReader<'a> {
    /// A reader of chunks of this shape, which has the dataset's number of axes.
    pub(crate) fn new(source: &'a Source, shape: Vec<u64>) -> Result<Self> {
        let count = shape
            .iter()
            .try_fold(source.size, |n, &dim| n.checked_mul(dim));
        let raw_len = count.and_then(|n| usize::try_from(n).ok());
        let raw_len = raw_len.filter(|&n| n <= u32::MAX as usize && n > 0);
        let raw_len = raw_len.ok_or_else(|| Error::new("chunks of 4 GiB and more cannot be"))?;
        let codec = match source.chunk.as_ref() == Some(&shape) {
            true => Codec::of(source)?.map(Arc::new),
            false => None,
        };
        let fill = fill_value(&source.dcpl, &source.datatype)?.unwrap_or_default();
        Ok(ChunkReader {
            source,
            shape,
            raw_len,
            fill: if fill.iter().all(|&b| b == 0) {
                Vec::new()
            } else {
                fill
            },
            codec,
        })
    }

    /// Where its chunks begin: those that the file has if they have this shape, else all.
    pub(crate) fn starts(&self) -> Result<Vec<Vec<u64>>> {
        let dims = self.source.extent.dims();
        if self.source.chunk.as_ref() == Some(&self.shape) {
            let inside = |start: &[u64]| start.iter().zip(dims).all(|(at, dim)| at < dim);
            let found = chunks(&self.source.handle)?
                .into_iter()
                .map(|chunk| chunk.start);
            return Ok(found.filter(|start| inside(start)).collect());
        }
        Ok(self.grid())
    }

    /// Where all chunks of this shape begin.
    pub(crate) fn grid(&self) -> Vec<Vec<u64>> {
        let dims = self.source.extent.dims();
        let mut starts: Vec<Vec<u64>> = vec![Vec::new()];
        for (&dim, &step) in dims.iter().zip(&self.shape) {
            let longer = |start: &Vec<u64>| {
                let start = start.clone();
                (0..dim.div_ceil(step)).map(move |i| {
                    let mut longer = start.clone();
                    longer.push(i * step);
                    longer
                })
            };
            starts = starts.iter().flat_map(longer).collect();
        }
        starts
    }

    /// How much of the chunk is inside the dataset.
    pub(crate) fn count(&self, start: &[u64]) -> Vec<u64> {
        let dims = self.source.extent.dims().iter().zip(start);
        let left = dims.map(|(dim, at)| dim.saturating_sub(*at));
        left.zip(&self.shape)
            .map(|(left, &n)| left.min(n))
            .collect()
    }

    /// The elements of a chunk; what is outside of the dataset is the fill value, as the library
    /// has it.
    pub(crate) fn elements(&self, start: &[u64]) -> Result<Vec<u8>> {
        let count = self.count(start);
        let mut raw = match self.fill.is_empty() || count == self.shape {
            true => vec![0; self.raw_len],
            false => self.fill.repeat(self.raw_len / self.fill.len()),
        };
        let part = (start, &count[..], &self.shape[..]);
        read_block(&self.source.handle, &self.source.datatype, part, &mut raw)?;
        Ok(raw)
    }

    /// Whether a chunk is inside the dataset as a whole.
    pub(crate) fn is_whole(&self, start: &[u64]) -> bool {
        self.count(start) == self.shape
    }

    /// Raw bytes of a chunk.
    pub(crate) fn raw_len(&self) -> usize {
        self.raw_len
    }

    /// The elements of a chunk that are inside the dataset, one after another.
    pub(crate) fn inside(&self, start: &[u64]) -> Result<Vec<u8>> {
        let count = self.count(start);
        let n = count
            .iter()
            .product::<u64>()
            .saturating_mul(self.source.size);
        let mut raw = vec![0; usize::try_from(n).unwrap_or(0)];
        let part = (start, &count[..], &count[..]);
        read_block(&self.source.handle, &self.source.datatype, part, &mut raw)?;
        Ok(raw)
    }

    /// A chunk for a worker, to be encoded so or not at all. `threads` are for this one chunk.
    pub(crate) fn job(
        &self,
        start: &[u64],
        encode: Option<Arc<Codec>>,
        threads: usize,
    ) -> Result<Job> {
        let stored = match &self.codec {
            Some(_) if !self.source.is_bare_edge(start, &self.shape) => {
                read_chunk(&self.source.handle, start)?
            }
            _ => None,
        };
        let (bytes, decode) = match stored {
            Some((mask, bytes)) if mask & 1 == 0 => (bytes, self.codec.clone()),
            Some((_, bytes)) => (bytes, None),
            None => (self.elements(start)?, None),
        };
        Ok(Job {
            bytes,
            decode,
            encode,
            raw_len: self.raw_len,
            threads,
        })
    }

    /// Writes a chunk that a worker is done with: as it is stored, or as elements that the library
    /// filters.
    pub(crate) fn write(
        &self,
        to: &Handle,
        start: &[u64],
        done: &Done,
        stored: bool,
    ) -> Result<()> {
        if stored {
            write_chunk(to, start, done.mask, &done.bytes)?;
        } else {
            let count = self.count(start);
            let part = (start, &count[..], &self.shape[..]);
            write_block(to, &self.source.datatype, part, &done.bytes)?;
        }
        Ok(())
    }
}
