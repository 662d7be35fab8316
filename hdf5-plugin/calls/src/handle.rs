//! Identifiers that are released when they go.

use std::ffi::c_int;
use std::ptr;
use std::sync::Once;

use hdf5_metno_sys::LOCK;
use hdf5_metno_sys::h5::H5open;
use hdf5_metno_sys::h5e::{H5E_DEFAULT, H5Eset_auto2};
use hdf5_metno_sys::h5i::{H5Idec_ref, H5Iinc_ref, H5Iis_valid, hid_t};

use crate::error::{Error, Result};

static OPEN: Once = Once::new();

/// The lock under which all calls are made; the library is initialised, and silent.
pub(crate) fn enter() -> impl Drop {
    let lock = LOCK.lock();
    OPEN.call_once(|| {
        // SAFETY: no pointers but a null callback, which means that nothing is printed.
        unsafe {
            H5open();
            H5Eset_auto2(H5E_DEFAULT, None, ptr::null_mut());
        }
    });
    lock
}

/// Something of the library's: a file, an object, a type, a dataspace, a property list.
#[derive(Debug)]
pub struct Handle(hid_t);

impl Handle {
    /// Takes what a call returned. The caller holds the lock.
    pub(crate) fn new(call: &'static str, id: hid_t) -> Result<Self> {
        if id < 0 {
            Err(Error::last(call))
        } else {
            Ok(Handle(id))
        }
    }

    pub(crate) fn id(&self) -> hid_t {
        self.0
    }

    /// Gives the identifier up without releasing it.
    pub(crate) fn into_id(self) -> hid_t {
        let id = self.0;
        std::mem::forget(self);
        id
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        let _lock = enter();
        // SAFETY: the identifier is this handle's own.
        unsafe { H5Iinc_ref(self.0) };
        Handle(self.0)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _lock = enter();
        // SAFETY: the reference is this handle's own; a file that was closed with all it held has
        // left invalid identifiers behind.
        unsafe {
            if H5Iis_valid(self.0) > 0 {
                H5Idec_ref(self.0);
            }
        }
    }
}

/// A status: negative is an error. The caller holds the lock.
pub(crate) fn done(call: &'static str, status: c_int) -> Result<()> {
    if status < 0 {
        Err(Error::last(call))
    } else {
        Ok(())
    }
}

/// A three-way answer. The caller holds the lock.
pub(crate) fn truth(call: &'static str, answer: c_int) -> Result<bool> {
    done(call, answer).map(|()| answer > 0)
}
