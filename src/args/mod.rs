//! What the user asks for, in the words of zstd and xz. Everything is parsed into types here, once.

mod absent;
mod bench;
#[cfg(any(feature = "h5", feature = "root", feature = "tensor"))]
mod common;
#[cfg(feature = "h5")]
mod h5;
mod numbers;
#[cfg(feature = "root")]
mod root;
#[cfg(feature = "root")]
mod root_archive;
#[cfg(feature = "tensor")]
mod tensor;
#[cfg(feature = "train")]
mod train;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use catena::layout::parse_shape;
use catena::stream::Foreign;
use catena::{Layout, Level};
use catena_files::Inputs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::environment;
use crate::levels::LevelFlags;

pub use bench::BenchArgs;
#[cfg(any(feature = "h5", feature = "root", feature = "tensor"))]
pub use common::Common;
#[cfg(feature = "h5")]
pub use h5::{H5Command, H5Models, InfoArgs, PackArgs, UnpackArgs, VerifyArgs};
pub use numbers::{Range, parse_size};
use numbers::{parse_range, parse_speed};
#[cfg(feature = "root")]
pub use root::RootCommand;
#[cfg(all(feature = "root", feature = "h5"))]
pub use root::{ConvertArgs, ExportArgs};
#[cfg(feature = "root")]
pub use root_archive::{RootPackArgs, RootUnpackArgs};
#[cfg(feature = "tensor")]
pub use tensor::{TensorCommand, TensorPackArgs, TensorUnpackArgs};
#[cfg(feature = "train")]
pub use train::{EvalArgs, TrainArgs};

/// Streaming lossless compression of scientific binary data.
///
/// With no FILE, or where FILE is -, reads standard input and writes standard output. FILE is
/// compressed to FILE.cat and kept; with -d, FILE.cat is decompressed to FILE.
#[derive(Parser, Debug)]
#[command(
    name = "catena",
    version,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    disable_help_subcommand = true,
    after_help = "Exit status: 0 all well; 1 a file failed (its name is in the message); 2 wrong usage.\n\nEnvironment: CATENA_LEVEL and CATENA_THREADS are the level and the threads where none are given; CATENA_OPT has options that come before those of the line, but not of commands; CATENA_MODEL_PATH has folders of models."
)]
pub struct Args {
    /// Compress (the default)
    #[arg(short = 'z', long, overrides_with_all = ["decompress", "test", "list"])]
    pub compress: bool,
    /// Decompress
    #[arg(short, long, visible_alias = "uncompress", overrides_with_all = ["compress", "test", "list"])]
    pub decompress: bool,
    /// Test the integrity of compressed files; write nothing
    #[arg(short, long, overrides_with_all = ["compress", "decompress", "list"])]
    pub test: bool,
    /// List what compressed files hold: layout, frames, kinds, ratio; with -v every
    /// frame, and of the first one where its bytes went, by field: bits a value, planes stored raw
    #[arg(short, long, overrides_with_all = ["compress", "decompress", "test"])]
    pub list: bool,
    /// With --list: machine-readable, one JSON array with an object a file
    #[arg(long, requires = "list")]
    pub json: bool,

    #[command(flatten)]
    pub level: LevelFlags,

    /// Write to FILE ("-" for standard output); takes one input
    #[arg(short, long, value_name = "FILE", conflicts_with = "stdout")]
    pub output: Option<PathBuf>,
    /// Write to standard output, keep the files
    #[arg(short = 'c', long, visible_alias = "to-stdout")]
    pub stdout: bool,
    /// Overwrite files, follow links with --rm, write compressed data to a terminal
    #[arg(short, long)]
    pub force: bool,
    /// Keep the input files (the default)
    #[arg(short, long, overrides_with = "rm")]
    pub keep: bool,
    /// Remove the input files once the output is on disk; what was compressed is verified first
    #[arg(long, overrides_with = "keep")]
    pub rm: bool,
    /// Decode what was compressed and check it before it gets its name
    #[arg(long)]
    pub verify: bool,

    /// Worker threads; 0 means one a core. The output does not depend on it, but with --min-speed
    #[arg(short = 'T', long, value_name = "N", default_value_t = environment::threads())]
    pub threads: usize,

    /// What a record is: NumPy's comma form, such as '<f4' or '<u8,pt:<f4,4<i4' [default: detected]
    #[arg(long, value_name = "DTYPE", value_parser = parse_layout)]
    pub dtype: Option<Layout>,
    /// The records form a grid, slowest axis first, such as 41,128,128
    #[arg(long, value_name = "N,...", requires = "dtype")]
    pub shape: Option<String>,
    /// Trained model, for -7 to -9: its file, or what its hash begins with, or what its file is
    /// called in the folders of CATENA_MODEL_PATH or among the installed ones (catena model list).
    /// With -d, -t, -l and --range: one to look at first
    #[arg(short, long, value_name = "FILE|HASH|NAME")]
    pub model: Vec<OsString>,
    /// Put the model's file into the compressed file, so that it can be decompressed anywhere
    #[arg(long, requires = "model")]
    pub embed_model: bool,
    /// Raw bytes a frame, such as 64K or 4M [default: 1M; 8M for -1, 16M for -2, 128K with a model]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub frame_size: Option<u64>,
    /// Chains that are compressed side by side, each with a memory of its own [default: 1]
    #[arg(long, value_name = "N")]
    pub chains: Option<u32>,
    /// Start afresh at every Nth frame of a chain: a place to seek to [default: the first alone]
    #[arg(long, value_name = "N")]
    pub key_every: Option<u32>,
    /// Try every frame of plain bytes as text, lines of numbers as columns [default: those that
    /// seem to be]
    #[arg(long, overrides_with = "no_text")]
    pub text: bool,
    /// Try no frame as text
    #[arg(long, overrides_with = "text")]
    pub no_text: bool,
    /// Write no index: smaller by some bytes a frame, but --range has to look for frames
    #[arg(long)]
    pub no_index: bool,
    /// Refuse compressed files that need more memory than this to decompress [default: 1G]
    #[arg(short = 'M', long, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<u64>,
    /// Decompress at most so many bytes of a file: one that has more is an error, and so is a
    /// --range that asks for more
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_output: Option<u64>,
    /// Keep up with a source of this speed, such as 20MB/s, by less effort where it must be, the
    /// level's where there is time; the output then depends on the time it took
    #[arg(long, value_name = "SPEED", value_parser = parse_speed)]
    pub min_speed: Option<u64>,
    /// Input that another compressor wrote, decoded on the fly
    #[arg(long, value_name = "FORMAT", value_parser = foreign_parser(), default_value = "none")]
    pub from: Foreign,

    /// Decompress LEN bytes from OFFSET on (all that follow without LEN), to standard output unless
    /// -o is given
    #[arg(long, value_name = "OFFSET[:LEN]", value_parser = parse_range)]
    pub range: Option<Range>,

    /// Write zeros as zeros where they would be left out of the file as a hole
    #[arg(long, overrides_with = "sparse")]
    pub no_sparse: bool,
    /// Leave long runs of zeros out of decompressed files as holes (the default)
    #[arg(long, overrides_with = "no_sparse")]
    pub sparse: bool,

    /// Say less: no progress; twice, no messages either
    #[arg(short, long, action = ArgAction::Count)]
    pub quiet: u8,
    /// Say more
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    /// Files; "-" is standard input. A file that has a command's name is written ./demo
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands beside compressing and decompressing.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Compress the sample data at several levels, beside gzip, xz, zstd and pco
    Demo {
        /// List every field, not the dearest alone
        #[arg(long)]
        all_fields: bool,
    },
    /// Compress FILEs at several levels, beside gzip, xz, zstd and pco: bytes, speed, CAQ.
    /// Everything is decompressed and compared
    Bench(BenchArgs),
    /// Show, list, install and remove trained models
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Train a model on data of one kind, for -7 to -9 -m; the end of the data is held out to
    /// measure on. Ctrl-C ends it early with the best so far
    #[cfg(feature = "train")]
    Train(Box<TrainArgs>),
    /// Where the bits of a file go: network alone, experts alone, both, by field and byte plane,
    /// beside other compressors
    #[cfg(feature = "train")]
    Eval(EvalArgs),
    /// End files that a crash has left without their end: every whole frame is kept, the index is
    /// made anew
    Repair {
        /// Compressed files, repaired in place
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Say what is left of each; change nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
        /// Also where damage, not a cut, follows the whole frames: everything from there on is cut
        /// off
        #[arg(short, long)]
        force: bool,
        /// Leave files alone whose frames need more memory than this to be looked through
        #[arg(short = 'M', long, value_name = "SIZE", value_parser = parse_size, default_value = "1G")]
        memory: u64,
    },
    /// HDF5 files: compress their datasets so that every HDF5 library with Catena's plugin reads
    /// them
    #[cfg(feature = "h5")]
    H5 {
        #[command(subcommand)]
        command: H5Command,
    },
    /// ROOT files: look into them, pack them, unpack them
    #[cfg(feature = "root")]
    Root {
        #[command(subcommand)]
        command: RootCommand,
    },
    /// safetensors, npy and npz files: pack them, unpack them, look into archives of them
    #[cfg(feature = "tensor")]
    Tensor {
        #[command(subcommand)]
        command: TensorCommand,
    },
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

/// What to do with models.
#[derive(Subcommand, Debug)]
pub enum ModelCommand {
    /// What a model is for, its network, its size, what is said about it
    Info {
        /// Its file, or what its hash begins with, or what its file is called in the search path
        #[arg(value_name = "FILE|HASH|NAME")]
        model: OsString,
        /// Machine-readable
        #[arg(long)]
        json: bool,
    },
    /// All models in the folders of CATENA_MODEL_PATH, in the user's own folder, and built in
    List,
    /// Check a model and copy it to the user's own folder, where streams that name it find it
    Install {
        /// Its file
        file: PathBuf,
    },
    /// Remove a model from the user's own folder
    Remove {
        /// What its hash begins with, or what its file is called
        #[arg(value_name = "HASH|NAME")]
        model: OsString,
    },
}

/// What to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Compress,
    Decompress,
    Test,
    List,
}

/// A layout with its grid, if there is one.
pub fn gridded(layout: Option<Layout>, shape: Option<&str>) -> Result<Option<Layout>, String> {
    let (Some(layout), shape) = (layout, shape) else {
        return Ok(None);
    };
    let Some(shape) = shape else {
        return Ok(Some(layout));
    };
    let gridded = parse_shape(shape).and_then(|shape| layout.with_shape(&shape));
    gridded
        .map(Some)
        .map_err(|e| format!("--shape {shape}: {e}"))
}

impl Args {
    /// What to do; `--range` asks for decompression.
    pub fn mode(&self) -> Mode {
        match self {
            _ if self.list => Mode::List,
            _ if self.test => Mode::Test,
            _ if self.decompress || self.range.is_some() => Mode::Decompress,
            _ => Mode::Compress,
        }
    }

    /// All that is read: no output may be any of it.
    pub fn inputs(&self) -> Inputs {
        let models = self.model.iter().map(Path::new);
        let files = self.files.iter().map(PathBuf::as_path);
        Inputs::of(files.filter(|path| !is_stdin(path)).chain(models))
    }

    /// What no single argument shows to be wrong.
    pub fn check(&self) -> Result<(), String> {
        let mode = self.mode();
        if self.output.is_some() && self.files.len() > 1 {
            return Err("-o takes one input; with -c the outputs are joined, and joined streams decode as one".into());
        }
        if self.range.is_some() && mode != Mode::Decompress {
            return Err("--range decodes a part; it goes with -d alone".into());
        }
        if self.from != Foreign::None && mode != Mode::Compress {
            return Err(
                "--from says what is to be compressed; it does not go with -d, -t or -l".into(),
            );
        }
        if self.model.len() > 1 && mode == Mode::Compress {
            return Err("a stream has one model; several -m go with -d, -t and -l".into());
        }
        self.layout().map(drop)
    }

    /// The layout asked for: element types, and the grid if there is one.
    pub fn layout(&self) -> Result<Option<Layout>, String> {
        gridded(self.dtype.clone(), self.shape.as_deref())
    }

    /// Whether frames are tried as text; `None`: those that seem to be.
    pub fn text(&self) -> Option<bool> {
        (self.text || self.no_text).then_some(self.text)
    }

    /// The level asked for, or the default.
    pub fn level(&self) -> Level {
        self.level.or(Level::default())
    }
}

/// The formats by name, so that help and completions know them.
fn foreign_parser() -> impl TypedValueParser<Value = Foreign> {
    PossibleValuesParser::new(["auto", "gzip", "zstd", "xz", "bzip2", "none"])
        .try_map(|name| name.parse::<Foreign>())
}

fn parse_layout(text: &str) -> Result<Layout, String> {
    Layout::parse(text).map_err(|e| e.to_string())
}

/// Parses the command line. An error is what is to be told instead of working: wrong usage, or the
/// help.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let mut command = absent::known(Args::command());
    let mut line: Vec<OsString> = line.into_iter().collect();
    if !names_command(&command, &line) {
        let options = environment::options().and_then(check_options);
        let options = options.map_err(|why| command.error(ErrorKind::ArgumentConflict, why))?;
        let start = line.len().min(1);
        line.splice(start..start, options);
    }
    let matches = command.try_get_matches_from_mut(line)?;
    if let Some(message) = absent::refused(&matches) {
        return Err(command.error(ErrorKind::InvalidSubcommand, message));
    }
    let args = Args::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
    match args.check() {
        Ok(()) => Ok(args),
        Err(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
    }
}

/// Whether a command is asked for, which only the first word can do.
fn names_command(command: &clap::Command, line: &[OsString]) -> bool {
    let Some(first) = line.get(1) else {
        return false;
    };
    command.get_subcommands().any(|sub| {
        sub.get_name_and_visible_aliases()
            .iter()
            .any(|name| *name == first)
    })
}

/// What stands in the environment must be options alone: a word too many would be a file.
fn check_options(options: Vec<OsString>) -> Result<Vec<OsString>, String> {
    let program = OsString::from("catena");
    let line = std::iter::once(&program).chain(&options);
    let what = match Args::try_parse_from(line) {
        Ok(args) if args.files.is_empty() && args.command.is_none() => return Ok(options),
        Ok(_) => "only options stand there".to_string(),
        Err(error) if !error.use_stderr() => return Ok(options),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_string()
        }
    };
    Err(format!("CATENA_OPT: {what}"))
}

/// Whether `path` stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests;
