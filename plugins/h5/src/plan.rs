//! What becomes of a dataset: its new chunks, or nothing.

use catena_hdf5_calls::{self as calls, Filter};
use catena_hdf5_calls::{
    Extent, Handle, Storage, chunk_shape, dataset_plist, dataset_space, dataset_type, extent,
    external_count, filters, has_bare_edges, has_pointers, size, storage,
};
use glob::Pattern;

use crate::error::Result;

/// How large chunks are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Chunking {
    /// As they are; datasets without chunks get some of at most 1 MiB.
    #[default]
    Keep,
    /// At most 1 MiB each, for all.
    Auto,
    /// This shape, for the datasets that have as many axes; for the others as they are.
    Shape(Vec<u64>),
}

/// Raw bytes of an automatic chunk: what the library's chunk cache holds, so that a chunk is
/// decoded once however it is read.
const TARGET: u64 = 1 << 20;
/// Datasets below this are not worth a chunk index.
const LEAST: u64 = 2048;

/// A dataset, opened.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) handle: Handle,
    pub(crate) datatype: Handle,
    pub(crate) dcpl: Handle,
    pub(crate) extent: Extent,
    pub(crate) storage: Storage,
    pub(crate) filters: Vec<Filter>,
    /// The shape of its chunks, if it has any.
    pub(crate) chunk: Option<Vec<u64>>,
    /// Whether chunks that reach beyond it are stored without filters, whatever their masks say.
    pub(crate) bare_edges: bool,
    /// Bytes of an element.
    pub(crate) size: u64,
    /// Whether its elements hold pointers or references.
    pub(crate) pointers: bool,
    /// Whether other files hold it.
    pub(crate) external: bool,
}

impl Source {
    /// Looks at a dataset.
    ///
    /// # Errors
    /// Damaged; a type that the library does not know.
    pub(crate) fn new(handle: Handle, path: &str) -> Result<Self> {
        let datatype = dataset_type(&handle)?;
        let dcpl = dataset_plist(&handle)?;
        let storage = storage(&dcpl)?;
        let chunk = match storage {
            Storage::Chunked => Some(chunk_shape(&dcpl)?),
            _ => None,
        };
        Ok(Source {
            path: path.into(),
            extent: extent(&dataset_space(&handle)?)?,
            filters: filters(&dcpl)?,
            size: size(&datatype) as u64,
            pointers: has_pointers(&datatype)?,
            external: external_count(&dcpl)? > 0,
            bare_edges: chunk.is_some() && has_bare_edges(&dcpl)?,
            storage,
            chunk,
            handle,
            datatype,
            dcpl,
        })
    }

    /// Whether the chunk of this shape that begins here is stored without filters because it
    /// reaches beyond the dataset.
    pub(crate) fn is_bare_edge(&self, start: &[u64], shape: &[u64]) -> bool {
        let mut axes = start.iter().zip(shape).zip(self.extent.dims());
        self.bare_edges && axes.any(|((at, n), dim)| at.saturating_add(*n) > *dim)
    }

    /// Raw bytes; `None` if 64 bits do not hold the number.
    pub(crate) fn raw(&self) -> Option<u64> {
        self.extent.count()?.checked_mul(self.size)
    }

    /// Bytes that its elements take in the file.
    pub(crate) fn stored(&self) -> u64 {
        calls::storage_size(&self.handle)
    }

    /// The first filter that is missing here.
    pub(crate) fn missing(&self) -> Option<&Filter> {
        self.filters.iter().find(|filter| !filter.available)
    }

    /// Whether the dataset's bytes can go through another filter at all.
    pub(crate) fn is_plain(&self) -> bool {
        let raw = self.raw().unwrap_or(0);
        let large = match self.storage {
            Storage::Chunked => self.stored() > 0,
            Storage::Contiguous => raw >= LEAST && !self.external && self.stored() > 0,
            Storage::Compact => raw >= LEAST,
            Storage::Virtual => false,
        };
        large && !self.pointers && raw > 0 && !self.extent.dims().is_empty()
    }

    /// The shape of its chunks to be.
    pub(crate) fn chunk_for(&self, chunking: &Chunking) -> Vec<u64> {
        let Extent::Simple(dims, most) = &self.extent else {
            return Vec::new();
        };
        match (chunking, &self.chunk) {
            (Chunking::Shape(shape), _) if shape.len() == dims.len() => {
                // A chunk may reach beyond an axis only where that may grow.
                let axes = shape.iter().zip(dims).zip(most);
                axes.map(|((&n, &dim), most)| match most {
                    Some(most) => n.min((*most).max(dim)).max(1),
                    None => n.max(1),
                })
                .collect()
            }
            (Chunking::Keep | Chunking::Shape(_), Some(chunk)) => chunk.clone(),
            _ => automatic(dims, self.size),
        }
    }
}

/// Whole slices along the first axes, evenly cut, of at most [`TARGET`] bytes.
fn automatic(dims: &[u64], size: u64) -> Vec<u64> {
    let mut chunk: Vec<u64> = dims.iter().map(|&dim| dim.max(1)).collect();
    for axis in 0..chunk.len() {
        let inner = chunk[axis + 1..]
            .iter()
            .product::<u64>()
            .saturating_mul(size.max(1));
        let most = (TARGET / inner.max(1)).clamp(1, chunk[axis]);
        let pieces = chunk[axis].div_ceil(most);
        chunk[axis] = chunk[axis].div_ceil(pieces);
        if most > 1 || inner <= TARGET {
            break;
        }
    }
    chunk
}

/// Whether a path is chosen. Patterns without a leading slash match it without its own.
pub(crate) fn is_chosen(patterns: &[Pattern], path: &str) -> bool {
    let inner = path.trim_start_matches('/');
    patterns.is_empty() || patterns.iter().any(|p| p.matches(path) || p.matches(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_chunks_are_even_and_small() {
        assert_eq!(automatic(&[10], 4), [10]);
        assert_eq!(automatic(&[1 << 20], 4), [1 << 18]);
        assert_eq!(automatic(&[20_000], 140), [6667]);
        assert_eq!(automatic(&[240, 37, 49], 4), [120, 37, 49]);
        assert_eq!(automatic(&[3, 1 << 20, 2], 4), [1, 1 << 17, 2]);
    }

    #[test]
    fn globs_match_with_and_without_the_slash() {
        let pattern = |text| vec![Pattern::new(text).unwrap()];
        assert!(is_chosen(&[], "/a"));
        assert!(is_chosen(&pattern("jets"), "/jets"));
        assert!(is_chosen(&pattern("/ch*/A_*"), "/ch1/A_max"));
        assert!(!is_chosen(&pattern("jets"), "/tracks"));
    }
}
