//! Properties of files that are to be small: objects without times, groups whose links stay in
//! their headers.

use hdf5_metno_sys::h5d::H5D_COMPACT;
use hdf5_metno_sys::h5p::{
    H5P_CLS_FILE_CREATE, H5P_CLS_GROUP_CREATE, H5Pcreate, H5Pset_est_link_info, H5Pset_layout,
    H5Pset_link_phase_change, H5Pset_obj_track_times,
};
use hdf5_metno_sys::h5t::{H5T_C_S1, H5T_CSET_UTF8, H5Tcopy, H5Tset_cset, H5Tset_size};

use crate::error::Result;
use crate::handle::{Handle, done, enter};

/// Links that a group keeps in its header before it gets an index of its own, which takes
/// kilobytes.
const MOST_LINKS: u32 = 1024;
/// What the library is to reserve for a group's links: about nothing.
const LINK_N: u32 = 1;
const LINK_NAME: u32 = 1;

/// Creation properties of a group with its links in its header and no times.
///
/// # Errors
/// None to be expected.
pub fn small_group_plist() -> Result<Handle> {
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    let list = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_GROUP_CREATE) })?;
    small_links(&list)?;
    leave_out_times(&list)?;
    Ok(list)
}

/// Creation properties of a file whose root group is such a one.
///
/// # Errors
/// None to be expected.
pub fn small_file_plist() -> Result<Handle> {
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    let list = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_FILE_CREATE) })?;
    small_links(&list)?;
    leave_out_times(&list)?;
    Ok(list)
}

fn small_links(list: &Handle) -> Result<()> {
    // SAFETY: an identifier that the library checks, and numbers.
    done("H5Pset_link_phase_change", unsafe {
        H5Pset_link_phase_change(list.id(), MOST_LINKS, MOST_LINKS / 2)
    })?;
    // SAFETY: likewise.
    done("H5Pset_est_link_info", unsafe {
        H5Pset_est_link_info(list.id(), LINK_N, LINK_NAME)
    })
}

/// Objects made with these creation properties do not say when they were made or changed.
///
/// # Errors
/// Not such properties.
pub fn leave_out_times(list: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks, and a number.
    done("H5Pset_obj_track_times", unsafe {
        H5Pset_obj_track_times(list.id(), 0)
    })
}

/// A dataset's elements, of less than 64 KB, lie in its header.
///
/// # Errors
/// Not a dataset's creation properties.
pub fn set_compact(dcpl: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks, and a constant of its own.
    done("H5Pset_layout", unsafe {
        H5Pset_layout(dcpl.id(), H5D_COMPACT)
    })
}

/// A text type of so many bytes, of UTF-8.
///
/// # Errors
/// A size of 0.
pub fn make_utf8(size: usize) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: a constant of the library.
    let made = Handle::new("H5Tcopy", unsafe { H5Tcopy(*H5T_C_S1) })?;
    // SAFETY: a type made above, and numbers.
    done("H5Tset_size", unsafe { H5Tset_size(made.id(), size) })?;
    // SAFETY: likewise.
    done("H5Tset_cset", unsafe {
        H5Tset_cset(made.id(), H5T_CSET_UTF8)
    })?;
    Ok(made)
}
