//! Files.

use std::ffi::CString;
use std::path::Path;

use hdf5_metno_sys::h5f::{
    H5F_ACC_RDONLY, H5F_ACC_RDWR, H5F_ACC_TRUNC, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18,
    H5F_LIBVER_V110, H5F_LIBVER_V114, H5F_info2_t, H5Fclose, H5Fcreate, H5Fget_create_plist,
    H5Fget_filesize, H5Fget_info2, H5Fis_accessible, H5Fopen,
};
use hdf5_metno_sys::h5p::{
    H5P_CLS_FILE_ACCESS, H5P_CLS_FILE_CREATE, H5P_DEFAULT, H5Pcreate, H5Pget_userblock,
    H5Pset_libver_bounds,
};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter, truth};
use crate::plist::without_times;

fn name(path: &Path) -> Result<CString> {
    #[cfg(unix)]
    let bytes = {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    };
    #[cfg(not(unix))]
    let bytes = path.to_string_lossy().into_owned().into_bytes();
    CString::new(bytes).map_err(|_| Error::own("H5Fopen", "the file's name holds a zero byte"))
}

/// Whether a file that is there is an HDF5 file.
///
/// # Errors
/// It cannot be read.
pub fn is_hdf5(path: &Path) -> Result<bool> {
    let path = name(path)?;
    let _lock = enter();
    // SAFETY: a C string.
    truth("H5Fis_accessible", unsafe {
        H5Fis_accessible(path.as_ptr(), H5P_DEFAULT)
    })
}

/// Opens a file to read.
///
/// # Errors
/// Not there, not an HDF5 file, damaged.
pub fn open_file(path: &Path) -> Result<Handle> {
    let path = name(path)?;
    let _lock = enter();
    // SAFETY: a C string.
    let id = unsafe { H5Fopen(path.as_ptr(), H5F_ACC_RDONLY, H5P_DEFAULT) };
    Handle::new("H5Fopen", id)
}

/// Opens a file to change it.
///
/// # Errors
/// As [`open_file`]; not writable.
pub fn open_file_to_change(path: &Path) -> Result<Handle> {
    let path = name(path)?;
    let _lock = enter();
    // SAFETY: a C string.
    let id = unsafe { H5Fopen(path.as_ptr(), H5F_ACC_RDWR, H5P_DEFAULT) };
    Handle::new("H5Fopen", id)
}

/// Creates a file, over one that is there. `like`: its creation properties. `low`: the oldest
/// superblock that may be written (0, 2 or 3), and with it how compact chunk indexes and object
/// headers are.
///
/// # Errors
/// Of the file system.
pub fn create_file(path: &Path, like: Option<&Handle>, low: u32) -> Result<Handle> {
    let path = name(path)?;
    let low = match low {
        ..=1 => H5F_LIBVER_EARLIEST,
        2 => H5F_LIBVER_V18,
        _ => H5F_LIBVER_V110,
    };
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    let fapl = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_FILE_ACCESS) })?;
    // The -sys crate takes 1.10 for the latest, which has no references of the newer kind.
    // SAFETY: a list made above, and numbers.
    done("H5Pset_libver_bounds", unsafe {
        H5Pset_libver_bounds(fapl.id(), low, H5F_LIBVER_V114)
    })?;
    let fcpl = match like {
        Some(list) => without_times(list)?,
        // SAFETY: the class is a constant of the library.
        None => without_times(&Handle::new("H5Pcreate", unsafe {
            H5Pcreate(*H5P_CLS_FILE_CREATE)
        })?)?,
    };
    // SAFETY: a C string and lists that the library checks.
    let id = unsafe { H5Fcreate(path.as_ptr(), H5F_ACC_TRUNC, fcpl.id(), fapl.id()) };
    Handle::new("H5Fcreate", id)
}

/// A file's creation properties.
///
/// # Errors
/// Not a file.
pub fn file_plist(file: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Fget_create_plist", unsafe {
        H5Fget_create_plist(file.id())
    })
}

/// Bytes before the HDF5 part, of a file's creation properties.
///
/// # Errors
/// Not such properties.
pub fn userblock(fcpl: &Handle) -> Result<u64> {
    let mut size = 0;
    let _lock = enter();
    // SAFETY: one number is written.
    done("H5Pget_userblock", unsafe {
        H5Pget_userblock(fcpl.id(), &mut size)
    })?;
    Ok(size)
}

/// The version of a file's superblock.
///
/// # Errors
/// Not a file.
pub fn superblock_version(file: &Handle) -> Result<u32> {
    let mut info = H5F_info2_t::default();
    let _lock = enter();
    // SAFETY: one record is written.
    done("H5Fget_info2", unsafe {
        H5Fget_info2(file.id(), &mut info)
    })?;
    Ok(info.super_.version)
}

/// A file's size in bytes, with what is not written yet.
///
/// # Errors
/// Not a file.
pub fn file_size(file: &Handle) -> Result<u64> {
    let mut size = 0;
    let _lock = enter();
    // SAFETY: one number is written.
    done("H5Fget_filesize", unsafe {
        H5Fget_filesize(file.id(), &mut size)
    })?;
    Ok(size)
}

/// Writes what is left and closes the file. All handles of its objects are to be dropped before, or
/// the file stays open.
///
/// # Errors
/// Of writing: a full disk, say.
pub fn close(file: Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: the identifier is given up here.
    done("H5Fclose", unsafe { H5Fclose(file.into_id()) })
}
