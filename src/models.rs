//! Models on the command line: what `-m` names, and the commands that show, list, install
//! and remove them.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catena::Model;
use catena::model::{Dims, ModelKind, ModelSummary, Place, Search, user_folder};
use catena_files::{Attributes, Identity, Inputs};
use serde::Serialize;

use crate::args::{Args, ModelCommand};
use crate::list::count;
use crate::output::{How, Output, Target};
use crate::report::{Failure, Outcome, grouped, name_of};

/// The models that `-m` names, in order.
pub fn asked_for(args: &Args) -> Outcome<Vec<Arc<Model>>> {
    let named = |name| find(name).map(|(model, _)| model);
    args.model.iter().map(|name| named(name)).collect()
}

/// The model of one name.
#[cfg(any(feature = "train", feature = "h5"))]
pub fn one(name: &OsStr) -> Outcome<Arc<Model>> {
    find(name).map(|(model, _)| model)
}

/// One of the commands; what it has to say.
pub fn run(command: &ModelCommand) -> Outcome<String> {
    match command {
        ModelCommand::Info { model, json } => info(model, *json),
        ModelCommand::List => list(),
        ModelCommand::Install { file } => install(file),
        ModelCommand::Remove { model } => remove(model),
    }
}

/// The model that a user means, and where it is: a file that is there, or a name in the search
/// path.
fn find(name: &OsStr) -> Outcome<(Arc<Model>, String)> {
    let path = Path::new(name);
    let shown = name_of(path);
    let wrong = |e: &dyn std::fmt::Display| Failure::new(&shown, e);
    let is_path = path.components().count() > 1 || path.exists();
    match name.to_str() {
        Some(text) if !is_path => {
            let found = Search::from_env().by_name(text).map_err(|e| wrong(&e))?;
            let place = shown_place(&found.place);
            let model = found.read().map_err(|e| Failure::new(&place, e))?;
            Ok((model, place))
        }
        _ => {
            let model = Model::open(path).map_err(|e| wrong(&e))?;
            Ok((Arc::new(model), shown))
        }
    }
}

/// What `info` tells.
#[derive(Debug, Serialize)]
struct ModelInfo {
    file: String,
    hash: String,
    /// "network" or "tables".
    kind: &'static str,
    file_bytes: usize,
    /// Numbers of the network, entries of the tables.
    weights: u64,
    dtype: String,
    shape: Vec<u64>,
    record_bytes: u32,
    columns: usize,
    #[serde(flatten)]
    trained: Option<TrainedInfo>,
    notes: String,
}

/// What is told of a network.
#[derive(Debug, Serialize)]
struct TrainedInfo {
    /// Columns that the network reads, and those of them that it predicts.
    fields_read: usize,
    fields_predicted: usize,
    /// Columns whose experts begin with start values.
    start_columns: usize,
    network: NetworkInfo,
}

#[derive(Debug, Serialize)]
struct NetworkInfo {
    width: u16,
    heads: u8,
    blocks: u8,
    hidden: u16,
    head_width: u16,
    window: u16,
    slots: u16,
    rate: u8,
    chunk: u16,
}

impl ModelInfo {
    fn new(model: &Model, file: String) -> Self {
        let layout = model.layout();
        ModelInfo {
            file,
            hash: model.id().to_string(),
            kind: match model.kind() {
                ModelKind::Network => "network",
                ModelKind::Tables => "tables",
            },
            file_bytes: model.file().len(),
            weights: model.weight_n(),
            dtype: layout.dtype(),
            shape: layout.shape().to_vec(),
            record_bytes: layout.record_size(),
            columns: layout.columns().columns.len(),
            trained: TrainedInfo::new(model),
            notes: model.notes().to_string(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.file);
        let mut line = |name: &str, value: String| {
            // Notes may have several lines.
            let value = value.trim_end().replace('\n', "\n           ");
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name:<9}{value}");
        };
        line("hash", self.hash.clone());
        let (weights, bytes) = (grouped(self.weights), grouped(self.file_bytes as u64));
        let numbers = match self.trained {
            Some(_) => "weights",
            None => "entries of tables",
        };
        line("size", format!("{weights} {numbers} in {bytes} bytes"));
        let record = count(self.record_bytes as usize, "byte");
        line("layout", format!("{} ({record})", self.dtype));
        if let Some(trained) = &self.trained {
            trained.tell(self.columns, &mut line);
        }
        if !self.notes.is_empty() {
            line("notes", printable(&self.notes));
        }
        text
    }
}

impl TrainedInfo {
    /// Of a model that is one of a network.
    fn new(model: &Model) -> Option<Self> {
        let (network, starts) = (model.network().ok()?, model.starts().ok()?);
        let predicted = network.fields.iter().filter(|field| field.planes != 0);
        Some(TrainedInfo {
            fields_read: network.fields.len(),
            fields_predicted: predicted.count(),
            start_columns: starts.columns.len(),
            network: NetworkInfo::new(&network.dims),
        })
    }

    fn tell(&self, columns: usize, line: &mut impl FnMut(&str, String)) {
        line(
            "columns",
            format!(
                "{} of {} read, {} predicted, {} with start values",
                self.fields_read, columns, self.fields_predicted, self.start_columns
            ),
        );
        let n = &self.network;
        line(
            "network",
            format!(
                "width {}, {}, {}, hidden {}, byte heads {} wide",
                n.width,
                count(n.blocks.into(), "block"),
                count(n.heads.into(), "attention head"),
                n.hidden,
                n.head_width
            ),
        );
        line(
            "memory",
            match n.slots {
                0 => format!("window {}, no slots", n.window),
                slots => format!(
                    "window {}, {}, one row of {} kept, chunks of {}",
                    n.window,
                    count(slots.into(), "slot"),
                    n.rate,
                    count(n.chunk.into(), "row")
                ),
            },
        );
    }
}

impl NetworkInfo {
    fn new(dims: &Dims) -> Self {
        NetworkInfo {
            width: dims.width,
            heads: dims.heads,
            blocks: dims.blocks,
            hidden: dims.hidden,
            head_width: dims.head_width,
            window: dims.window,
            slots: dims.slots,
            rate: dims.rate,
            chunk: dims.chunk,
        }
    }
}

fn info(name: &OsStr, json: bool) -> Outcome<String> {
    let (model, place) = find(name)?;
    let info = ModelInfo::new(&model, place);
    if !json {
        return Ok(info.text());
    }
    let text = serde_json::to_string_pretty(&info).map_err(|e| Failure::new("json", e))?;
    Ok(text + "\n")
}

fn list() -> Outcome<String> {
    let mut text = String::new();
    let mut source = None;
    for found in Search::from_env().list() {
        if source.as_ref() != Some(&found.source) {
            let title = match found.source.is_empty() {
                true => "built in",
                false => &found.source,
            };
            let _ = writeln!(text, "{title}");
            source = Some(found.source.clone());
        }
        let file = found.file();
        let told = file.and_then(|file| {
            let summary = ModelSummary::read(&file)?;
            let name = summary.notes.lines().next().unwrap_or_default();
            let bytes = grouped(file.len() as u64);
            let dtype = summary.layout.dtype();
            Ok(format!("{bytes} bytes, {dtype}, {}", printable(name)))
        });
        let told = told.unwrap_or_else(|error| error.to_string());
        let _ = writeln!(text, "  {}  {}", found.id, told.trim_end_matches(", "));
        if let Place::File(path) = &found.place {
            let name = path.file_name().unwrap_or_default();
            let _ = writeln!(text, "    {}", name_of(Path::new(name)));
        }
    }
    if text.is_empty() {
        text.push_str("no models; catena model install FILE adds one\n");
    }
    Ok(text)
}

/// The user's own folder.
fn own_folder() -> Outcome<PathBuf> {
    user_folder().ok_or_else(|| {
        Failure::new(
            "models",
            "there is no home folder; set XDG_DATA_HOME or use CATENA_MODEL_PATH",
        )
    })
}

fn install(file: &Path) -> Outcome<String> {
    let model = Model::open(file).map_err(|e| Failure::new(&name_of(file), e))?;
    let folder = own_folder()?;
    fs::create_dir_all(&folder).map_err(|e| Failure::new(&name_of(&folder), e))?;
    let path = folder.join(model.file_name());
    // The same name is the same content: nothing is lost by writing it again.
    if Identity::at(&path) != Identity::at(file) {
        let how = How {
            force: true,
            to_terminal: true,
            sparse: false,
            limit: None,
            inputs: &Inputs::default(),
        };
        let mut output = Output::open(&Target::Path(path.clone()), how)?;
        output.put(model.file())?;
        output.commit(&Attributes::made_from(fs::metadata(file)))?;
    }
    Ok(format!("{}\n", name_of(&path)))
}

fn remove(name: &OsStr) -> Outcome<String> {
    let shown = name_of(Path::new(name));
    let wrong = |e: &dyn std::fmt::Display| Failure::new(&shown, e);
    let text = name.to_str().ok_or_else(|| wrong(&"no such model"))?;
    let search = Search::of_folders([own_folder()?]);
    let found = search.by_name(text).map_err(|e| wrong(&e))?;
    let Place::File(path) = &found.place else {
        return Err(wrong(&"is built in"));
    };
    fs::remove_file(path).map_err(|e| Failure::new(&name_of(path), e))?;
    Ok(format!("{}\n", name_of(path)))
}

fn shown_place(place: &Place) -> String {
    match place {
        Place::File(path) => name_of(path),
        Place::BuiltIn => "(built in)".into(),
    }
}

/// Text of a file that anyone may have written, without what a terminal would obey.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '?' } else { c };
    text.chars().map(shown).collect()
}
