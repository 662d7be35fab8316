//! The binary interface of libhdf5, written by hand: it has not changed between 1.10 and 2.2, and
//! linking the library would bring in a second one.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// Identifier of an object.
pub(super) type Hid = i64;
/// Success (not negative) or failure.
pub(super) type Herr = c_int;

pub(super) const H5PL_TYPE_FILTER: c_int = 0;
/// Version of [`FilterClass`].
pub(super) const H5Z_CLASS_T_VERS: c_int = 1;
/// Flag of a filter's call: towards the application.
pub(super) const H5Z_FLAG_REVERSE: c_uint = 0x0100;
/// The default error stack, property list, and "everything" of a dataspace.
pub(super) const H5_DEFAULT: Hid = 0;
/// All open files.
pub(super) const H5F_OBJ_ALL: Hid = 0x1F;
/// Objects that are files, datasets or groups: each leads to its file.
pub(super) const H5F_OBJ_IN_FILES: c_uint = 1 | 2 | 4;
/// Most axes of a dataspace.
pub(super) const H5S_MAX_RANK: usize = 32;

/// Classes of datatypes.
pub(super) mod class {
    use std::ffi::c_int;

    pub(in crate::plugin) const INTEGER: c_int = 0;
    pub(in crate::plugin) const FLOAT: c_int = 1;
    pub(in crate::plugin) const BITFIELD: c_int = 4;
    pub(in crate::plugin) const COMPOUND: c_int = 6;
    pub(in crate::plugin) const ENUM: c_int = 8;
    pub(in crate::plugin) const ARRAY: c_int = 10;
    pub(in crate::plugin) const COMPLEX: c_int = 11;
}

/// Byte orders of datatypes.
pub(super) const H5T_ORDER_BE: c_int = 1;

pub(super) type CanApply = unsafe extern "C" fn(Hid, Hid, Hid) -> c_int;
pub(super) type SetLocal = unsafe extern "C" fn(Hid, Hid, Hid) -> Herr;
pub(super) type Filter = unsafe extern "C" fn(
    c_uint,
    usize,
    *const c_uint,
    usize,
    *mut usize,
    *mut *mut c_void,
) -> usize;

/// `H5Z_class2_t`.
#[repr(C)]
pub(super) struct FilterClass {
    pub(super) version: c_int,
    pub(super) id: c_int,
    pub(super) encoder_present: c_uint,
    pub(super) decoder_present: c_uint,
    pub(super) name: *const c_char,
    pub(super) can_apply: Option<CanApply>,
    pub(super) set_local: Option<SetLocal>,
    pub(super) filter: Option<Filter>,
}
