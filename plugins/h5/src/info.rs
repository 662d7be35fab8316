//! Info: how a file stores its datasets.

use std::path::Path;

use catena_filter::block;
use catena_hdf5_calls::{Extent, ObjectKind, Storage, chunks, open_object, read_chunk};
use h5catena::Parsed;
use serde::Serialize;

use crate::codec;
use crate::error::{At, Result};
use crate::models;
use crate::plan::Source;
use crate::rewrite::open;
use crate::types;

/// A file.
#[derive(Clone, Debug, Serialize)]
pub struct FileInfo {
    /// Bytes.
    pub file_bytes: u64,
    /// All datasets but models.
    pub datasets: Vec<DatasetInfo>,
    /// Names of the models that it carries: the first 16 digits of their hashes.
    pub models: Vec<String>,
}

/// A dataset.
#[derive(Clone, Debug, Serialize)]
pub struct DatasetInfo {
    /// Where it is.
    pub path: String,
    /// What an element is.
    pub dtype: String,
    /// Lengths of its axes.
    pub shape: Vec<u64>,
    /// compact, contiguous, chunked, virtual or external.
    pub storage: &'static str,
    /// The shape of its chunks.
    pub chunk: Option<Vec<u64>>,
    /// Chunks that the file has.
    pub chunks: Option<usize>,
    /// Its filters, by number, in the order of writing.
    pub filters: Vec<i32>,
    /// Filters that are not here.
    pub missing: Vec<i32>,
    /// Raw bytes.
    pub raw: u64,
    /// Bytes of its elements in the file.
    pub stored: u64,
    /// What our filter says, if it is there.
    pub catena: Option<CatenaInfo>,
}

/// What our filter's values and chunks say.
#[derive(Clone, Debug, Serialize)]
pub struct CatenaInfo {
    /// Effort.
    pub level: u8,
    /// The model's name.
    pub model: Option<String>,
    /// Whether that model is in this file or installed.
    pub model_found: Option<bool>,
    /// What a chunk's bytes are taken for.
    pub layout: String,
    /// Chunks that are stored as they are, because nothing makes them smaller.
    pub raw_chunks: usize,
}

/// Describes a file.
///
/// # Errors
/// Not an HDF5 file, damaged.
pub fn info(path: &Path) -> Result<FileInfo> {
    let (file, tree) = open(path)?;
    let mut info = FileInfo {
        file_bytes: std::fs::metadata(path)?.len(),
        datasets: Vec::new(),
        models: Vec::new(),
    };
    for object in &tree.objects {
        if object.kind != ObjectKind::Dataset {
            continue;
        }
        if models::is_model(&tree, &object.path) {
            let name = object.path.rsplit('/').next().unwrap_or_default();
            info.models.push(name.into());
            continue;
        }
        let handle = open_object(&file, &object.name).at(&object.path)?;
        let source = Source::new(handle, &object.path).at(&object.path)?;
        info.datasets.push(dataset(&source).at(&object.path)?);
    }
    Ok(info)
}

fn dataset(source: &Source) -> Result<DatasetInfo> {
    let found = match source.storage {
        Storage::Chunked if !matches!(source.extent, Extent::Null) => Some(chunks(&source.handle)?),
        _ => None,
    };
    let ours = source.filters.iter().position(|f| f.id == codec::ID);
    let catena = match ours {
        None => None,
        Some(at) => {
            let parsed = Parsed::parse(&source.filters[at].values)?;
            let mut raw_chunks = 0;
            for chunk in found.iter().flatten() {
                // Those that the filter was left out of, and blocks that say so themselves.
                let shape = source.chunk.as_deref().unwrap_or_default();
                let raw = chunk.mask >> at & 1 == 1
                    || source.is_bare_edge(&chunk.start, shape)
                    || match at + 1 == source.filters.len() {
                        true => read_chunk(&source.handle, &chunk.start)?
                            .and_then(|(_, bytes)| block::info(&bytes).ok())
                            .is_some_and(|block| block.level == 0),
                        false => false,
                    };
                raw_chunks += usize::from(raw);
            }
            let model = parsed.settings.model_name();
            let of_file = model.as_ref().map(|name| models::known(name).is_some());
            Some(CatenaInfo {
                level: parsed.settings.level.get(),
                model_found: of_file,
                model,
                layout: parsed.layout.dtype(),
                raw_chunks,
            })
        }
    };
    Ok(DatasetInfo {
        path: source.path.clone(),
        dtype: types::shown(&source.datatype)?,
        shape: source.extent.dims().to_vec(),
        storage: match source.storage {
            _ if source.external => "external",
            Storage::Compact => "compact",
            Storage::Contiguous => "contiguous",
            Storage::Chunked => "chunked",
            Storage::Virtual => "virtual",
        },
        chunk: source.chunk.clone(),
        chunks: found.map(|found| found.len()),
        filters: source.filters.iter().map(|f| f.id).collect(),
        missing: source
            .filters
            .iter()
            .filter(|f| !f.available)
            .map(|f| f.id)
            .collect(),
        raw: source.raw().unwrap_or(u64::MAX),
        stored: source.stored(),
        catena,
    })
}
