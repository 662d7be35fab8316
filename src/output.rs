//! Where the bytes go: a file that gets its name only when it is complete, standard output, or
//! nowhere.
//!
//! Invariant: no output is a file of the same call, and under the final name there is never a
//! half-written file (both by `catena_files`). An [`Output`] that is dropped before
//! [`Output::commit`] removes what it wrote.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use catena_files::{Attributes, Holes, Inputs, Place, Unfinished};

use crate::input::Counter;
use crate::report::{Failure, Outcome, name_of};
use crate::stdio;

/// Where a file's result goes.
#[derive(Clone, Debug)]
pub enum Target {
    Stdout,
    Path(PathBuf),
    Nowhere,
}

#[cfg(any(feature = "root", feature = "tensor"))]
impl Target {
    /// The file of this name; - is standard output.
    pub fn of(path: &std::path::Path) -> Self {
        match path.as_os_str() == "-" {
            true => Target::Stdout,
            false => Target::Path(path.to_owned()),
        }
    }
}

/// How an output is opened.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// Files that are there are replaced.
    pub force: bool,
    /// The bytes may go to a screen.
    pub to_terminal: bool,
    /// Long zeros become holes of the file.
    pub sparse: bool,
    /// Bytes that may be written.
    pub limit: Option<u64>,
    /// What it may not be.
    pub inputs: &'a Inputs,
}

/// An open output.
#[derive(Debug)]
pub struct Output {
    /// As messages name it.
    pub name: String,
    sink: Sink,
    /// Where zeros are left out.
    holes: Option<Holes>,
    limit: Option<u64>,
    /// Bytes written so far.
    pub written_n: Counter,
}

#[derive(Debug)]
enum Sink {
    /// Standard output, a device or a pipe: what is written is gone.
    Stream(File),
    File(Box<Unfinished>),
    Nowhere,
}

impl Output {
    /// Opens the target. What can be known to be wrong with it is found out here, before any work.
    pub fn open(target: &Target, how: How<'_>) -> Outcome<Self> {
        let (name, sink) = match target {
            Target::Nowhere => ("(nowhere)".to_string(), Ok(Sink::Nowhere)),
            Target::Stdout => (stdio::OUT.to_string(), open_stdout(how)),
            Target::Path(path) => {
                let place = Place::take(path, how.force, how.inputs);
                let sink = place.map(|place| match place {
                    Place::File(file) => Sink::File(Box::new(file)),
                    Place::Stream(file) => Sink::Stream(file),
                });
                (name_of(path), sink)
            }
        };
        let sink = sink.map_err(|e| Failure::new(&name, e))?;
        let is_file = matches!(sink, Sink::File(_));
        Ok(Output {
            name,
            sink,
            limit: how.limit,
            holes: (how.sparse && is_file).then(Holes::default),
            written_n: Counter::default(),
        })
    }

    /// A file under a temporary name, for whoever writes back and forth.
    #[cfg(feature = "h5")]
    pub fn open_file(path: &std::path::Path, force: bool, inputs: &Inputs) -> Outcome<Unfinished> {
        let file = Unfinished::create(path, force, inputs);
        file.map_err(|e| Failure::new(&name_of(path), e))
    }

    /// Writes all of `data`.
    pub fn put(&mut self, data: &[u8]) -> Outcome<()> {
        self.write_all(data)
            .map_err(|e| Failure::writing(&self.name, e))
    }

    /// The file under its temporary name, to be read once more before [`Output::commit`].
    pub fn reopen(&self) -> Option<io::Result<File>> {
        match &self.sink {
            Sink::File(file) => Some(file.reopen()),
            Sink::Stream(_) | Sink::Nowhere => None,
        }
    }

    /// Everything is written and right: gives the file its attributes and its name. Returns whether
    /// it is on disk.
    pub fn commit(self, attributes: &Attributes) -> Outcome<bool> {
        let Sink::File(mut file) = self.sink else {
            return Ok(false);
        };
        let whole = match self.holes {
            Some(mut holes) => holes.finish(file.file()),
            None => Ok(()),
        };
        whole
            .and_then(|()| file.commit(attributes))
            .map(|()| true)
            .map_err(|e| Failure::writing(&self.name, e))
    }
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(limit) = self.limit
            && buf.len() as u64 > limit.saturating_sub(self.written_n.get())
        {
            let why = format!("more than {limit} bytes would come out, which is the limit");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let n = match &mut self.sink {
            Sink::Stream(file) => {
                stdio::patiently(file, stdio::For::Writing, |file| file.write(buf))?
            }
            Sink::File(file) => match &mut self.holes {
                Some(holes) => holes.write(file.file(), buf).map(|()| buf.len())?,
                None => file.file().write(buf)?,
            },
            Sink::Nowhere => buf.len(),
        };
        self.written_n.add(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open_stdout(how: How<'_>) -> io::Result<Sink> {
    let file = stdio::output()?;
    if io::stdout().is_terminal() && !how.to_terminal {
        let what = "is a terminal, and the data are binary; -f writes them there";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    how.inputs.refuse_open(&file.metadata()?)?;
    Ok(Sink::Stream(file))
}
