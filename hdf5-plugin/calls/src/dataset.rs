//! Datasets, and boxes of their elements.

use hdf5_metno_sys::h5d::{
    H5Dcreate_anon, H5Dget_create_plist, H5Dget_space, H5Dget_storage_size, H5Dget_type, H5Dread,
    H5Dwrite,
};
use hdf5_metno_sys::h5p::H5P_DEFAULT;

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::plist::without_times;
use crate::space::{extent, select, simple_space};
use crate::types::{has_pointers, size};

/// A dataset without a name.
///
/// # Errors
/// Properties that do not go together; a missing filter.
pub fn create_dataset(
    file: &Handle,
    datatype: &Handle,
    space: &Handle,
    dcpl: &Handle,
) -> Result<Handle> {
    let dcpl = without_times(dcpl)?;
    let _lock = enter();
    // SAFETY: identifiers that the library checks.
    Handle::new("H5Dcreate_anon", unsafe {
        H5Dcreate_anon(file.id(), datatype.id(), space.id(), dcpl.id(), H5P_DEFAULT)
    })
}

/// A dataset's type; if it is committed, the file's object.
///
/// # Errors
/// Not a dataset.
pub fn dataset_type(dataset: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Dget_type", unsafe { H5Dget_type(dataset.id()) })
}

/// A dataset's dataspace.
///
/// # Errors
/// Not a dataset.
pub fn dataset_space(dataset: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Dget_space", unsafe { H5Dget_space(dataset.id()) })
}

/// A dataset's creation properties.
///
/// # Errors
/// Not a dataset.
pub fn dataset_plist(dataset: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Dget_create_plist", unsafe {
        H5Dget_create_plist(dataset.id())
    })
}

/// Bytes that a dataset's elements take in the file, without indexes and heaps.
pub fn storage_size(dataset: &Handle) -> u64 {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    unsafe { H5Dget_storage_size(dataset.id()) }
}

/// The two dataspaces of a box of a dataset: `start` and `count` in the file, the beginning of
/// `shape` in memory.
fn spaces(
    dataset: &Handle,
    datatype: &Handle,
    (start, count, shape): (&[u64], &[u64], &[u64]),
    bytes: usize,
) -> Result<(Handle, Handle)> {
    const CALL: &str = "H5Sselect_hyperslab";
    let file = dataset_space(dataset)?;
    let rank = extent(&file)?.dims().len();
    if [start.len(), count.len(), shape.len()] != [rank; 3] {
        return Err(Error::own(CALL, "not as many axes"));
    }
    if has_pointers(datatype)? {
        return Err(Error::own(CALL, "a type with pointers"));
    }
    let n = shape.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    let room = n.and_then(|n| n.checked_mul(size(datatype) as u64));
    if room != Some(bytes as u64) {
        return Err(Error::own(CALL, "a buffer of another size"));
    }
    let memory = simple_space(shape, None)?;
    let _lock = enter();
    select(&file, start, count)?;
    // The library refuses a box that reaches beyond the shape.
    select(&memory, &vec![0; rank], count)?;
    Ok((file, memory))
}

/// Reads the box of `count` elements from `start` on into the beginning of an array of `shape`,
/// elements as `datatype`: the dataset's own, so that bits stay as they are. What of `into` is not
/// in the box stays.
///
/// # Errors
/// Axes or sizes that do not fit; types with pointers; damaged chunks, missing filters.
pub fn read_block(
    dataset: &Handle,
    datatype: &Handle,
    part: (&[u64], &[u64], &[u64]),
    into: &mut [u8],
) -> Result<()> {
    let (file, memory) = spaces(dataset, datatype, part, into.len())?;
    let _lock = enter();
    // SAFETY: the buffer is an array of the shape of `memory`, of elements of the type, which hold
    // no pointers.
    done("H5Dread", unsafe {
        H5Dread(
            dataset.id(),
            datatype.id(),
            memory.id(),
            file.id(),
            H5P_DEFAULT,
            into.as_mut_ptr().cast(),
        )
    })
}

/// The other way round.
///
/// # Errors
/// As [`read_block`]; a full disk.
pub fn write_block(
    dataset: &Handle,
    datatype: &Handle,
    part: (&[u64], &[u64], &[u64]),
    from: &[u8],
) -> Result<()> {
    let (file, memory) = spaces(dataset, datatype, part, from.len())?;
    let _lock = enter();
    // SAFETY: the buffer is an array of the shape of `memory`, of elements of the type, which hold
    // no pointers.
    done("H5Dwrite", unsafe {
        H5Dwrite(
            dataset.id(),
            datatype.id(),
            memory.id(),
            file.id(),
            H5P_DEFAULT,
            from.as_ptr().cast(),
        )
    })
}
