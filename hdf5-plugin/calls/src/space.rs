//! Dataspaces: how many elements, along which axes.

use std::ffi::c_int;
use std::ptr;

use hdf5_metno_sys::h5s::{
    H5S_NULL, H5S_SCALAR, H5S_SELECT_SET, H5S_SIMPLE, H5Screate, H5Screate_simple, H5Sencode2,
    H5Sget_simple_extent_dims, H5Sget_simple_extent_ndims, H5Sget_simple_extent_type,
    H5Sselect_copy, H5Sselect_hyperslab,
};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};

/// What a dataspace spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Nothing.
    Null,
    /// One element without axes.
    Scalar,
    /// Elements along axes, and how long the axes may become (`None`: without limit).
    Simple(Vec<u64>, Vec<Option<u64>>),
}

impl Extent {
    /// Elements; `None` if 64 bits do not hold the number.
    pub fn count(&self) -> Option<u64> {
        match self {
            Extent::Null => Some(0),
            Extent::Scalar => Some(1),
            Extent::Simple(dims, _) => dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim)),
        }
    }

    /// Lengths of the axes.
    pub fn dims(&self) -> &[u64] {
        match self {
            Extent::Simple(dims, _) => dims,
            Extent::Null | Extent::Scalar => &[],
        }
    }
}

/// What a dataspace spans.
///
/// # Errors
/// Not a dataspace.
pub fn extent(space: &Handle) -> Result<Extent> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks; it answers with one of its own constants.
    match unsafe { H5Sget_simple_extent_type(space.id()) } {
        H5S_NULL => Ok(Extent::Null),
        H5S_SCALAR => Ok(Extent::Scalar),
        H5S_SIMPLE => {
            // SAFETY: an identifier that was found to be a dataspace.
            let rank = unsafe { H5Sget_simple_extent_ndims(space.id()) };
            done("H5Sget_simple_extent_ndims", rank)?;
            let mut dims = vec![0u64; rank as usize];
            let mut most = dims.clone();
            // SAFETY: a number for each axis is written to both.
            done("H5Sget_simple_extent_dims", unsafe {
                H5Sget_simple_extent_dims(space.id(), dims.as_mut_ptr(), most.as_mut_ptr())
            })?;
            let most = most.into_iter().map(|n| (n != u64::MAX).then_some(n));
            Ok(Extent::Simple(dims, most.collect()))
        }
        _ => Err(Error::last("H5Sget_simple_extent_type")),
    }
}

/// A dataspace with these axes, which may grow to `most` (or not at all).
///
/// # Errors
/// More axes than HDF5 knows.
pub fn simple_space(dims: &[u64], most: Option<&[Option<u64>]>) -> Result<Handle> {
    let most: Option<Vec<u64>> =
        most.map(|most| most.iter().map(|n| n.unwrap_or(u64::MAX)).collect());
    if most.as_ref().is_some_and(|most| most.len() != dims.len()) {
        return Err(Error::own("H5Screate_simple", "not as many axes"));
    }
    let most = most.as_ref().map_or(ptr::null(), |most| most.as_ptr());
    let _lock = enter();
    // SAFETY: a number for each axis is read from both, or none from a null pointer.
    Handle::new("H5Screate_simple", unsafe {
        H5Screate_simple(dims.len() as c_int, dims.as_ptr(), most)
    })
}

/// A dataspace of one element without axes, or of nothing.
///
/// # Errors
/// None to be expected.
pub fn other_space(scalar: bool) -> Result<Handle> {
    let class = if scalar { H5S_SCALAR } else { H5S_NULL };
    let _lock = enter();
    // SAFETY: a constant of the library.
    Handle::new("H5Screate", unsafe { H5Screate(class) })
}

/// Selects a box of a dataspace, for a reference to it.
///
/// # Errors
/// Not as many axes; beyond them.
pub fn select_box(space: &Handle, start: &[u64], count: &[u64]) -> Result<()> {
    let rank = extent(space)?.dims().len();
    if [start.len(), count.len()] != [rank; 2] {
        return Err(Error::own("H5Sselect_hyperslab", "not as many axes"));
    }
    let _lock = enter();
    select(space, start, count)
}

/// A dataspace with its selection, as bytes: equal for equal ones.
///
/// # Errors
/// Not a dataspace.
pub fn selection(space: &Handle) -> Result<Vec<u8>> {
    // The bytes would tell of the file's version as well: a dataspace made here has none of that.
    let fresh = match extent(space)? {
        Extent::Null => other_space(false)?,
        Extent::Scalar => other_space(true)?,
        Extent::Simple(dims, most) => simple_space(&dims, Some(&most))?,
    };
    let _lock = enter();
    // SAFETY: identifiers of dataspaces of the same axes.
    done("H5Sselect_copy", unsafe {
        H5Sselect_copy(fresh.id(), space.id())
    })?;
    let space = &fresh;
    let mut size = 0usize;
    // SAFETY: no buffer: the size alone is asked for.
    done("H5Sencode2", unsafe {
        H5Sencode2(space.id(), ptr::null_mut(), &mut size, 0)
    })?;
    let mut bytes = vec![0u8; size];
    // SAFETY: a buffer of the size that was asked for.
    done("H5Sencode2", unsafe {
        H5Sencode2(space.id(), bytes.as_mut_ptr().cast(), &mut size, 0)
    })?;
    Ok(bytes)
}

/// Selects a box. The caller holds the lock, and `start` and `count` have a number for each axis.
pub(crate) fn select(space: &Handle, start: &[u64], count: &[u64]) -> Result<()> {
    // SAFETY: a number for each axis is read from both: the caller promises it.
    done("H5Sselect_hyperslab", unsafe {
        H5Sselect_hyperslab(
            space.id(),
            H5S_SELECT_SET,
            start.as_ptr(),
            ptr::null(),
            count.as_ptr(),
            ptr::null(),
        )
    })
}
