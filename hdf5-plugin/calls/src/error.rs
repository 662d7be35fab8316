//! What the library says when a call fails.

use std::ffi::{CStr, c_uint, c_void};
use std::fmt;

use hdf5_metno_sys::h5e::{
    H5E_DEFAULT, H5E_WALK_UPWARD, H5E_error2_t, H5E_walk2_t, H5Eclear2, H5Ewalk2,
};

use crate::filter;

/// A failed call: its name, and what the library put on its error stack.
#[derive(Clone, Debug)]
pub struct Error {
    call: &'static str,
    causes: Vec<String>,
    filter: Option<String>,
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What is on the error stack now, which is emptied. The caller holds the lock.
    pub(crate) fn last(call: &'static str) -> Self {
        let mut causes: Vec<String> = Vec::new();
        let walk: H5E_walk2_t = Some(collect);
        // SAFETY: the callback gets the pointer given here, to a vector that outlives the call.
        unsafe {
            H5Ewalk2(
                H5E_DEFAULT,
                H5E_WALK_UPWARD,
                walk,
                (&raw mut causes).cast::<c_void>(),
            );
            H5Eclear2(H5E_DEFAULT);
        }
        Error {
            call,
            causes,
            filter: filter::take_message(),
        }
    }

    /// An error that this crate finds itself.
    pub(crate) fn own(call: &'static str, why: impl Into<String>) -> Self {
        Error {
            call,
            causes: vec![why.into()],
            filter: None,
        }
    }

    /// What the registered filter said, if the call failed for its sake.
    pub fn filter_message(&self) -> Option<&str> {
        self.filter.as_deref()
    }
}

unsafe extern "C" fn collect(_: c_uint, error: *const H5E_error2_t, data: *mut c_void) -> i32 {
    // SAFETY: `data` is the vector of `last`, `error` the library's own record, its text NUL-terminated or null.
    unsafe {
        let causes = &mut *data.cast::<Vec<String>>();
        let text = (*error).desc;
        if !text.is_null() {
            causes.push(CStr::from_ptr(text).to_string_lossy().into_owned());
        }
    }
    0
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.filter {
            return f.write_str(message);
        }
        match &self.causes[..] {
            [] => write!(f, "{} failed", self.call),
            [inner, ..] => write!(f, "{} ({})", inner.trim_end(), self.call),
        }
    }
}

impl std::error::Error for Error {}
