//! At a dataset's creation: its type, its chunks' shape and what the filters before this one do
//! become the derived values.
//!
//! Called again with values that it has expanded before (h5repack), it comes to the same ones.

use std::ffi::{c_int, c_uint, c_void};

use catena_filter::Layout;

use super::abi::{H5S_MAX_RANK, Herr, Hid};
use super::host::Library;
use super::pipeline::{self, Input};
use super::report::guard;
use super::{models, walk};
use crate::error::{Error, Result};
use crate::{FILTER_ID, Parsed, Settings};

/// Room for values that somebody set: more than are allowed, so that too many are seen.
const ROOM: usize = 64;

/// `set_local`, with the address that the call returns to.
///
/// # Safety
/// As libhdf5 calls it: a property list and a type.
pub(super) unsafe extern "C" fn on_set_local(
    dcpl: Hid,
    of: Hid,
    _space: Hid,
    caller: *const c_void,
) -> Herr {
    let library = Library::calling(caller);
    match guard(&library, || expand(&library, dcpl, of)) {
        Some(()) => 1,
        None => -1,
    }
}

fn expand(library: &Library, dcpl: Hid, of: Hid) -> Result<()> {
    let (Some(get), Some(modify), Some(chunk)) =
        (library.get_filter, library.modify_filter, library.get_chunk)
    else {
        // Nothing can be derived: the values stay the user's, chunks are bytes.
        return Ok(());
    };
    let id = FILTER_ID as c_int;
    let (mut flags, mut n, mut values) = (0 as c_uint, ROOM, [0 as c_uint; ROOM]);
    // SAFETY: the list is the caller's, all places can be written, `n` says how many values have
    // room, and no name is asked for.
    let status = unsafe {
        get(
            dcpl,
            id,
            &mut flags,
            &mut n,
            values.as_mut_ptr(),
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    if status < 0 {
        return Err(Error::Host("the filter's values cannot be read"));
    }
    let given = values
        .get(..n)
        .ok_or_else(|| Error::Values(format!("{n} values")))?;
    let settings = Settings::parse(given)?;
    let mut axes = [0u64; H5S_MAX_RANK];
    // SAFETY: there is room for as many axes as are announced.
    let rank = unsafe { chunk(dcpl, H5S_MAX_RANK as c_int, axes.as_mut_ptr()) };
    let axes = usize::try_from(rank).ok().and_then(|rank| axes.get(..rank));
    let parsed = match pipeline::input(library, dcpl) {
        Input::Elements(shuffle) => {
            let layout = walk::walk(library, of).layout(axes.unwrap_or_default());
            Parsed::new(settings, &layout).with_shuffle(shuffle)
        }
        Input::Coded => Parsed::new(settings, &Layout::bytes()),
    };
    if let Some(prefix) = parsed.settings.model {
        // A dataset that could not be read back without its model is not created without it.
        models::find(library, &prefix)?.suits(parsed.settings.level)?;
    }
    let values = parsed.values();
    // SAFETY: the list is the caller's, and the values are as many as announced.
    let status = unsafe { modify(dcpl, id, flags, values.len(), values.as_ptr()) };
    if status < 0 {
        return Err(Error::Host("the filter's values cannot be set"));
    }
    Ok(())
}
