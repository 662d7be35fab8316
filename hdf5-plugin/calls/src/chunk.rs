//! Chunks as they are stored.

use std::ffi::{c_int, c_uint, c_void};

use hdf5_metno_sys::h5::{HADDR_UNDEF, haddr_t, hsize_t};
use hdf5_metno_sys::h5d::{
    H5Dchunk_iter, H5Dget_chunk_info_by_coord, H5Dread_chunk, H5Dwrite_chunk,
};
use hdf5_metno_sys::h5p::H5P_DEFAULT;

use crate::dataset::dataset_space;
use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::space::extent;

/// A chunk that the file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Where its first element stands in the dataset.
    pub start: Vec<u64>,
    /// Filters that it was written without: a bit each, by their place in the pipeline.
    pub mask: u32,
    /// Bytes that it takes.
    pub size: u64,
}

struct Walk {
    rank: usize,
    found: Vec<StoredChunk>,
}

unsafe extern "C" fn collect(
    start: *const hsize_t,
    mask: c_uint,
    _: haddr_t,
    size: hsize_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `data` is the record of `chunks`; the library gives a number for each axis.
    unsafe {
        let walk = &mut *data.cast::<Walk>();
        let start = std::slice::from_raw_parts(start, walk.rank).to_vec();
        walk.found.push(StoredChunk { start, mask, size });
    }
    0
}

/// All chunks that the file has, in the order of their places.
///
/// # Errors
/// Not chunked; a damaged index.
pub fn chunks(dataset: &Handle) -> Result<Vec<StoredChunk>> {
    let rank = extent(&dataset_space(dataset)?)?.dims().len();
    let found = Vec::new();
    let mut walk = Walk { rank, found };
    let _lock = enter();
    // SAFETY: the callback gets the pointer given here, to a record that outlives the call.
    done("H5Dchunk_iter", unsafe {
        H5Dchunk_iter(
            dataset.id(),
            H5P_DEFAULT,
            Some(collect),
            (&raw mut walk).cast(),
        )
    })?;
    let mut found = walk.found;
    found.sort_by(|a, b| a.start.cmp(&b.start));
    Ok(found)
}

fn check_rank(dataset: &Handle, start: &[u64]) -> Result<()> {
    if extent(&dataset_space(dataset)?)?.dims().len() != start.len() {
        return Err(Error::own("H5Dread_chunk", "not as many axes"));
    }
    Ok(())
}

/// A chunk's bytes as they are stored; `None` if the file has no chunk there.
///
/// # Errors
/// Not the beginning of a chunk; of reading.
pub fn read_chunk(dataset: &Handle, start: &[u64]) -> Result<Option<(u32, Vec<u8>)>> {
    check_rank(dataset, start)?;
    let (mut mask, mut address, mut size) = (0, HADDR_UNDEF, 0);
    let _lock = enter();
    // SAFETY: a number for each axis is read, three numbers are written.
    done("H5Dget_chunk_info_by_coord", unsafe {
        H5Dget_chunk_info_by_coord(
            dataset.id(),
            start.as_ptr(),
            &mut mask,
            &mut address,
            &mut size,
        )
    })?;
    if address == HADDR_UNDEF {
        return Ok(None);
    }
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    let mut bytes: Vec<u8> = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| Error::own("H5Dread_chunk", "a chunk of absurd size"))?;
    bytes.resize(len, 0);
    // SAFETY: a number for each axis is read, as many bytes are written as the chunk takes.
    done("H5Dread_chunk", unsafe {
        H5Dread_chunk(
            dataset.id(),
            H5P_DEFAULT,
            start.as_ptr(),
            &mut mask,
            bytes.as_mut_ptr().cast(),
        )
    })?;
    Ok(Some((mask, bytes)))
}

/// Writes a chunk's bytes as they are to be stored. `mask`: the filters that were left out, a bit
/// each.
///
/// # Errors
/// Not the beginning of a chunk; of writing.
pub fn write_chunk(dataset: &Handle, start: &[u64], mask: u32, bytes: &[u8]) -> Result<()> {
    check_rank(dataset, start)?;
    let _lock = enter();
    // SAFETY: a number for each axis and as many bytes are read as are said to be there.
    done("H5Dwrite_chunk", unsafe {
        H5Dwrite_chunk(
            dataset.id(),
            H5P_DEFAULT,
            mask,
            start.as_ptr(),
            bytes.len(),
            bytes.as_ptr().cast(),
        )
    })
}
