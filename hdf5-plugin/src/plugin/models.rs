//! Trained models, for the plugin: those that the process has seen, those that lie in the files
//! that are open, those that are installed.
//!
//! A model in a file is the dataset `/.catena/<first 16 hexadecimal digits of its hash>`: the bytes
//! of its `.catmodel` file. It is read through the calling library, on the thread that called, and
//! only if no model of that name was seen before.

use std::ffi::{CString, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use catena_filter::model::{MAX_FILE, Search};
use catena_filter::{ErrorKind, Model};

use super::abi::{H5_DEFAULT, H5F_OBJ_ALL, H5F_OBJ_IN_FILES, Hid};
use super::host::Library;
use crate::error::Result;
use crate::{MODEL_GROUP, settings};

/// Models that were found, for the life of the process.
static SEEN: Mutex<Vec<Arc<Model>>> = Mutex::new(Vec::new());
/// Most open objects whose files are looked into.
const MOST: usize = 1024;

fn seen(prefix: &[u8; 8]) -> Option<Arc<Model>> {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut seen = seen.iter();
    seen.find(|model| model.id().as_bytes().starts_with(prefix))
        .cloned()
}

/// The model whose hash begins like this.
///
/// # Errors
/// `MissingModelPrefix`, with every place that was looked in.
pub(super) fn find(library: &Library, prefix: &[u8; 8]) -> Result<Arc<Model>> {
    if let Some(model) = seen(prefix) {
        return Ok(model);
    }
    let mut looked_in = Vec::new();
    let found = in_files(library, prefix, &mut looked_in);
    let found = match found {
        Some(model) => model,
        None => Search::from_env()
            .by_prefix(prefix)
            .map_err(|error| match error.into_kind() {
                ErrorKind::MissingModelPrefix {
                    prefix,
                    looked_in: more,
                } => {
                    let mut places = std::mem::take(&mut looked_in);
                    places.extend(more);
                    ErrorKind::MissingModelPrefix {
                        prefix,
                        looked_in: places,
                    }
                    .into()
                }
                other => catena_filter::Error::from(other),
            })?,
    };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.iter().all(|model| model.id() != found.id()) {
        seen.push(Arc::clone(&found));
    }
    Ok(found)
}

/// The same where a file may be about to close: what was seen before, or is installed.
pub(super) fn at_hand(_: &Library, prefix: &[u8; 8]) -> Option<Arc<Model>> {
    seen(prefix).or_else(|| Search::from_env().by_prefix(prefix).ok())
}

/// Looks into the files of all that is open: a file whose own identifier was closed stays open as
/// long as a dataset of it is.
fn in_files(
    library: &Library,
    prefix: &[u8; 8],
    looked_in: &mut Vec<String>,
) -> Option<Arc<Model>> {
    let name = settings::hex(prefix);
    let path = format!("{MODEL_GROUP}/{name}");
    let mut files = [0 as Hid; MOST];
    // SAFETY: there is room for as many ids as are asked for.
    let n = unsafe { library.object_ids?(H5F_OBJ_ALL, H5F_OBJ_IN_FILES, MOST, files.as_mut_ptr()) };
    let n = usize::try_from(n).ok()?.min(MOST);
    looked_in.push(format!("{path} of the files of {n} open objects"));
    files.get(..n)?.iter().find_map(|&file| {
        let bytes = read(library, file, &path)?;
        match Model::read(&bytes) {
            Ok(model) if model.id().as_bytes().starts_with(prefix) => Some(Arc::new(model)),
            Ok(_) => {
                looked_in.push(format!("{path}: another model"));
                None
            }
            Err(error) => {
                looked_in.push(format!("{path}: {error}"));
                None
            }
        }
    })
}

/// The bytes of a dataset; `None` if there is none, or if it is no model's by its size.
fn read(library: &Library, file: Hid, path: &str) -> Option<Vec<u8>> {
    let exists = library.link_exists?;
    let (group, whole) = (CString::new(MODEL_GROUP).ok()?, CString::new(path).ok()?);
    // SAFETY: the file is open, the names end with a zero. The group is asked for first: a path
    // through what is not there is an error.
    let there = unsafe {
        exists(file, group.as_ptr(), H5_DEFAULT) > 0 && exists(file, whole.as_ptr(), H5_DEFAULT) > 0
    };
    if !there {
        return None;
    }
    let native = library.id(c"H5T_NATIVE_UINT8_g");
    let (get_space, points) = (library.dataset_space?, library.space_points?);
    let (close_space, close, read) = (
        library.space_close?,
        library.dataset_close?,
        library.dataset_read?,
    );
    // SAFETY: as above; the dataset is closed below.
    let dataset = unsafe { library.dataset_open?(file, whole.as_ptr(), H5_DEFAULT) };
    if dataset < 0 {
        return None;
    }
    // SAFETY: the dataset is open; its space is closed at once.
    let n = unsafe {
        let space = get_space(dataset);
        let n = points(space);
        close_space(space);
        n
    };
    let n = u64::try_from(n).ok().filter(|&n| n > 0 && n <= MAX_FILE);
    let mut bytes = vec![0u8; n.map_or(0, |n| n as usize)];
    let mut status = -1;
    if !bytes.is_empty() && native != 0 {
        let to = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: the buffer has a byte for every element, which the native type makes of whatever
        // the dataset holds.
        status = unsafe { read(dataset, native, H5_DEFAULT, H5_DEFAULT, H5_DEFAULT, to) };
    }
    // SAFETY: the dataset was opened here.
    unsafe { close(dataset) };
    (status >= 0).then_some(bytes)
}
