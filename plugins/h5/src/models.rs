//! Models that files carry: datasets of bytes in one group, named by the beginning of their hash.
//!
//! The filter in this process looks them up by that name, so that a file is read with its own
//! models, without any search path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use catena_filter::Model;
use catena_hdf5_calls::{
    self as calls, CString, Handle, Standard, create_dataset, dataset_create_plist, dataset_space,
    dataset_type, extent, group_plist, link_object, open_object, simple_space, standard,
};
use h5catena::{MODEL_GROUP, Settings};

use crate::error::{At, Error, Result};
use crate::tree::Tree;

static KNOWN: Mutex<Option<HashMap<String, Arc<Model>>>> = Mutex::new(None);

/// A model by the beginning of its hash.
pub(crate) fn known(name: &str) -> Option<Arc<Model>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.as_ref()?.get(name).cloned()
}

/// From now on this model is found.
pub(crate) fn learn(model: &Arc<Model>) {
    let name = name_of(model);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .get_or_insert_with(HashMap::new)
        .insert(name, Arc::clone(model));
}

/// The first 16 digits of a model's hash.
pub(crate) fn name_of(model: &Model) -> String {
    let settings = Settings::default().with_model(&model.id());
    settings.model_name().unwrap_or_default()
}

/// Whether the group that models lie in holds nothing else.
fn is_model_group(tree: &Tree, path: &str) -> bool {
    let inside = tree.objects.iter().filter(|object| {
        let rest = object.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.starts_with('/'))
    });
    let mut names = inside.map(|object| &object.path[path.len() + 1..]);
    names.all(|name| name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether an object belongs to the models that a file carries.
pub(crate) fn is_model(tree: &Tree, path: &str) -> bool {
    let inside = path.strip_prefix(MODEL_GROUP);
    inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && is_model_group(tree, MODEL_GROUP)
}

/// Reads all models of a file, so that its chunks can be decoded.
///
/// # Errors
/// A damaged model.
pub(crate) fn learn_all(file: &Handle, tree: &Tree) -> Result<()> {
    let paths = tree.objects.iter().map(|object| object.path.as_str());
    for path in paths.filter(|path| *path != MODEL_GROUP && is_model(tree, path)) {
        let bytes = read(file, path).at(path)?;
        let model = Model::read(&bytes)
            .map_err(|e| Error::new(format!("is no model: {e}")))
            .at(path)?;
        learn(&Arc::new(model));
    }
    Ok(())
}

fn read(file: &Handle, path: &str) -> Result<Vec<u8>> {
    let name = CString::new(path).map_err(|_| Error::new("a zero byte in a name"))?;
    let dataset = open_object(file, &name)?;
    let datatype = dataset_type(&dataset)?;
    let dims = extent(&dataset_space(&dataset)?)?.dims().to_vec();
    let &[len] = &dims[..] else {
        return Err(Error::new("a model is a list of bytes"));
    };
    /// More than any model has; the file would have to hold as much.
    const MOST: u64 = 1 << 30;
    if len > MOST || calls::size(&datatype) != 1 {
        return Err(Error::new("a model is a list of bytes"));
    }
    let mut bytes = vec![0; len as usize];
    calls::read_block(&dataset, &datatype, (&[0], &[len], &[len]), &mut bytes)?;
    Ok(bytes)
}

/// Puts a model into a file that is being written, unless it is there.
///
/// # Errors
/// Of writing.
pub(crate) fn store(file: &Handle, model: &Model) -> Result<()> {
    let name = |text: &str| CString::new(text).map_err(|_| Error::new("a zero byte in a name"));
    let root = open_object(file, &name("/")?)?;
    let own = MODEL_GROUP.trim_start_matches('/');
    let group = match open_object(file, &name(MODEL_GROUP)?) {
        Ok(group) => group,
        Err(_) => {
            let group = calls::create_group(file, &group_plist(&root)?)?;
            link_object(&group, &root, &name(own)?, false)?;
            group
        }
    };
    let dataset_name = name(&name_of(model))?;
    if open_object(&group, &dataset_name).is_ok() {
        return Ok(());
    }
    let bytes = model.file();
    let len = bytes.len() as u64;
    let datatype = standard(Standard::U8)?;
    let space = simple_space(&[len], None)?;
    let dataset = create_dataset(file, &datatype, &space, &dataset_create_plist()?)?;
    calls::write_block(&dataset, &datatype, (&[0], &[len], &[len]), bytes)?;
    link_object(&dataset, &group, &dataset_name, false)?;
    Ok(())
}
