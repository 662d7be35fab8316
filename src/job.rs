//! One file's way from its name to its result: what is opened, in which order, and what happens to
//! the source.

use std::cell::RefCell;
use std::fs::Metadata;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use catena::io::read;
use catena::stream::Foreign;
use catena::{CompressOptions, Decoder, DecompressOptions, Encoder, Model};
use catena_files::{Attributes, Identity, Inputs};

use crate::args::{Args, Mode, Range, is_stdin};
use crate::input::{Counter, Input};
use crate::output::{How, Output, Target};
use crate::progress::Progress;
use crate::report::{Failure, Outcome, Report, name_of};
use crate::summary::{self, Sizes};
use crate::{foreign, naming, pump, range};

/// A speed counts as kept from this part of it on.
const KEPT: f64 = 0.9;

/// What all files of one call share.
#[derive(Debug)]
pub struct Job<'a> {
    args: &'a Args,
    report: Report,
    compress: CompressOptions,
    decompress: DecompressOptions,
    /// What is read, and what was written: no output may be any of it.
    inputs: RefCell<Inputs>,
}

impl<'a> Job<'a> {
    /// Turns the arguments into the codec's options.
    pub fn new(args: &'a Args, models: Vec<Arc<Model>>, report: Report) -> Result<Self, String> {
        let mut compress = CompressOptions::default()
            .with_level(args.level())
            .with_layout(args.layout()?)
            .with_key_every(args.key_every)
            .with_index(!args.no_index)
            .with_min_speed(args.min_speed)
            .with_text(args.text())
            .with_threads(args.threads);
        if let Some(size) = args.frame_size {
            let size = usize::try_from(size).map_err(|_| "--frame-size: too large".to_string())?;
            compress = compress.with_frame_size(size);
        }
        if let Some(chains) = args.chains {
            compress = compress.with_chains(chains);
        }
        if args.mode() == Mode::Compress {
            compress = compress
                .with_model(models.first().cloned())
                .with_embed_model(args.embed_model);
        }
        compress.check().map_err(|e| e.to_string())?;
        let mut decompress = DecompressOptions::default().with_threads(args.threads);
        if let Some(memory) = args.memory {
            decompress = decompress.with_memory_limit(memory);
        }
        if args.mode() != Mode::Compress && args.range.is_none() {
            decompress = decompress.with_output_limit(args.max_output.unwrap_or(u64::MAX));
        }
        decompress = models
            .into_iter()
            .fold(decompress, DecompressOptions::with_model);
        Ok(Job {
            args,
            report,
            compress,
            decompress,
            inputs: RefCell::new(args.inputs()),
        })
    }

    /// How files are read.
    pub fn decompress_options(&self) -> &DecompressOptions {
        &self.decompress
    }

    /// Does what was asked with one file.
    pub fn run(&self, path: &Path) -> Outcome<()> {
        match (self.args.mode(), self.args.range) {
            (Mode::Compress, _) => self.compress(path),
            (Mode::Decompress, Some(part)) => self.range(path, part),
            (Mode::Decompress | Mode::Test, _) => self.decompress(path),
            // The listing of all files is one document; see `list`.
            (Mode::List, _) => Ok(()),
        }
    }

    fn compress(&self, path: &Path) -> Outcome<()> {
        let started = Instant::now();
        let derived = || naming::compressed(path, self.args.from, self.args.force);
        let target = naming::target(self.args, path, derived)?;
        let input = self.open(path, &target)?;
        let mut output = self.open_output(&target, &input, self.args.force, false)?;
        let (in_name, out_name) = (input.name.clone(), output.name.clone());
        let (metadata, total) = (input.metadata.clone(), input.len());
        let (raw_n, done_n) = (Counter::default(), Counter::default());
        let coded_n = output.written_n.clone();
        let progress = self.progress(path, &target, total, [&input.read_n, &done_n, &coded_n]);

        let wrong = |e: &dyn std::fmt::Display| Failure::new(&in_name, e);
        let size_hint = if self.args.from == Foreign::None {
            total
        } else {
            None
        };
        let options = self.compress.clone().with_size_hint(size_hint);
        let source = foreign::open(input, self.args.from).map_err(|e| wrong(&e))?;
        let mut encoder = Encoder::new(options).map_err(|e| wrong(&e))?;
        let moved = |n, held| {
            raw_n.add(n);
            done_n.set(raw_n.get().saturating_sub(held as u64));
            progress.tick();
        };
        pump::run(source, &in_name, &mut encoder, moved, |data| {
            output.put(data)
        })?;
        drop(progress);
        let notes = [self.too_slow(&encoder), too_large(&encoder)];
        for what in notes.iter().flatten() {
            self.report.note(&in_name, what);
        }
        if self.args.verify || self.args.rm {
            self.verify(&output, raw_n.get())?;
        }
        self.commit(path, &target, output, &metadata)?;
        let sizes = Sizes {
            raw: raw_n.get(),
            coded: coded_n.get(),
            elapsed: started.elapsed(),
        };
        let line = || summary::compressed(&in_name, &out_name, &sizes);
        self.report.summary(naming::is_filter(path, &target), line);
        Ok(())
    }

    /// What to say of a speed that was asked for and not reached.
    fn too_slow(&self, encoder: &Encoder) -> Option<String> {
        let (asked, reached) = (self.args.min_speed? as f64, encoder.speed()?);
        (reached < KEPT * asked).then(|| {
            let mb = |speed: f64| speed / 1e6;
            format!(
                "--min-speed of {:.3} MB/s was not kept: {:.3} MB/s",
                mb(asked),
                mb(reached)
            )
        })
    }

    fn decompress(&self, path: &Path) -> Outcome<()> {
        let started = Instant::now();
        let testing = self.args.mode() == Mode::Test;
        let target = naming::target(self.args, path, || naming::raw(path))?;
        let input = self.open(path, &target)?;
        let mut output = self.open_raw(&target, &input)?;
        let (in_name, out_name) = (input.name.clone(), output.name.clone());
        let (metadata, total) = (input.metadata.clone(), input.len());
        let (coded_n, raw_n) = (input.read_n.clone(), output.written_n.clone());
        let progress = self.progress(path, &target, total, [&coded_n, &raw_n, &coded_n]);

        let options = self.decompress.clone();
        let mut decoder = Decoder::new(options).map_err(|e| Failure::new(&in_name, e))?;
        let moved = |_, _| progress.tick();
        pump::run(Box::new(input), &in_name, &mut decoder, moved, |data| {
            output.put(data)
        })?;
        drop(progress);
        self.commit(path, &target, output, &metadata)?;
        let sizes = Sizes {
            raw: raw_n.get(),
            coded: coded_n.get(),
            elapsed: started.elapsed(),
        };
        self.report
            .summary(naming::is_filter(path, &target), || match testing {
                true => summary::tested(&in_name, &sizes),
                false => summary::decompressed(&in_name, &out_name, &sizes),
            });
        Ok(())
    }

    /// Decodes a part. The source stays: most of it is nowhere else.
    fn range(&self, path: &Path, part: Range) -> Outcome<()> {
        let target = naming::target(self.args, path, || naming::raw(path))?;
        let input = self.open(path, &target)?;
        let mut output = self.open_raw(&target, &input)?;
        let name = input.name.clone();
        let wrong = |e: catena::Error| Failure::new(&name, e);
        if range::can_seek(path, &input) {
            range::seek(input, self.decompress.clone(), part, &mut output)?;
        } else {
            let mut decoder = self.decoder(input).map_err(wrong)?;
            range::skip(&mut decoder, &name, part, &mut output)?;
        }
        output.commit(&Attributes::default()).map(drop)
    }

    /// Opens the input; its name must be fit for the output's, and removing it later must be meant.
    fn open(&self, path: &Path, target: &Target) -> Outcome<Input> {
        let input = Input::open(path)?;
        let derived = matches!(target, Target::Path(_)) && self.args.output.is_none();
        if derived && !input.metadata.is_file() {
            let what = "is not a regular file; name an output with -c or -o";
            return Err(Failure::new(&input.name, what));
        }
        if self.args.rm && !self.args.force && !is_stdin(path) && path.is_symlink() {
            let what = "is a symbolic link; -f removes it with --rm";
            return Err(Failure::new(&input.name, what));
        }
        Ok(input)
    }

    /// An output for raw bytes, which go to a terminal only if that was asked for.
    fn open_raw(&self, target: &Target, input: &Input) -> Outcome<Output> {
        let to_terminal = self.args.force || self.args.stdout;
        self.open_output(target, input, to_terminal, !self.args.no_sparse)
    }

    fn open_output(
        &self,
        target: &Target,
        input: &Input,
        to_terminal: bool,
        sparse: bool,
    ) -> Outcome<Output> {
        let mut inputs = self.inputs.borrow_mut();
        inputs.add_open(&input.name, &input.metadata);
        let how = How {
            force: self.args.force,
            to_terminal,
            sparse,
            limit: match self.args.mode() {
                Mode::Compress => None,
                _ => self.args.max_output,
            },
            inputs: &inputs,
        };
        Output::open(target, how)
    }

    fn decoder<R: Read>(&self, source: R) -> catena::Result<read::Decoder<BufReader<R>>> {
        let source = BufReader::with_capacity(pump::CHUNK, source);
        read::Decoder::new(source, self.decompress.clone())
    }

    /// Decodes what was just written, while it still has its temporary name.
    fn verify(&self, output: &Output, expected: u64) -> Outcome<()> {
        let Some(file) = output.reopen() else {
            return Ok(());
        };
        let wrong = |e: &dyn std::fmt::Display| {
            Failure::new(&output.name, format_args!("verification failed: {e}"))
        };
        let mut decoder = self
            .decoder(file.map_err(|e| wrong(&e))?)
            .map_err(|e| wrong(&e))?;
        let found = std::io::copy(&mut decoder, &mut std::io::sink()).map_err(|e| wrong(&e))?;
        if found != expected {
            return Err(wrong(&format_args!(
                "{found} bytes came back of {expected}"
            )));
        }
        Ok(())
    }

    /// Gives the output its name, and removes the source with --rm: only once the output is on
    /// disk.
    fn commit(&self, path: &Path, target: &Target, output: Output, like: &Metadata) -> Outcome<()> {
        let on_disk = output.commit(&Attributes::like(like))?;
        if let (true, Target::Path(written)) = (on_disk, target) {
            self.inputs.borrow_mut().add_written(written);
        }
        if !self.args.rm || !on_disk || is_stdin(path) {
            return Ok(());
        }
        let wrong = |e: &dyn std::fmt::Display| {
            Failure::new(&name_of(path), format_args!("cannot remove: {e}"))
        };
        // Another file may have got the name meanwhile.
        let same = Identity::of(like).is_none() || Identity::at(path) == Identity::of(like);
        if !same {
            return Err(wrong(&"it is no longer the file that was read"));
        }
        std::fs::remove_file(path).map_err(|e| wrong(&e))
    }

    /// A bar, where one is wanted. The counters: read, and for the ratio raw and coded.
    fn progress(
        &self,
        path: &Path,
        target: &Target,
        total: Option<u64>,
        [read_n, raw_n, coded_n]: [&Counter; 3],
    ) -> Progress {
        let filter = naming::is_filter(path, target);
        if !self
            .report
            .wants_progress(filter, matches!(target, Target::Stdout))
        {
            return Progress::hidden();
        }
        Progress::start(&name_of(path), total, read_n, raw_n, coded_n)
    }
}

/// What to say of a file that is refused unless whoever reads it allows more memory.
fn too_large(encoder: &Encoder) -> Option<String> {
    let (needed, limit) = (
        encoder.decoder_memory()?,
        DecompressOptions::default().memory_limit,
    );
    (needed > limit).then(|| format!("decompressing takes -M {}M", needed.div_ceil(1 << 20)))
}
