//! Messages on HDF5's error stack, and panics that end here.

use std::ffi::{CString, c_char, c_uint};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::abi::{H5_DEFAULT, Herr, Hid};
use super::host::Library;

/// `H5Epush2`, whose message is a format.
type Push = unsafe extern "C" fn(
    Hid,
    *const c_char,
    *const c_char,
    c_uint,
    Hid,
    Hid,
    Hid,
    *const c_char,
    ...
) -> Herr;

/// Pushes a message onto the calling thread's error stack. Without the functions it needs: onto
/// standard error.
pub(super) fn push(library: &Library, message: &str) {
    let message = format!("Catena: {message}");
    let symbol = library.symbol(c"H5Epush2");
    let class = library.id(c"H5E_ERR_CLS_g");
    let major = library.id(c"H5E_PLINE_g");
    let minor = library.id(c"H5E_CANTFILTER_g");
    // No zero may stand inside.
    let text = CString::new(message.replace('\0', " ")).unwrap_or_default();
    if symbol.is_null() || class == 0 || major == 0 || minor == 0 {
        eprintln!("{}", text.to_string_lossy());
        return;
    }
    // SAFETY: the symbol is H5Epush2, with this signature in every release from 1.8 on.
    let push = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Push>(symbol) };
    let pauses = resume(library);
    // SAFETY: all strings end with a zero, the ids are the library's own, and the format takes one
    // string.
    unsafe {
        push(
            H5_DEFAULT,
            c"hdf5-plugin".as_ptr(),
            c"catena".as_ptr(),
            0,
            class,
            major,
            minor,
            c"%s".as_ptr(),
            text.as_ptr(),
        );
    }
    pause(library, pauses);
}

/// Pauses that one may lie in.
const DEEPEST: usize = 16;

/// Lets messages through: newer releases pause the error stack while a filter runs, and drop what
/// is pushed then. Returns how many pauses were ended.
fn resume(library: &Library) -> usize {
    let (Some(is_paused), Some(resume), Some(_)) = (
        library.errors_paused,
        library.errors_resume,
        library.errors_pause,
    ) else {
        return 0;
    };
    for pauses in 0..DEEPEST {
        let mut paused = false;
        // SAFETY: `paused` can be written; a stack that is paused may be resumed.
        let ended =
            unsafe { is_paused(H5_DEFAULT, &mut paused) < 0 || !paused || resume(H5_DEFAULT) < 0 };
        if ended {
            return pauses;
        }
    }
    DEEPEST
}

/// Pauses the stack again. That empties it, so what is there is put aside meanwhile.
fn pause(library: &Library, pauses: usize) {
    let (Some(pause), Some(take), Some(set)) = (
        library.errors_pause,
        library.errors_take,
        library.errors_set,
    ) else {
        return;
    };
    if pauses == 0 {
        return;
    }
    // SAFETY: the current stack may be taken, paused and set at any time; setting closes the one
    // that was taken.
    unsafe {
        let taken = take();
        for _ in 0..pauses {
            pause(H5_DEFAULT);
        }
        if taken >= 0 {
            set(taken);
        }
    }
}

/// Runs a callback's work. An error and a panic become a message and `None`.
pub(super) fn guard<T>(library: &Library, work: impl FnOnce() -> crate::Result<T>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            push(library, &error.to_string());
            None
        }
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| text.to_string())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "a panic".into());
            push(library, &format!("internal error: {text}"));
            None
        }
    }
}
