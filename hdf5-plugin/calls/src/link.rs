//! Links: what a group holds.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};

use hdf5_metno_sys::h5::{H5_INDEX_CRT_ORDER, H5_INDEX_NAME, H5_ITER_INC, hbool_t};
use hdf5_metno_sys::h5g::H5Gget_create_plist;
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5l::{H5L_info2_t, H5Lcreate_soft, H5Ldelete, H5Lget_val, H5Literate2};
use hdf5_metno_sys::h5o::H5Olink;
use hdf5_metno_sys::h5p::{
    H5P_CLS_LINK_CREATE, H5P_DEFAULT, H5Pcreate, H5Pget_link_creation_order, H5Pset_char_encoding,
};
use hdf5_metno_sys::h5t::{H5T_CSET_ASCII, H5T_CSET_UTF8};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};

/// A name in a group, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name.
    pub name: CString,
    /// Whether the name is marked as UTF-8.
    pub utf8: bool,
    /// What it leads to.
    pub kind: LinkKind,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// An object of this file.
    Hard,
    /// A path.
    Soft(CString),
    /// A link of the class of this number (64: another file's object), with its value.
    Other(i32, Vec<u8>),
}

/// `H5L_info2_t` with the class as a number: user-defined classes are not among the names of the
/// -sys crate's enumeration.
#[repr(C)]
struct RawInfo {
    class: c_int,
    corder_valid: hbool_t,
    corder: i64,
    cset: c_int,
    value: [u64; 2],
}

const HARD: c_int = 0;
const SOFT: c_int = 1;

#[allow(clashing_extern_declarations)]
// SAFETY: the C library's own signatures, with the enumeration as the int that it is.
unsafe extern "C" {
    fn H5Lget_info2(loc: hid_t, name: *const c_char, info: *mut RawInfo, lapl: hid_t) -> c_int;
    fn H5Lcreate_ud(
        loc: hid_t,
        name: *const c_char,
        class: c_int,
        value: *const c_void,
        size: usize,
        lcpl: hid_t,
        lapl: hid_t,
    ) -> c_int;
}

unsafe extern "C" fn collect(
    _: hid_t,
    name: *const c_char,
    _: *const H5L_info2_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `data` is the vector of `links`, `name` a C string of the library's.
    unsafe { (*data.cast::<Vec<CString>>()).push(CStr::from_ptr(name).to_owned()) };
    0
}

/// All links of a group, in the order of their creation where the group keeps it, else by name.
///
/// # Errors
/// Not a group; damaged.
pub fn links(group: &Handle) -> Result<Vec<Link>> {
    let mut names: Vec<CString> = Vec::new();
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    let gcpl = Handle::new("H5Gget_create_plist", unsafe {
        H5Gget_create_plist(group.id())
    })?;
    let mut order: c_uint = 0;
    // SAFETY: one number is written.
    done("H5Pget_link_creation_order", unsafe {
        H5Pget_link_creation_order(gcpl.id(), &mut order)
    })?;
    let index = match order & 1 {
        1 => H5_INDEX_CRT_ORDER,
        _ => H5_INDEX_NAME,
    };
    let mut at = 0;
    // SAFETY: the callback gets the pointer given here, to a vector that outlives the call.
    done("H5Literate2", unsafe {
        H5Literate2(
            group.id(),
            index,
            H5_ITER_INC,
            &mut at,
            Some(collect),
            (&raw mut names).cast(),
        )
    })?;
    names.into_iter().map(|name| link(group, name)).collect()
}

fn link(group: &Handle, name: CString) -> Result<Link> {
    let mut info = RawInfo {
        class: -1,
        corder_valid: 0,
        corder: 0,
        cset: 0,
        value: [0; 2],
    };
    // SAFETY: the record has the C library's form and size.
    done("H5Lget_info2", unsafe {
        H5Lget_info2(group.id(), name.as_ptr(), &mut info, H5P_DEFAULT)
    })?;
    let kind = match info.class {
        HARD => LinkKind::Hard,
        class => {
            // The value's size is the first member of the union.
            let size = usize::try_from(info.value[0]).unwrap_or(usize::MAX);
            let mut value: Vec<u8> = Vec::new();
            value
                .try_reserve_exact(size)
                .map_err(|_| Error::own("H5Lget_val", "a link's value of absurd size"))?;
            value.resize(size, 0);
            // SAFETY: at most `size` bytes are written.
            done("H5Lget_val", unsafe {
                H5Lget_val(
                    group.id(),
                    name.as_ptr(),
                    value.as_mut_ptr().cast(),
                    size,
                    H5P_DEFAULT,
                )
            })?;
            if class == SOFT {
                value.truncate(value.iter().position(|&b| b == 0).unwrap_or(value.len()));
                LinkKind::Soft(CString::new(value).unwrap_or_default())
            } else {
                LinkKind::Other(class, value)
            }
        }
    };
    Ok(Link {
        name,
        utf8: info.cset == H5T_CSET_UTF8 as c_int,
        kind,
    })
}

fn lcpl(utf8: bool) -> Result<Handle> {
    // SAFETY: the class is a constant of the library.
    let lcpl = Handle::new("H5Pcreate", unsafe { H5Pcreate(*H5P_CLS_LINK_CREATE) })?;
    let cset = if utf8 { H5T_CSET_UTF8 } else { H5T_CSET_ASCII };
    // SAFETY: a list made above, and a number.
    done("H5Pset_char_encoding", unsafe {
        H5Pset_char_encoding(lcpl.id(), cset)
    })?;
    Ok(lcpl)
}

/// Names an object.
///
/// # Errors
/// The name is taken.
pub fn link_object(object: &Handle, group: &Handle, name: &CStr, utf8: bool) -> Result<()> {
    let _lock = enter();
    let lcpl = lcpl(utf8)?;
    // SAFETY: a C string and identifiers that the library checks.
    done("H5Olink", unsafe {
        H5Olink(
            object.id(),
            group.id(),
            name.as_ptr(),
            lcpl.id(),
            H5P_DEFAULT,
        )
    })
}

/// Makes a link that is not hard.
///
/// # Errors
/// The name is taken; a hard link.
pub fn make_link(group: &Handle, link: &Link) -> Result<()> {
    let _lock = enter();
    let lcpl = lcpl(link.utf8)?;
    let name = link.name.as_ptr();
    match &link.kind {
        LinkKind::Hard => Err(Error::own("H5Olink", "a hard link needs its object")),
        // SAFETY: C strings, and identifiers that the library checks.
        LinkKind::Soft(path) => done("H5Lcreate_soft", unsafe {
            H5Lcreate_soft(path.as_ptr(), group.id(), name, lcpl.id(), H5P_DEFAULT)
        }),
        // SAFETY: a C string, and a buffer with its size.
        LinkKind::Other(class, value) => done("H5Lcreate_ud", unsafe {
            H5Lcreate_ud(
                group.id(),
                name,
                *class,
                value.as_ptr().cast(),
                value.len(),
                lcpl.id(),
                H5P_DEFAULT,
            )
        }),
    }
}

/// Removes a name; an object without names goes.
///
/// # Errors
/// There is none.
pub fn delete_link(group: &Handle, name: &CStr) -> Result<()> {
    let _lock = enter();
    // SAFETY: a C string.
    done("H5Ldelete", unsafe {
        H5Ldelete(group.id(), name.as_ptr(), H5P_DEFAULT)
    })
}
