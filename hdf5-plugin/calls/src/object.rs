//! Objects: groups, datasets, committed types.

use std::ffi::{CStr, CString, c_uint};

use hdf5_metno_sys::h5g::{H5Gcreate_anon, H5Gget_create_plist};
use hdf5_metno_sys::h5o::{
    H5O_COPY_WITHOUT_ATTR_FLAG, H5O_INFO_BASIC, H5O_info2_t, H5O_token_t, H5O_type_t, H5Ocopy,
    H5Oget_comment, H5Oget_info3, H5Oopen, H5Oopen_by_token,
};
use hdf5_metno_sys::h5p::{
    self as p, H5P_CLS_GROUP_CREATE, H5P_CLS_OBJECT_COPY, H5P_DEFAULT, H5Pcreate,
    H5Pset_copy_object,
};
use hdf5_metno_sys::h5t::{H5Tcommit_anon, H5Tget_create_plist};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::plist::without_times;
use crate::plist::{filters, set_filter};

/// Where an object stands in its file; equal for equal objects, whatever names they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token([u8; 16]);

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A group.
    Group,
    /// A dataset.
    Dataset,
    /// A committed type.
    Type,
    /// Something newer.
    Other,
}

/// An object's place and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its place.
    pub token: Token,
    /// Its kind.
    pub kind: ObjectKind,
}

/// Opens what a path leads to.
///
/// # Errors
/// Nothing there; damaged.
pub fn open_object(from: &Handle, path: &CStr) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: a C string.
    Handle::new("H5Oopen", unsafe {
        H5Oopen(from.id(), path.as_ptr(), H5P_DEFAULT)
    })
}

/// Opens an object by its place.
///
/// # Errors
/// Nothing there.
pub fn open_token(file: &Handle, token: Token) -> Result<Handle> {
    // SAFETY: the -sys crate's record is sixteen bytes, as the library's is.
    let token = unsafe { std::mem::transmute::<[u8; 16], H5O_token_t>(token.0) };
    let _lock = enter();
    // SAFETY: plain bytes, which the library checks.
    Handle::new("H5Oopen_by_token", unsafe {
        H5Oopen_by_token(file.id(), token)
    })
}

/// An object's place and kind.
///
/// # Errors
/// Not an object.
pub fn object_info(object: &Handle) -> Result<ObjectInfo> {
    // SAFETY: a record of numbers; the library fills it.
    let mut info: H5O_info2_t = unsafe { std::mem::zeroed() };
    let _lock = enter();
    // SAFETY: one record is written.
    done("H5Oget_info3", unsafe {
        H5Oget_info3(object.id(), &mut info, H5O_INFO_BASIC)
    })?;
    // SAFETY: the -sys crate's record is sixteen bytes, as the library's is.
    let token = unsafe { std::mem::transmute::<H5O_token_t, [u8; 16]>(info.token) };
    let kind = match info.type_ {
        H5O_type_t::H5O_TYPE_GROUP => ObjectKind::Group,
        H5O_type_t::H5O_TYPE_DATASET => ObjectKind::Dataset,
        H5O_type_t::H5O_TYPE_NAMED_DATATYPE => ObjectKind::Type,
        _ => ObjectKind::Other,
    };
    Ok(ObjectInfo {
        token: Token(token),
        kind,
    })
}

/// A group without a name, with these creation properties.
///
/// # Errors
/// Of the file system.
pub fn create_group(file: &Handle, gcpl: &Handle) -> Result<Handle> {
    let gcpl = without_times(gcpl)?;
    let _lock = enter();
    // SAFETY: identifiers that the library checks.
    Handle::new("H5Gcreate_anon", unsafe {
        H5Gcreate_anon(file.id(), gcpl.id(), H5P_DEFAULT)
    })
}

/// A group's creation properties, for another group.
///
/// # Errors
/// Not a group.
pub fn group_plist(group: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    let list = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_GROUP_CREATE) })?;
    copy_group_properties(group, &list)?;
    Ok(list)
}

/// Gives a list (of groups, or of files for their root group) a group's creation properties. One by
/// one: the list that the library answers with also holds how many links the group has, and where,
/// and a group made with that would be broken.
///
/// # Errors
/// Not a group; not such a list.
pub fn copy_group_properties(group: &Handle, list: &Handle) -> Result<()> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    let own = Handle::new("H5Gget_create_plist", unsafe {
        H5Gget_create_plist(group.id())
    })?;
    let (from, to) = (own.id(), list.id());
    let (mut a, mut b): (c_uint, c_uint) = (0, 0);
    let mut times = 0;
    // SAFETY: identifiers that the library checks; each call writes or takes the numbers given.
    unsafe {
        done(
            "H5Pget_link_phase_change",
            p::H5Pget_link_phase_change(from, &mut a, &mut b),
        )?;
        done(
            "H5Pset_link_phase_change",
            p::H5Pset_link_phase_change(to, a, b),
        )?;
        done(
            "H5Pget_attr_phase_change",
            p::H5Pget_attr_phase_change(from, &mut a, &mut b),
        )?;
        done(
            "H5Pset_attr_phase_change",
            p::H5Pset_attr_phase_change(to, a, b),
        )?;
        done(
            "H5Pget_est_link_info",
            p::H5Pget_est_link_info(from, &mut a, &mut b),
        )?;
        done("H5Pset_est_link_info", p::H5Pset_est_link_info(to, a, b))?;
        done(
            "H5Pget_link_creation_order",
            p::H5Pget_link_creation_order(from, &mut a),
        )?;
        done(
            "H5Pset_link_creation_order",
            p::H5Pset_link_creation_order(to, a),
        )?;
        done(
            "H5Pget_attr_creation_order",
            p::H5Pget_attr_creation_order(from, &mut a),
        )?;
        done(
            "H5Pset_attr_creation_order",
            p::H5Pset_attr_creation_order(to, a),
        )?;
        done(
            "H5Pget_obj_track_times",
            p::H5Pget_obj_track_times(from, &mut times),
        )?;
        done(
            "H5Pset_obj_track_times",
            p::H5Pset_obj_track_times(to, times),
        )?;
    }
    for filter in filters(&own)? {
        set_filter(list, filter.id, true, &filter.values)?;
    }
    Ok(())
}

/// Commits a type (which is not committed yet) without a name.
///
/// # Errors
/// Committed already.
pub fn commit_type(file: &Handle, datatype: &Handle, tcpl: &Handle) -> Result<()> {
    let tcpl = without_times(tcpl)?;
    let _lock = enter();
    // SAFETY: identifiers that the library checks.
    done("H5Tcommit_anon", unsafe {
        H5Tcommit_anon(file.id(), datatype.id(), tcpl.id(), H5P_DEFAULT)
    })
}

/// A committed type's creation properties.
///
/// # Errors
/// Not a type.
pub fn type_plist(datatype: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Tget_create_plist", unsafe {
        H5Tget_create_plist(datatype.id())
    })
}

/// Copies an object without its attributes, chunks as they are stored; references in its data
/// become null.
///
/// # Errors
/// Of reading and writing; variable-length data behind a filter that is missing.
pub fn copy_object(from: &Handle, path: &CStr, to: &Handle, name: &CStr) -> Result<()> {
    let _lock = enter();
    // SAFETY: the class is a constant of the library.
    let ocpl = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_OBJECT_COPY) })?;
    // SAFETY: a list made above, and a number.
    done("H5Pset_copy_object", unsafe {
        H5Pset_copy_object(ocpl.id(), H5O_COPY_WITHOUT_ATTR_FLAG)
    })?;
    // SAFETY: C strings, and identifiers that the library checks.
    done("H5Ocopy", unsafe {
        H5Ocopy(
            from.id(),
            path.as_ptr(),
            to.id(),
            name.as_ptr(),
            ocpl.id(),
            H5P_DEFAULT,
        )
    })
}

/// An object's comment, if it has one.
///
/// # Errors
/// Not an object.
pub fn comment(object: &Handle) -> Result<Option<CString>> {
    let _lock = enter();
    // SAFETY: no buffer: the length alone is asked for.
    let len = unsafe { H5Oget_comment(object.id(), std::ptr::null_mut(), 0) };
    let Ok(len) = usize::try_from(len) else {
        return Err(Error::last("H5Oget_comment"));
    };
    if len == 0 {
        return Ok(None);
    }
    let mut text = vec![0u8; len + 1];
    // SAFETY: the buffer and its size.
    let got = unsafe { H5Oget_comment(object.id(), text.as_mut_ptr().cast(), text.len()) };
    if got < 0 {
        return Err(Error::last("H5Oget_comment"));
    }
    Ok(CStr::from_bytes_until_nul(&text).ok().map(CStr::to_owned))
}

/// Sets an object's comment. HDF5 prefers attributes, but comments that are there are kept.
///
/// # Errors
/// Not an object.
#[expect(deprecated, reason = "old files have comments, and a copy keeps them")]
pub fn set_comment(object: &Handle, text: &CStr) -> Result<()> {
    let _lock = enter();
    // SAFETY: a C string.
    done("H5Oset_comment", unsafe {
        hdf5_metno_sys::h5o::H5Oset_comment(object.id(), text.as_ptr())
    })
}
