//! Elements with pointers or references that are made here, to be written: for tests.

use std::ffi::{CStr, c_void};
use std::ptr;

use hdf5_metno_sys::h5::H5allocate_memory;
use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::h5r::{H5R_ref_t, H5Rcreate_object};
use hdf5_metno_sys::h5t::hvl_t;

use super::Values;
use super::node::Node;
use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::types::{Standard, copy_type, make_string, make_vlen, size, standard};

impl Values {
    /// Texts of any length, as many as `space` has elements.
    ///
    /// # Errors
    /// Another number of texts.
    pub fn of_texts(texts: &[&CStr], space: &Handle) -> Result<Self> {
        let datatype = make_string(None)?;
        let rows = texts.iter().map(|text| text.to_bytes_with_nul());
        Values::pointing(datatype, space, rows, |at, _, memory| {
            // SAFETY: the element is one pointer.
            unsafe { at.cast::<*mut c_void>().write(memory) };
        })
    }

    /// Lists of elements of the type `of`, which holds no pointers but may be a reference of the
    /// first kind; each list's bytes are in `rows`.
    ///
    /// # Errors
    /// Another number of lists than `space` has elements; bytes that are not whole elements.
    pub fn of_lists(of: &Handle, rows: &[Vec<u8>], space: &Handle) -> Result<Self> {
        let width = size(of).max(1);
        if rows.iter().any(|row| row.len() % width != 0) {
            return Err(Error::own("H5Tvlen_create", "not whole elements"));
        }
        let datatype = make_vlen(of)?;
        let rows = rows.iter().map(Vec::as_slice);
        Values::pointing(datatype, space, rows, |at, len, p| {
            let len = len / width;
            // SAFETY: the element is one such record.
            unsafe { at.cast::<hvl_t>().write(hvl_t { len, p }) };
        })
    }

    /// Elements of a type without pointers, as bytes; references of the first kind may be among
    /// them.
    ///
    /// # Errors
    /// Another number of bytes than `space` has elements; a type with pointers.
    pub fn of_bytes(datatype: &Handle, bytes: &[u8], space: &Handle) -> Result<Self> {
        const CALL: &str = "H5Awrite";
        let mut values = Values::room(copy_type(datatype)?, space.clone())?;
        let pointers = !Node::new(datatype)?.is_flat();
        if pointers || values.count.checked_mul(size(datatype)) != Some(bytes.len()) {
            values.count = 0;
            return Err(Error::own(CALL, "not so many elements without pointers"));
        }
        let start = values.words.as_mut_ptr().cast::<u8>();
        // SAFETY: the buffer has room for all elements.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Ok(values)
    }

    fn pointing<'r>(
        datatype: Handle,
        space: &Handle,
        rows: impl ExactSizeIterator<Item = &'r [u8]>,
        put: impl Fn(*mut u8, usize, *mut c_void),
    ) -> Result<Self> {
        let _lock = enter();
        let mut values = Values::room(datatype, space.clone())?;
        if rows.len() != values.count {
            return Err(Error::own("H5Tvlen_create", "another number of elements"));
        }
        let width = size(&values.datatype);
        let start = values.words.as_mut_ptr().cast::<u8>();
        for (i, row) in rows.enumerate() {
            // SAFETY: the library's own memory, as large as what is copied there; the buffer has
            // `count` elements, and is zero where nothing was put yet, which reclaiming passes
            // over.
            unsafe {
                let memory = H5allocate_memory(row.len().max(1), 0);
                if memory.is_null() {
                    return Err(Error::own("H5allocate_memory", "no memory"));
                }
                ptr::copy_nonoverlapping(row.as_ptr(), memory.cast(), row.len());
                put(start.add(i * width), row.len(), memory);
            }
        }
        Ok(values)
    }

    /// The type of the elements in memory.
    pub fn datatype(&self) -> &Handle {
        &self.datatype
    }

    /// References of the newer kind to these objects of a file.
    ///
    /// # Errors
    /// Another number than `space` has elements; nothing at a path.
    pub fn of_references(file: &Handle, paths: &[&CStr], space: &Handle) -> Result<Self> {
        let _lock = enter();
        let datatype = standard(Standard::Reference)?;
        let mut values = Values::room(datatype, space.clone())?;
        if paths.len() != values.count {
            return Err(Error::own("H5Rcreate_object", "another number of elements"));
        }
        let start = values.words.as_mut_ptr().cast::<H5R_ref_t>();
        for (i, path) in paths.iter().enumerate() {
            // SAFETY: the buffer has `count` references of 64 bytes.
            done("H5Rcreate_object", unsafe {
                H5Rcreate_object(file.id(), path.as_ptr(), H5P_DEFAULT, start.add(i))
            })?;
        }
        Ok(values)
    }
}
