//! A filter that is Rust code, for the library in this process.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::{ptr, slice};

use hdf5_metno_sys::h5::{H5allocate_memory, H5free_memory};
use hdf5_metno_sys::h5z::{H5Z_CLASS_T_VERS, H5Z_FLAG_REVERSE, H5Z_class2_t, H5Zregister};

use crate::error::{Result, filter_failed};
use crate::handle::{done, enter};

/// Which way a chunk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the file.
    Encode,
    /// From the file.
    Decode,
}

/// What a filter does: direction, values, bytes. An error's text becomes the message of the call
/// that failed.
pub type Code = fn(Direction, &[u32], &[u8]) -> std::result::Result<Vec<u8>, String>;

static CODE: OnceLock<Code> = OnceLock::new();

/// Makes the library use `code` for filter `id`. There is one such filter: a second call with other
/// code has no effect.
///
/// # Errors
/// None to be expected.
pub fn register_filter(id: i32, name: &'static CStr, code: Code) -> Result<()> {
    CODE.get_or_init(|| code);
    let class = H5Z_class2_t {
        version: H5Z_CLASS_T_VERS as c_int,
        id,
        encoder_present: 1,
        decoder_present: 1,
        name: name.as_ptr(),
        can_apply: None,
        set_local: None,
        filter: Some(run),
    };
    let _lock = enter();
    // SAFETY: the library copies the record; the name is static.
    done("H5Zregister", unsafe {
        H5Zregister((&raw const class).cast())
    })
}

/// The callback. 0 says that it failed, and leaves the buffer as it was.
unsafe extern "C" fn run(
    flags: c_uint,
    value_n: usize,
    values: *const c_uint,
    len: usize,
    size: *mut usize,
    buffer: *mut *mut c_void,
) -> usize {
    // SAFETY: the library's contract for filters: so many values, so many bytes, neither changed
    // meanwhile; empty ones may be null.
    let (values, input) = unsafe {
        let values = match value_n {
            0 => &[][..],
            n => slice::from_raw_parts(values, n),
        };
        let input = match len {
            0 => &[][..],
            n => slice::from_raw_parts((*buffer).cast::<u8>(), n),
        };
        (values, input)
    };
    let direction = match flags & H5Z_FLAG_REVERSE as c_uint {
        0 => Direction::Encode,
        _ => Direction::Decode,
    };
    let work = || match CODE.get() {
        Some(code) => code(direction, values, input),
        None => Err("no filter is registered".into()),
    };
    let result = catch_unwind(AssertUnwindSafe(work));
    let output =
        match result.unwrap_or_else(|_| Err("the filter panicked; this is a defect".into())) {
            Ok(output) if !output.is_empty() => output,
            Ok(_) => return 0,
            Err(message) => {
                filter_failed(message);
                return 0;
            }
        };
    // SAFETY: memory of the library's own, as large as what is copied there; the old buffer is its
    // own too and goes back to it.
    unsafe {
        let memory = H5allocate_memory(output.len(), 0);
        if memory.is_null() {
            return 0;
        }
        ptr::copy_nonoverlapping(output.as_ptr(), memory.cast(), output.len());
        H5free_memory(*buffer);
        *buffer = memory;
        *size = output.len();
    }
    output.len()
}
