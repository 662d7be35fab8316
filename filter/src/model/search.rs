//! Where a model is looked for when a stream, or a user, names it.
//!
//! In this order: what the caller gave; what is embedded in the stream; the folders of
//! `CATENA_MODEL_PATH`; the user's own folder; what is built in. Invariant: what is found has the
//! hash that was asked for; a file that has not is passed over, and the error tells of it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::built_in::BUILT_IN;
use super::{ID_LEN, MAX_FILE, Model, ModelId, SUFFIX};
use crate::error::{Error, ErrorKind, Result};
use crate::pool::lock;

/// The environment variable that lists folders of models, as PATH lists folders of programs.
pub const PATH_VARIABLE: &str = "CATENA_MODEL_PATH";

/// The last place, in words.
const BUILT_IN_PLACE: &str = "the models that are built in";

/// The model that was read last by its name: streams that follow one another, such as the chunks of
/// a file, name the same one.
static LAST: Mutex<Option<Arc<Model>>> = Mutex::new(None);

/// Where a model was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In the program.
    BuiltIn,
}

/// A model that the search path has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// Its name, as its file says.
    pub id: ModelId,
    /// Where it is.
    pub place: Place,
    /// The folder that it was found in, and why that is looked at; empty of what is built in.
    pub source: String,
    /// What built-in bytes there are.
    bytes: &'static [u8],
}

/// The places that are looked in, in order.
#[derive(Clone, Debug)]
pub struct Search {
    /// Folders, and what they are to the user.
    folders: Vec<(PathBuf, &'static str)>,
    built_in: &'static [&'static [u8]],
}

impl Search {
    /// `CATENA_MODEL_PATH`, the user's folder, and what is built in.
    pub fn from_env() -> Self {
        let listed = std::env::var_os(PATH_VARIABLE).unwrap_or_default();
        let listed = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty());
        let mut folders: Vec<_> = listed.map(|path| (path, PATH_VARIABLE)).collect();
        folders.extend(user_folder().map(|path| (path, "the user's models")));
        Search {
            folders,
            built_in: BUILT_IN,
        }
    }

    /// These folders alone.
    pub fn of_folders(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let folders = folders.into_iter().map(|path| (path, "given"));
        Search {
            folders: folders.collect(),
            built_in: &[],
        }
    }

    /// The places, in words.
    fn places(&self) -> Vec<String> {
        let folders = self.folders.iter();
        let folders = folders.map(|(path, what)| format!("{} ({what})", path.display()));
        folders.chain([BUILT_IN_PLACE.into()]).collect()
    }

    /// The model with this name.
    ///
    /// # Errors
    /// [`ErrorKind::MissingModel`] with every place that was looked in.
    pub fn find(&self, id: &ModelId) -> Result<Arc<Model>> {
        let mut looked_in = Vec::new();
        for (folder, what) in &self.folders {
            looked_in.push(format!("{} ({what})", folder.display()));
            // The name it is installed under is tried first, so that a large folder is not read
            // through.
            let installed = folder.join(file_name(id));
            let installed = stored_id(&installed).map(|found| (found, installed));
            let all = || in_folder(folder);
            for (found, path) in installed
                .into_iter()
                .chain(std::iter::once_with(all).flatten())
            {
                if found != *id {
                    continue;
                }
                match read_file(&path) {
                    Ok(model) => return Ok(Arc::new(model)),
                    Err(error) => {
                        let told = format!("{}: {error}", path.display());
                        if !looked_in.contains(&told) {
                            looked_in.push(told);
                        }
                    }
                }
            }
        }
        let own = |file: &&&[u8]| ModelId::stored_in(file) == Some(*id);
        if let Some(file) = self.built_in.iter().find(own) {
            return Model::read(file).map(Arc::new);
        }
        looked_in.push(String::from(BUILT_IN_PLACE));
        Err(ErrorKind::MissingModel { id: *id, looked_in }.into())
    }

    /// The first model whose hash begins with these bytes.
    ///
    /// # Errors
    /// [`ErrorKind::MissingModelPrefix`] with every place that was looked in.
    pub fn by_prefix(&self, prefix: &[u8]) -> Result<Arc<Model>> {
        let mut looked_in = self.places();
        for found in self.list() {
            if !found.id.as_bytes().starts_with(prefix) {
                continue;
            }
            match found.read() {
                Ok(model) if model.id().as_bytes().starts_with(prefix) => return Ok(model),
                Ok(_) => {}
                Err(error) => looked_in.push(format!("{} ({error})", found.id)),
            }
        }
        Err(missing(prefix, looked_in))
    }

    /// The one model whose hash begins with `name`, or whose file is called that, without its
    /// suffix.
    ///
    /// # Errors
    /// `InvalidInput` if there is none or more than one, naming the places or the candidates.
    pub fn by_name(&self, name: &str) -> Result<Found> {
        let all = self.list();
        let called = |found: &&Found| match &found.place {
            Place::File(path) => path.file_stem().is_some_and(|stem| stem == name),
            Place::BuiltIn => false,
        };
        let begins = |found: &&Found| !name.is_empty() && found.id.begins_with(name);
        // A file's name is meant before the beginning of another's hash.
        let mut hits: Vec<&Found> = all.iter().filter(called).collect();
        if hits.is_empty() {
            hits = all.iter().filter(begins).collect();
        }
        let mut ids: Vec<ModelId> = hits.iter().map(|hit| hit.id).collect();
        ids.sort();
        ids.dedup();
        match (hits.first(), &ids[..]) {
            (Some(&found), [_]) => Ok(found.clone()),
            (None, _) | (_, []) => {
                let places = self.places().join("; ");
                Err(Error::invalid(format!(
                    "no model is called '{name}' and no hash begins like that; looked in: {places}"
                )))
            }
            (_, several) => {
                let ids: Vec<String> = several.iter().map(ModelId::to_string).collect();
                let ids = ids.join(", ");
                Err(Error::invalid(format!("'{name}' may be any of {ids}")))
            }
        }
    }

    /// All models, in the order of the places. What a file says of itself is not checked.
    pub fn list(&self) -> Vec<Found> {
        let in_folders = self.folders.iter().flat_map(|(folder, what)| {
            let source = format!("{} ({what})", folder.display());
            in_folder(folder).into_iter().map(move |(id, path)| Found {
                id,
                place: Place::File(path),
                source: source.clone(),
                bytes: &[],
            })
        });
        let built_in = self.built_in.iter().filter_map(|&bytes| {
            Some(Found {
                id: ModelId::stored_in(bytes)?,
                place: Place::BuiltIn,
                source: String::new(),
                bytes,
            })
        });
        in_folders.chain(built_in).collect()
    }
}

impl Found {
    /// The bytes of its file, not checked.
    pub fn file(&self) -> Result<Vec<u8>> {
        match &self.place {
            Place::File(path) => read_bytes(path),
            Place::BuiltIn => Ok(self.bytes.to_vec()),
        }
    }

    /// Reads and checks the model.
    pub fn read(&self) -> Result<Arc<Model>> {
        Model::read(&self.file()?).map(Arc::new)
    }
}

impl Model {
    /// Reads and checks a model's file.
    ///
    /// # Errors
    /// As [`Model::read`]; `Io` if the file cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_file(path.as_ref())
    }

    /// What its file is called where it is installed: its hash, and the suffix.
    pub fn file_name(&self) -> String {
        file_name(&self.id())
    }
}

/// The folder for the user's own models; `None` where there is no home.
///
/// `$XDG_DATA_HOME/catena/models` where that is set to an absolute path, else what the platform's
/// rules say.
pub fn user_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let home = || std::env::home_dir().filter(|home| home.is_absolute());
    let platform = || {
        if cfg!(windows) {
            absolute("APPDATA")
        } else if cfg!(target_os = "macos") {
            home().map(|home| home.join("Library/Application Support"))
        } else {
            home().map(|home| home.join(".local/share"))
        }
    };
    let data = absolute("XDG_DATA_HOME").or_else(platform)?;
    Some(data.join("catena").join("models"))
}

/// The model that a stream names: one `at_hand`, what is embedded, or, if it may `search`, one that
/// is installed. `afford` is asked before an embedded model is unpacked, with its number of
/// weights.
///
/// # Errors
/// `Corrupt` if what is embedded is not what is named, [`ErrorKind::MissingModel`] if it is
/// nowhere, what `afford` says, and [`ErrorKind::Model`] if it cannot be used.
pub(crate) fn resolve(
    id: &ModelId,
    embedded: Option<&[u8]>,
    at_hand: &[Arc<Model>],
    search: bool,
    afford: impl Fn(u64) -> Result<()>,
) -> Result<Arc<Model>> {
    if let Some(file) = embedded
        && ModelId::of_file(file).ok() != Some(*id)
    {
        return Err(Error::corrupt(
            "the embedded model is not the one that is named",
        ));
    }
    if let Some(model) = at_hand.iter().find(|model| model.id() == *id) {
        return Ok(Arc::clone(model));
    }
    if let Some(file) = embedded {
        afford(super::ModelSummary::read(file)?.weight_n)?;
        return Model::read(file).map(Arc::new);
    }
    let mut places = vec![String::from("what was given")];
    if !search {
        return Err(ErrorKind::MissingModel {
            id: *id,
            looked_in: places,
        }
        .into());
    }
    if let Some(model) = lock(&LAST).as_ref().filter(|model| model.id() == *id) {
        return Ok(Arc::clone(model));
    }
    match Search::from_env().find(id) {
        Ok(model) => {
            *lock(&LAST) = Some(Arc::clone(&model));
            Ok(model)
        }
        Err(error) => Err(match error.into_kind() {
            ErrorKind::MissingModel { id, looked_in } => {
                places.extend(looked_in);
                let looked_in = places;
                ErrorKind::MissingModel { id, looked_in }.into()
            }
            other => other.into(),
        }),
    }
}

/// The model whose hash begins with these bytes, which is not among what the caller gave.
///
/// # Errors
/// [`ErrorKind::MissingModelPrefix`] if it is nowhere, and [`ErrorKind::Model`] if it cannot be
/// used.
pub(crate) fn by_prefix(prefix: &[u8], search: bool) -> Result<Arc<Model>> {
    let begins = |id: &ModelId| id.as_bytes().starts_with(prefix);
    if !search {
        return Err(missing(prefix, vec![String::from("what was given")]));
    }
    if let Some(model) = lock(&LAST).as_ref().filter(|model| begins(&model.id())) {
        return Ok(Arc::clone(model));
    }
    let model = Search::from_env().by_prefix(prefix)?;
    *lock(&LAST) = Some(Arc::clone(&model));
    Ok(model)
}

fn missing(prefix: &[u8], looked_in: Vec<String>) -> Error {
    let prefix = prefix.iter().map(|byte| format!("{byte:02x}")).collect();
    ErrorKind::MissingModelPrefix { prefix, looked_in }.into()
}

fn file_name(id: &ModelId) -> String {
    format!("{id}.{SUFFIX}")
}

/// The models of a folder by what their files say, in the order of their names. What cannot be read
/// is not there.
fn in_folder(folder: &Path) -> Vec<(ModelId, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX))
        .collect();
    paths.sort();
    let known = paths.into_iter();
    known
        .filter_map(|path| Some((stored_id(&path)?, path)))
        .collect()
}

/// What a file's last 32 bytes say.
fn stored_id(path: &Path) -> Option<ModelId> {
    // A pipe in a folder of models would keep us waiting.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::End(-(ID_LEN as i64))).ok()?;
    let mut bytes = [0; ID_LEN];
    file.read_exact(&mut bytes).ok()?;
    Some(ModelId::new(bytes))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::model("the file is larger than any model"));
    }
    Ok(bytes)
}

fn read_file(path: &Path) -> Result<Model> {
    Model::read(&read_bytes(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_models_come_last() {
        // A claim is enough to be found by; what is no model is refused when it is read.
        static FILES: &[&[u8]] = &[&[7; 40], &[8; 40]];
        let search = Search {
            folders: Vec::new(),
            built_in: FILES,
        };
        let found = search.by_name("0808").unwrap();
        assert_eq!(
            (&found.place, found.id),
            (&Place::BuiltIn, ModelId::new([8; 32]))
        );
        assert!(matches!(
            found.read().unwrap_err().kind(),
            ErrorKind::Model(_)
        ));
        assert!(matches!(
            search.find(&ModelId::new([7; 32])).unwrap_err().kind(),
            ErrorKind::Model(_)
        ));
        let error = search.find(&ModelId::new([9; 32])).unwrap_err();
        assert!(error.to_string().contains(BUILT_IN_PLACE), "{error}");
    }
}
