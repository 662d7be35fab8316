//! One file's way from its name to its result: names, the loop over the bytes, what happens to the source.

use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use catena::io::{read, write};
use catena::stream::Foreign;
use catena::{CompressOptions, DecompressOptions};

use crate::args::{Args, Mode, Range};
use crate::input::{Counter, Input, is_stdin};
use crate::output::{Output, Target};
use crate::progress::Progress;
use crate::report::{Failure, Outcome, Report, name_of};
use crate::summary::{self, Sizes};
use crate::{foreign, naming, range};

/// Bytes moved at a time.
const CHUNK: usize = 256 * 1024;

/// What all files of one call share.
#[derive(Debug)]
pub struct Job<'a> {
    args: &'a Args,
    report: Report,
    compress: CompressOptions,
    decompress: DecompressOptions,
}

impl<'a> Job<'a> {
    /// Turns the arguments into the codec's options.
    pub fn new(args: &'a Args, report: Report) -> Result<Self, String> {
        let mut compress = CompressOptions::default()
            .with_level(args.level())
            .with_threads(args.threads)
            .with_index(!args.no_index);
        if let Some(layout) = args.layout()? {
            compress = compress.with_layout(layout);
        }
        if let Some(size) = args.frame_size {
            compress = compress.with_frame_size(usize::try_from(size).map_err(|_| "--frame-size: too large".to_string())?);
        }
        if let Some(chains) = args.chains {
            compress = compress.with_chains(chains);
        }
        if let Some(frames) = args.key_every {
            compress = compress.with_key_every(frames);
        }
        compress.check().map_err(|e| e.to_string())?;
        let mut decompress = DecompressOptions::default().with_threads(args.threads);
        if let Some(memory) = args.memory {
            decompress = decompress.with_memory_limit(memory);
        }
        Ok(Job { args, report, compress, decompress })
    }

    /// Does what was asked with one file.
    pub fn run(&self, path: &Path) -> Outcome<()> {
        match self.args.mode() {
            Mode::Compress => self.compress(path),
            Mode::Decompress | Mode::Test => match self.args.range {
                Some(part) => self.range(path, part),
                None => self.decompress(path),
            },
            // The listing of all files is one document; see `list`.
            Mode::List => Ok(()),
        }
    }

    fn compress(&self, path: &Path) -> Outcome<()> {
        let started = Instant::now();
        let target = self.target(path, || naming::compressed(path, self.args.from, self.args.force))?;
        let input = self.open(path)?;
        let output = Output::open(&target, self.args.force, self.args.force)?;
        let (in_name, out_name) = (input.name.clone(), output.name.clone());
        let (metadata, total) = (input.metadata.clone(), input.len());
        let (read_n, coded_n, raw_n) = (input.read_n.clone(), output.written_n.clone(), Counter::default());
        let progress = self.progress(path, &target, total, (&read_n, &raw_n, &coded_n));

        let mut options = self.compress.clone();
        if self.args.from == Foreign::None
            && let Some(total) = total
        {
            options = options.with_size_hint(total);
        }
        let mut source = foreign::open(input, self.args.from).map_err(|e| Failure::new(&in_name, e))?;
        let wrong = |e: std::io::Error| Failure::writing(&out_name, e);
        let mut encoder = write::Encoder::new(output, options).map_err(|e| Failure::new(&in_name, e))?;
        copy(&mut source, &in_name, &raw_n, |chunk| {
            encoder.write_all(chunk).map_err(wrong)?;
            progress.tick();
            Ok(())
        })?;
        let output = encoder.finish().map_err(wrong)?;
        if self.args.verify || self.args.rm {
            self.verify(&output, raw_n.get())?;
        }
        drop(progress);
        let on_disk = output.commit(Some(&metadata))?;
        self.remove(path, on_disk)?;
        let sizes = Sizes { raw: raw_n.get(), coded: coded_n.get(), elapsed: started.elapsed() };
        self.report.summary(self.is_filter(path, &target), || summary::compressed(&in_name, &out_name, &sizes));
        Ok(())
    }

    fn decompress(&self, path: &Path) -> Outcome<()> {
        let started = Instant::now();
        let testing = self.args.mode() == Mode::Test;
        let target = match testing {
            true => Target::Nowhere,
            false => self.target(path, || naming::raw(path))?,
        };
        let input = self.open(path)?;
        let mut output = Output::open(&target, self.args.force, self.args.force || self.args.stdout)?;
        let (in_name, out_name) = (input.name.clone(), output.name.clone());
        let (metadata, total) = (input.metadata.clone(), input.len());
        let (coded_n, raw_n) = (input.read_n.clone(), output.written_n.clone());
        let progress = self.progress(path, &target, total, (&coded_n, &raw_n, &coded_n));

        let mut decoder = self.decoder(input).map_err(|e| Failure::new(&in_name, e))?;
        copy(&mut decoder, &in_name, &Counter::default(), |chunk| {
            output.write_all(chunk).map_err(|e| Failure::writing(&out_name, e))?;
            progress.tick();
            Ok(())
        })?;
        drop(progress);
        let on_disk = output.commit(Some(&metadata))?;
        if !testing {
            self.remove(path, on_disk)?;
        }
        let sizes = Sizes { raw: raw_n.get(), coded: coded_n.get(), elapsed: started.elapsed() };
        self.report.summary(self.is_filter(path, &target), || match testing {
            true => summary::tested(&in_name, &sizes),
            false => summary::decompressed(&in_name, &out_name, &sizes),
        });
        Ok(())
    }

    /// Decodes a part to standard output or to the file given. The source stays: most of it is nowhere else.
    fn range(&self, path: &Path, part: Range) -> Outcome<()> {
        let target = self.target(path, || naming::raw(path))?;
        let input = self.open(path)?;
        let mut output = Output::open(&target, self.args.force, self.args.force || self.args.stdout)?;
        if range::can_seek(path, &input) {
            range::seek(input, part, &mut output)?;
        } else {
            let name = input.name.clone();
            let mut decoder = self.decoder(input).map_err(|e| Failure::new(&name, e))?;
            range::skip(&mut decoder, &name, part, &mut output)?;
        }
        output.commit(None).map(drop)
    }

    /// Opens the input; removing it later must be possible and meant.
    fn open(&self, path: &Path) -> Outcome<Input> {
        let input = Input::open(path)?;
        let named = !is_stdin(path);
        let kept_name = matches!(self.target_kind(path), TargetKind::Derived);
        if named && kept_name && !input.metadata.is_file() {
            return Err(Failure::new(&input.name, "is not a regular file; name an output with -c or -o"));
        }
        if named && self.args.rm && !self.args.force && path.is_symlink() {
            return Err(Failure::new(&input.name, "is a symbolic link; -f removes it with --rm"));
        }
        Ok(input)
    }

    fn decoder<R: Read>(&self, source: R) -> catena::Result<read::Decoder<BufReader<R>>> {
        read::Decoder::new(BufReader::with_capacity(CHUNK, source), self.decompress.clone())
    }

    /// Decodes what was just written, while it still has its temporary name.
    fn verify(&self, output: &Output, expected: u64) -> Outcome<()> {
        let Some(file) = output.reopen() else { return Ok(()) };
        let file = file.map_err(|e| Failure::new(&output.name, e))?;
        let mut decoder = self.decoder(file).map_err(|e| Failure::new(&output.name, e))?;
        let found = std::io::copy(&mut decoder, &mut std::io::sink());
        match found {
            Ok(found) if found == expected => Ok(()),
            Ok(found) => {
                let what = format!("verification failed: {found} bytes came back of {expected}");
                Err(Failure::new(&output.name, what))
            }
            Err(e) => Err(Failure::new(&output.name, format_args!("verification failed: {e}"))),
        }
    }

    /// With --rm, and only once the output is on disk.
    fn remove(&self, path: &Path, on_disk: bool) -> Outcome<()> {
        if !self.args.rm || !on_disk || is_stdin(path) {
            return Ok(());
        }
        std::fs::remove_file(path).map_err(|e| Failure::new(&name_of(path), format_args!("cannot remove: {e}")))
    }
}

/// How the output gets its name.
enum TargetKind {
    Stdout,
    Given(PathBuf),
    Derived,
}

impl Job<'_> {
    fn target_kind(&self, path: &Path) -> TargetKind {
        match &self.args.output {
            Some(output) if is_stdin(output) => TargetKind::Stdout,
            Some(output) => TargetKind::Given(output.clone()),
            None if self.args.stdout || is_stdin(path) || self.args.range.is_some() => TargetKind::Stdout,
            None if self.args.mode() == Mode::Test => TargetKind::Stdout,
            None => TargetKind::Derived,
        }
    }

    fn target(&self, path: &Path, derived: impl FnOnce() -> Outcome<PathBuf>) -> Outcome<Target> {
        Ok(match self.target_kind(path) {
            TargetKind::Stdout => Target::Stdout,
            TargetKind::Given(path) => Target::Path(path),
            TargetKind::Derived => Target::Path(derived()?),
        })
    }

    /// Standard input to standard output: the middle of a pipe.
    fn is_filter(&self, path: &Path, target: &Target) -> bool {
        is_stdin(path) && matches!(target, Target::Stdout)
    }

    fn progress(&self, path: &Path, target: &Target, total: Option<u64>, counters: (&Counter, &Counter, &Counter)) -> Progress {
        let (read_n, raw_n, coded_n) = counters;
        if !self.report.wants_progress(self.is_filter(path, target), matches!(target, Target::Stdout)) {
            return Progress::hidden();
        }
        Progress::start(&name_of(path), total, read_n, raw_n, coded_n)
    }
}

/// Reads to the end, a chunk at a time.
fn copy(source: &mut dyn Read, name: &str, read_n: &Counter, mut put: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let n = match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Failure::new(name, e)),
        };
        read_n.add(n);
        put(&buffer[..n])?;
    }
}
