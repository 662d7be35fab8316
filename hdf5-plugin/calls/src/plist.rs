//! A dataset's creation properties: storage, chunks, filters, fill value.

use std::ffi::{CStr, c_char, c_int, c_uint};

use hdf5_metno_sys::h5d::{
    H5D_ALLOC_TIME_INCR, H5D_CHUNKED, H5D_COMPACT, H5D_CONTIGUOUS, H5D_FILL_VALUE_UNDEFINED,
};
use hdf5_metno_sys::h5p::{
    H5P_CLS_DATASET_CREATE, H5Pcopy, H5Pcreate, H5Pfill_value_defined, H5Pget_chunk,
    H5Pget_chunk_opts, H5Pget_external_count, H5Pget_fill_value, H5Pget_filter2, H5Pget_layout,
    H5Pget_nfilters, H5Premove_filter, H5Pset_alloc_time, H5Pset_chunk, H5Pset_chunk_opts,
    H5Pset_deflate, H5Pset_fill_value, H5Pset_filter, H5Pset_obj_track_times, H5Pset_shuffle,
};
use hdf5_metno_sys::h5t::H5Tget_size;
use hdf5_metno_sys::h5z::{H5Z_FLAG_MANDATORY, H5Z_FLAG_OPTIONAL, H5Zfilter_avail};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter, truth};
use crate::types::has_pointers;

/// Most axes that HDF5 knows.
const MAX_RANK: usize = 32;
/// `H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS`.
const BARE_EDGES: c_uint = 2;

/// How a dataset's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the object header.
    Compact,
    /// In one piece, here or in other files.
    Contiguous,
    /// In chunks.
    Chunked,
    /// In other datasets.
    Virtual,
}

/// A filter of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its number.
    pub id: i32,
    /// Its name, as the file has it.
    pub name: String,
    /// Its values.
    pub values: Vec<u32>,
    /// Whether the library here has it.
    pub available: bool,
}

/// A copy that can be changed.
///
/// # Errors
/// Not a property list.
pub fn copy_plist(list: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Pcopy", unsafe { H5Pcopy(list.id()) })
}

/// Creation properties of a dataset, as they are by default.
///
/// # Errors
/// None to be expected.
pub fn dataset_create_plist() -> Result<Handle> {
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_DATASET_CREATE) })
}

/// Where a dataset's bytes are.
///
/// # Errors
/// Not a dataset's creation properties.
pub fn storage(dcpl: &Handle) -> Result<Storage> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks; it answers with one of its own constants.
    match unsafe { H5Pget_layout(dcpl.id()) } {
        H5D_COMPACT => Ok(Storage::Compact),
        H5D_CONTIGUOUS => Ok(Storage::Contiguous),
        H5D_CHUNKED => Ok(Storage::Chunked),
        hdf5_metno_sys::h5d::H5D_VIRTUAL => Ok(Storage::Virtual),
        _ => Err(Error::last("H5Pget_layout")),
    }
}

/// The shape of chunks.
///
/// # Errors
/// Not chunked.
pub fn chunk_shape(dcpl: &Handle) -> Result<Vec<u64>> {
    let mut dims = [0u64; MAX_RANK];
    let _lock = enter();
    // SAFETY: as many numbers are written as the buffer has.
    let rank = unsafe { H5Pget_chunk(dcpl.id(), MAX_RANK as c_int, dims.as_mut_ptr()) };
    done("H5Pget_chunk", rank)?;
    Ok(dims.iter().copied().take(rank as usize).collect())
}

/// Makes a dataset chunked, edge chunks filtered as all others.
///
/// # Errors
/// No axes, an axis of 0, too large.
pub fn set_chunk_shape(dcpl: &Handle, shape: &[u64]) -> Result<()> {
    let _lock = enter();
    // SAFETY: as many numbers are read as are said to be there.
    done("H5Pset_chunk", unsafe {
        H5Pset_chunk(dcpl.id(), shape.len() as c_int, shape.as_ptr())
    })?;
    set_bare_edges(dcpl, false)
}

/// Whether chunks that reach beyond the dataset are stored without filters
/// (`H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS`).
///
/// # Errors
/// Not chunked.
pub fn has_bare_edges(dcpl: &Handle) -> Result<bool> {
    let mut options: c_uint = 0;
    let _lock = enter();
    // SAFETY: an identifier that the library checks; a number is written.
    done("H5Pget_chunk_opts", unsafe {
        H5Pget_chunk_opts(dcpl.id(), &mut options)
    })?;
    Ok(options & BARE_EDGES != 0)
}

/// Says whether chunks that reach beyond the dataset are stored without filters.
///
/// # Errors
/// Not chunked.
pub fn set_bare_edges(dcpl: &Handle, bare: bool) -> Result<()> {
    let options = if bare { BARE_EDGES } else { 0 };
    let _lock = enter();
    // SAFETY: an identifier that the library checks, and a number.
    done("H5Pset_chunk_opts", unsafe {
        H5Pset_chunk_opts(dcpl.id(), options)
    })
}

/// The pipeline, in the order of writing.
///
/// # Errors
/// Not such properties.
pub fn filters(list: &Handle) -> Result<Vec<Filter>> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    let n = unsafe { H5Pget_nfilters(list.id()) };
    done("H5Pget_nfilters", n)?;
    (0..n as c_uint).map(|at| filter(list, at)).collect()
}

fn filter(list: &Handle, at: c_uint) -> Result<Filter> {
    let mut room = 32;
    loop {
        let (mut flags, mut config): (c_uint, c_uint) = (0, 0);
        let mut values = vec![0u32; room];
        let mut n = room;
        let mut name = [0u8; 256];
        // SAFETY: at most as many values and bytes are written as are said to be there.
        let id = unsafe {
            H5Pget_filter2(
                list.id(),
                at,
                &mut flags,
                &mut n,
                values.as_mut_ptr(),
                name.len(),
                name.as_mut_ptr().cast::<c_char>(),
                &mut config,
            )
        };
        done("H5Pget_filter2", id)?;
        // The library says how many there are, whatever there was room for.
        if n > room && n < 1 << 16 {
            room = n;
            continue;
        }
        values.truncate(n);
        let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
        return Ok(Filter {
            id,
            name: name.to_string_lossy().into_owned(),
            values,
            // SAFETY: a number. A plugin is looked for, and loaded.
            available: truth("H5Zfilter_avail", unsafe { H5Zfilter_avail(id) }).unwrap_or(false),
        });
    }
}

/// The first filter of a pipeline that is missing here.
///
/// # Errors
/// Not such properties.
pub fn filters_everywhere(list: &Handle) -> Result<Option<Filter>> {
    Ok(filters(list)?.into_iter().find(|filter| !filter.available))
}

/// A copy of creation properties, of a file (for its root group) or an object, by which no times
/// are kept: bytes then depend on content alone.
pub(crate) fn without_times(list: &Handle) -> Result<Handle> {
    let list = copy_plist(list)?;
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    done("H5Pset_obj_track_times", unsafe {
        H5Pset_obj_track_times(list.id(), 0)
    })?;
    Ok(list)
}

/// Removes all filters.
///
/// # Errors
/// Not such properties.
pub fn clear_filters(list: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks; 0 means all.
    done("H5Premove_filter", unsafe {
        H5Premove_filter(list.id(), 0)
    })
}

/// Appends a filter. An optional one may be left out of chunks that it fails on.
///
/// # Errors
/// Unknown here and not optional.
pub fn set_filter(list: &Handle, id: i32, optional: bool, values: &[u32]) -> Result<()> {
    let flags = match optional {
        true => H5Z_FLAG_OPTIONAL,
        false => H5Z_FLAG_MANDATORY,
    };
    let _lock = enter();
    // SAFETY: as many values are read as are said to be there.
    done("H5Pset_filter", unsafe {
        H5Pset_filter(
            list.id(),
            id,
            flags as c_uint,
            values.len(),
            values.as_ptr(),
        )
    })
}

/// Appends shuffle.
///
/// # Errors
/// Not such properties.
pub fn set_shuffle(list: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    done("H5Pset_shuffle", unsafe { H5Pset_shuffle(list.id()) })
}

/// Appends gzip.
///
/// # Errors
/// A level above 9.
pub fn set_deflate(list: &Handle, level: u32) -> Result<()> {
    let _lock = enter();
    // SAFETY: a number.
    done("H5Pset_deflate", unsafe {
        H5Pset_deflate(list.id(), level)
    })
}

/// Chunks get their place when they are written, not before.
///
/// # Errors
/// Not such properties.
pub fn set_incremental(dcpl: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: a number.
    done("H5Pset_alloc_time", unsafe {
        H5Pset_alloc_time(dcpl.id(), H5D_ALLOC_TIME_INCR)
    })
}

/// How many other files hold a contiguous dataset's bytes.
///
/// # Errors
/// Not such properties.
pub fn external_count(dcpl: &Handle) -> Result<usize> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    let n = unsafe { H5Pget_external_count(dcpl.id()) };
    done("H5Pget_external_count", n)?;
    Ok(n as usize)
}

/// The fill value as an element of this type, which holds no pointers; `None` if there is none.
///
/// # Errors
/// A type with pointers; not such properties.
pub fn fill_value(dcpl: &Handle, datatype: &Handle) -> Result<Option<Vec<u8>>> {
    if has_pointers(datatype)? {
        return Err(Error::own("H5Pget_fill_value", "a type with pointers"));
    }
    let _lock = enter();
    let mut status = H5D_FILL_VALUE_UNDEFINED;
    // SAFETY: one number is written.
    done("H5Pfill_value_defined", unsafe {
        H5Pfill_value_defined(dcpl.id(), &raw mut status)
    })?;
    if status == H5D_FILL_VALUE_UNDEFINED {
        return Ok(None);
    }
    // SAFETY: an identifier that the library checks.
    let mut value = vec![0u8; unsafe { H5Tget_size(datatype.id()) }];
    // SAFETY: an element of the type is written, which holds no pointers.
    done("H5Pget_fill_value", unsafe {
        H5Pget_fill_value(dcpl.id(), datatype.id(), value.as_mut_ptr().cast())
    })?;
    Ok(Some(value))
}

/// Sets the fill value, an element of this type, which holds no pointers.
///
/// # Errors
/// A type with pointers; not one element's bytes.
pub fn set_fill_value(dcpl: &Handle, datatype: &Handle, value: &[u8]) -> Result<()> {
    if has_pointers(datatype)? || crate::types::size(datatype) != value.len() {
        return Err(Error::own(
            "H5Pset_fill_value",
            "not one element without pointers",
        ));
    }
    let _lock = enter();
    // SAFETY: an element of the type is read, which holds no pointers.
    done("H5Pset_fill_value", unsafe {
        H5Pset_fill_value(dcpl.id(), datatype.id(), value.as_ptr().cast())
    })
}
