//! Attributes.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};

use hdf5_metno_sys::h5::{H5_INDEX_CRT_ORDER, H5_INDEX_NAME, H5_ITER_INC};
use hdf5_metno_sys::h5a::{
    H5A_info_t, H5Acreate2, H5Aget_create_plist, H5Aget_space, H5Aget_type, H5Aiterate2, H5Aopen,
};
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5p::{H5P_DEFAULT, H5Pget_attr_creation_order};

use crate::error::Result;
use crate::handle::{Handle, done, enter};

unsafe extern "C" fn collect(
    _: hid_t,
    name: *const c_char,
    _: *const H5A_info_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `data` is the vector of `attribute_names`, `name` a C string of the library's.
    unsafe { (*data.cast::<Vec<CString>>()).push(CStr::from_ptr(name).to_owned()) };
    0
}

/// Names of an object's attributes, in the order of their creation where its creation properties
/// `plist` say that it is kept, else by name.
///
/// # Errors
/// Not an object.
pub fn attribute_names(object: &Handle, plist: &Handle) -> Result<Vec<CString>> {
    let mut names: Vec<CString> = Vec::new();
    let _lock = enter();
    let mut order: c_uint = 0;
    // SAFETY: one number is written.
    done("H5Pget_attr_creation_order", unsafe {
        H5Pget_attr_creation_order(plist.id(), &mut order)
    })?;
    let index = match order & 1 {
        1 => H5_INDEX_CRT_ORDER,
        _ => H5_INDEX_NAME,
    };
    let mut at = 0;
    // SAFETY: the callback gets the pointer given here, to a vector that outlives the call.
    done("H5Aiterate2", unsafe {
        H5Aiterate2(
            object.id(),
            index,
            H5_ITER_INC,
            &mut at,
            Some(collect),
            (&raw mut names).cast(),
        )
    })?;
    Ok(names)
}

/// Opens an attribute.
///
/// # Errors
/// There is none.
pub fn open_attribute(object: &Handle, name: &CStr) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: a C string.
    Handle::new("H5Aopen", unsafe {
        H5Aopen(object.id(), name.as_ptr(), H5P_DEFAULT)
    })
}

/// Its type; if it is committed, the file's object.
///
/// # Errors
/// Not an attribute.
pub fn attribute_type(attribute: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Aget_type", unsafe { H5Aget_type(attribute.id()) })
}

/// Its dataspace.
///
/// # Errors
/// Not an attribute.
pub fn attribute_space(attribute: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Aget_space", unsafe { H5Aget_space(attribute.id()) })
}

/// Its creation properties.
///
/// # Errors
/// Not an attribute.
pub fn attribute_plist(attribute: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Aget_create_plist", unsafe {
        H5Aget_create_plist(attribute.id())
    })
}

/// Creates an attribute, with creation properties or as they are by default.
///
/// # Errors
/// The name is taken.
pub fn create_attribute(
    object: &Handle,
    name: &CStr,
    datatype: &Handle,
    space: &Handle,
    acpl: Option<&Handle>,
) -> Result<Handle> {
    let acpl = acpl.map_or(H5P_DEFAULT, Handle::id);
    let _lock = enter();
    // SAFETY: a C string, and identifiers that the library checks.
    Handle::new("H5Acreate2", unsafe {
        H5Acreate2(
            object.id(),
            name.as_ptr(),
            datatype.id(),
            space.id(),
            acpl,
            H5P_DEFAULT,
        )
    })
}
