//! The filter's call: a chunk in the library's buffer becomes another one.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::{Arc, OnceLock};

use super::abi::{FilterClass, H5Z_CLASS_T_VERS, H5Z_FLAG_REVERSE};
use super::host::Library;
use super::recent::Recent;
use super::report::guard;
use super::{models, shims};
use crate::error::{Error, Result};
use crate::{FILTER_ID, Parsed, decode_chunk, encode_chunk};

/// The class, which libhdf5 only reads.
pub(super) struct Shared(pub(super) FilterClass);

// SAFETY: nothing in it is ever written; its pointers are to constants.
unsafe impl Sync for Shared {}

/// What the plugin is to libhdf5.
pub(super) static CLASS: Shared = Shared(FilterClass {
    version: H5Z_CLASS_T_VERS,
    id: FILTER_ID as c_int,
    encoder_present: 1,
    decoder_present: 1,
    name: c"Catena: lossless compression of scientific data".as_ptr(),
    can_apply: Some(shims::can_apply),
    set_local: Some(shims::set_local),
    filter: Some(shims::filter),
});

/// The filter, with the address that the call returns to. Returns the length of what is in the
/// buffer then, 0 for failure, in which case the buffer is as it was.
///
/// # Safety
/// As libhdf5 calls it: `values` are `value_n`, `*buffer` was allocated by that library and has at
/// least `len` bytes.
pub(super) unsafe extern "C" fn on_filter(
    flags: c_uint,
    value_n: usize,
    values: *const c_uint,
    len: usize,
    size: *mut usize,
    buffer: *mut *mut c_void,
    caller: *const c_void,
) -> usize {
    let library = Library::calling(caller);
    if size.is_null() || buffer.is_null() {
        return 0;
    }
    // SAFETY: the caller's promises: both lengths are those of what the pointers point to, and
    // nobody writes there during this call.
    let (values, input) = unsafe { (slice(values, value_n), slice((*buffer).cast::<u8>(), len)) };
    let reverse = flags & H5Z_FLAG_REVERSE != 0;
    let output = guard(&library, || {
        let output = run(&library, reverse, values, input)?;
        let fresh = library.allocate(output.len());
        if fresh.is_null() {
            return Err(Error::Host("no memory for the chunk"));
        }
        // SAFETY: the buffer is fresh and has as many bytes as are copied.
        unsafe {
            fresh
                .cast::<u8>()
                .copy_from_nonoverlapping(output.as_ptr(), output.len())
        };
        Ok((fresh, output.len()))
    });
    let Some((fresh, output_len)) = output else {
        return 0;
    };
    // SAFETY: the old buffer is the library's, and nobody looks at it after this; both places can
    // be written.
    unsafe {
        library.release(*buffer);
        *buffer = fresh;
        *size = output_len;
    }
    output_len
}

/// So many values; none of a null pointer.
///
/// # Safety
/// `at` is null or points to `n` values that nobody writes as long as the slice lives.
unsafe fn slice<'a, T>(at: *const T, n: usize) -> &'a [T] {
    if at.is_null() || n == 0 {
        &[]
    } else {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(at, n) }
    }
}

fn run(library: &Library, reverse: bool, values: &[c_uint], input: &[u8]) -> Result<Arc<Vec<u8>>> {
    let host = Host::get();
    assert!(!host.panics, "a panic for the tests");
    let parsed = Parsed::parse(values)?;
    let prefix = parsed.settings.model;
    if !reverse {
        // A chunk is written in any case; without the model if it is gone.
        let model = prefix.and_then(|prefix| models::at_hand(library, &prefix));
        return encode_chunk(input, &parsed, model, host.threads).map(Arc::new);
    }
    if let Some(raw) = host.recent.find(values, input) {
        return Ok(raw);
    }
    let model = match catena_filter::block::info(input)?.model {
        Some(named) => Some(models::find(library, &named)?),
        None => None,
    };
    let raw = Arc::new(decode_chunk(input, &parsed, model, host.threads)?);
    host.recent.keep(values, input, &raw);
    Ok(raw)
}

/// What the process's environment says, read once, and what the process keeps.
struct Host {
    /// `CATENA_THREADS`: 1 keeps the work in the calling thread; else the process's pool does it.
    threads: usize,
    /// `CATENA_HDF5_TEST_PANIC`: every call panics, so that tests see that it goes no further.
    panics: bool,
    /// Chunks that were decoded last, as many as `CATENA_HDF5_CACHE` allows.
    recent: Recent,
}

impl Host {
    fn get() -> &'static Host {
        static HOST: OnceLock<Host> = OnceLock::new();
        HOST.get_or_init(|| {
            let threads = std::env::var("CATENA_THREADS").ok();
            let cache = std::env::var("CATENA_HDF5_CACHE").ok();
            Host {
                threads: usize::from(threads.as_deref() == Some("1")),
                panics: std::env::var_os("CATENA_HDF5_TEST_PANIC").is_some(),
                recent: Recent::from_text(cache.as_deref()),
            }
        })
    }
}
