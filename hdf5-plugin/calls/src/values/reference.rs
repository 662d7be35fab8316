//! References: what they lead to, and the same from another file.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::h5r::{
    H5R_ATTR, H5R_DATASET_REGION1, H5R_DATASET_REGION2, H5R_OBJECT1, H5R_OBJECT2, H5R_ref_t,
    H5Rcreate, H5Rcreate_attr, H5Rcreate_object, H5Rcreate_region, H5Rdereference2, H5Rdestroy,
    H5Rget_attr_name, H5Rget_region, H5Rget_type, H5Ropen_object, H5Ropen_region,
};

use crate::error::Result;
use crate::handle::{Handle, done, enter};
use crate::object::{ObjectInfo, object_info};

/// What a reference leads to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The object.
    pub object: ObjectInfo,
    /// Part of it, if the reference says so.
    pub(super) region: Option<Handle>,
    /// Its attribute, if the reference says so.
    pub(super) attribute: Option<CString>,
}

/// A reference of the first kind as bytes: eight to an object, twelve to the selection of `region`
/// in it.
///
/// # Errors
/// Nothing at the path.
pub fn old_reference(file: &Handle, path: &CStr, region: Option<&Handle>) -> Result<Vec<u8>> {
    let (kind, space, len) = match region {
        None => (H5R_OBJECT1, -1, 8),
        Some(region) => (H5R_DATASET_REGION1, region.id(), 12),
    };
    let mut bytes = vec![0u8; len];
    let _lock = enter();
    // SAFETY: a reference of this kind is written, which has as many bytes.
    done("H5Rcreate", unsafe {
        H5Rcreate(
            bytes.as_mut_ptr().cast(),
            file.id(),
            path.as_ptr(),
            kind,
            space,
        )
    })?;
    Ok(bytes)
}

/// # Safety
/// `at` is an old reference of `size` bytes: 8 to an object, 12 to a region.
pub(super) unsafe fn old_target(at: *mut u8, size: usize, file: &Handle) -> Option<Target> {
    // SAFETY: the caller's promise.
    if unsafe { std::slice::from_raw_parts(at, size) }
        .iter()
        .all(|&b| b == 0)
    {
        return None;
    }
    let kind = match size {
        8 => H5R_OBJECT1,
        _ => H5R_DATASET_REGION1,
    };
    // SAFETY: a reference of this kind. One that leads nowhere is an error.
    let object = unsafe { H5Rdereference2(file.id(), H5P_DEFAULT, kind, at.cast::<c_void>()) };
    let object = Handle::new("H5Rdereference2", object).ok()?;
    let region = match size {
        8 => None,
        // SAFETY: a reference of this kind.
        _ => Some(unsafe { H5Rget_region(file.id(), kind, at.cast::<c_void>()) }),
    };
    let region = region.map(|id| Handle::new("H5Rget_region", id));
    Some(Target {
        object: object_info(&object).ok()?,
        region: region.transpose().ok()?,
        attribute: None,
    })
}

/// # Safety
/// As [`old_target`].
pub(super) unsafe fn old_remap(
    at: *mut u8,
    size: usize,
    from: &Handle,
    to: &Handle,
    path_of: &mut dyn FnMut(&Target) -> Option<CString>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let target = unsafe { old_target(at, size, from) };
    let path = target.as_ref().and_then(&mut *path_of);
    // SAFETY: the caller's promise.
    unsafe { ptr::write_bytes(at, 0, size) };
    let (Some(target), Some(path)) = (target, path) else {
        return Ok(());
    };
    let (kind, space) = match &target.region {
        None => (H5R_OBJECT1, -1),
        Some(region) => (H5R_DATASET_REGION1, region.id()),
    };
    // SAFETY: a reference of this kind is written, of as many bytes as the caller promised.
    done("H5Rcreate", unsafe {
        H5Rcreate(at.cast(), to.id(), path.as_ptr(), kind, space)
    })
}

/// # Safety
/// `at` is a reference of the newer kind.
pub(super) unsafe fn new_target(at: *mut u8) -> Option<Target> {
    let at = at.cast_const().cast::<H5R_ref_t>();
    // SAFETY: the caller's promise; references are 64 bytes, and all calls take them by pointer.
    unsafe {
        let kind = H5Rget_type(at);
        if !matches!(kind, H5R_OBJECT2 | H5R_DATASET_REGION2 | H5R_ATTR) {
            return None;
        }
        let object = H5Ropen_object(at, H5P_DEFAULT, H5P_DEFAULT);
        let object = Handle::new("H5Ropen_object", object).ok()?;
        let region = (kind == H5R_DATASET_REGION2).then(|| {
            Handle::new(
                "H5Ropen_region",
                H5Ropen_region(at, H5P_DEFAULT, H5P_DEFAULT),
            )
        });
        let attribute = if kind == H5R_ATTR {
            let len = usize::try_from(H5Rget_attr_name(at, ptr::null_mut(), 0)).ok()?;
            let mut name = vec![0u8; len + 1];
            if H5Rget_attr_name(at, name.as_mut_ptr().cast(), name.len()) < 0 {
                return None;
            }
            Some(CStr::from_bytes_until_nul(&name).ok()?.to_owned())
        } else {
            None
        };
        Some(Target {
            object: object_info(&object).ok()?,
            region: region.transpose().ok()?,
            attribute,
        })
    }
}

/// # Safety
/// `at` is a reference of the newer kind.
pub(super) unsafe fn new_remap(
    at: *mut u8,
    to: &Handle,
    path_of: &mut dyn FnMut(&Target) -> Option<CString>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let Some(target) = (unsafe { new_target(at) }) else {
        return Ok(());
    };
    let Some(path) = path_of(&target) else {
        return Ok(());
    };
    let mut made = H5R_ref_t::default();
    // SAFETY: one reference is written; then it takes the place of the old one, whose memory is
    // given back.
    unsafe {
        let (to, path): (_, *const c_char) = (to.id(), path.as_ptr());
        let status: c_int = match (&target.region, &target.attribute) {
            (Some(region), _) => H5Rcreate_region(to, path, region.id(), H5P_DEFAULT, &mut made),
            (None, Some(name)) => H5Rcreate_attr(to, path, name.as_ptr(), H5P_DEFAULT, &mut made),
            (None, None) => H5Rcreate_object(to, path, H5P_DEFAULT, &mut made),
        };
        done("H5Rcreate_object", status)?;
        H5Rdestroy(at.cast());
        ptr::copy_nonoverlapping(&made, at.cast::<H5R_ref_t>(), 1);
    }
    Ok(())
}
