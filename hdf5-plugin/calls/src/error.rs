//! What the library says when a call fails.

use std::ffi::{CStr, c_uint, c_void};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hdf5_metno_sys::h5::H5get_libversion;
use hdf5_metno_sys::h5e::{
    H5E_DEFAULT, H5E_WALK_UPWARD, H5E_error2_t, H5E_walk2_t, H5Eclear2, H5Ewalk2,
};

/// What the filter said last, if it failed since this was asked.
static FILTER_MESSAGE: Mutex<Option<String>> = Mutex::new(None);

fn filter_message() -> MutexGuard<'static, Option<String>> {
    FILTER_MESSAGE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what the filter says for the error of the call that it makes fail.
pub(crate) fn filter_failed(message: String) {
    *filter_message() = Some(message);
}

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
            filter: filter_message().take(),
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
    // SAFETY: `data` is the vector of `last`, `error` the library's own record, its text
    // NUL-terminated or null.
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
        }?;
        if self.is_of_a_newer_release() {
            let (major, minor, release) = release();
            write!(
                f,
                ": a newer HDF5 than the {major}.{minor}.{release} in this program wrote it, in a form of its own (as h5py does with libver='latest'), or it is damaged. \
                 A program that has that HDF5 can write its datasets anew, as into h5py.File(name, 'w', libver=('earliest', 'v{major}{minor}')); catena_hdf5.repack of the Python package packs it"
            )?;
        }
        Ok(())
    }
}

impl Error {
    /// Whether the library met a part of a file in a form that it does not know yet.
    pub fn is_of_a_newer_release(&self) -> bool {
        let unknown = |text: &String| {
            let version = text.starts_with("bad ") || text.starts_with("wrong ");
            version && text.contains("version") || text.contains("unknown datatype class")
        };
        self.causes.iter().any(unknown)
    }
}

/// The library's version.
fn release() -> (c_uint, c_uint, c_uint) {
    let (mut major, mut minor, mut release) = (0, 0, 0);
    // SAFETY: three numbers are written; the function needs nothing else.
    unsafe { H5get_libversion(&mut major, &mut minor, &mut release) };
    (major, minor, release)
}

impl std::error::Error for Error {}
