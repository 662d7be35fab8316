//! The codec's sessions, driven to the end or piece by piece, for file objects.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use catena_filter::session::Session;
use catena_filter::{Decoder, Encoder, Pull, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::attend::{Wanted, attended};
use crate::{PyModel, compress_options, decompress_options, refuse};

/// What was asked for of a session; `None` if nobody wants it any more.
type Asked = Option<Result<()>>;

/// A result's value; the error leaves the function.
macro_rules! ok {
    ($of:expr) => {
        match $of {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        }
    };
}

/// Pushes all bytes and appends what has come out by then.
fn feed(of: &mut impl Session, mut bytes: &[u8], out: &mut Vec<u8>, wanted: &Wanted) -> Asked {
    loop {
        wanted.check()?;
        let taken = ok!(of.push(bytes));
        bytes = &bytes[taken..];
        match ok!(of.pull()) {
            Pull::Data(data) => out.extend_from_slice(&data),
            Pull::Pending if bytes.is_empty() => return Some(Ok(())),
            Pull::Pending if taken == 0 => of.wait(),
            Pull::Pending => {}
            Pull::Starved if bytes.is_empty() => return Some(Ok(())),
            Pull::Starved => {}
            Pull::End => return Some(Ok(())),
        }
    }
}

/// Pulls until the end of what was finished or flushed.
fn drain(of: &mut impl Session, out: &mut Vec<u8>, wanted: &Wanted) -> Asked {
    loop {
        wanted.check()?;
        match ok!(of.pull()) {
            Pull::Data(data) => out.extend_from_slice(&data),
            Pull::Pending => of.wait(),
            Pull::Starved | Pull::End => return Some(Ok(())),
        }
    }
}

/// All of an input, from its first byte to its end.
pub(crate) fn whole(
    mut of: impl Session,
    bytes: &[u8],
    wanted: &Wanted,
) -> Option<Result<Vec<u8>>> {
    let mut out = Vec::new();
    ok!(feed(&mut of, bytes, &mut out, wanted)?);
    ok!(of.finish());
    ok!(drain(&mut of, &mut out, wanted)?);
    Some(Ok(out))
}

/// A session that a Python object holds. Once a call was interrupted it is of no use: nobody knows
/// how far that came. Later calls say so at once; they do not wait for what the interrupted one has
/// left behind.
struct Held<S> {
    session: Arc<Mutex<S>>,
    interrupted: AtomicBool,
}

impl<S: Session + Send + 'static> Held<S> {
    fn new(session: S) -> Self {
        Held {
            session: Arc::new(Mutex::new(session)),
            interrupted: AtomicBool::new(false),
        }
    }

    fn run<'py>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&mut S, &mut Vec<u8>, &Wanted) -> Asked + Send + 'static,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(refuse("an earlier call was interrupted"));
        }
        let shared = Arc::clone(&self.session);
        let out = attended(py, usize::MAX, move |wanted| {
            let mut session = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let mut out = Vec::new();
            let done = work(&mut session, &mut out, wanted)?;
            Some(done.map(|()| out))
        });
        // All but the codec's own errors come from a handler of signals.
        if let Err(raised) = &out
            && !raised.is_instance_of::<crate::CatenaError>(py)
        {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        Ok(PyBytes::new(py, &out?))
    }
}

/// Compresses a stream piece by piece.
#[pyclass(frozen, module = "catena_hdf5")]
pub(crate) struct Compressor(Held<Encoder>);

#[pymethods]
impl Compressor {
    /// A new stream.
    #[new]
    #[pyo3(signature = (level=None, layout=None, model=None, embed_model=false, threads=0))]
    fn new(
        level: Option<&Bound<'_, PyAny>>,
        layout: Option<&str>,
        model: Option<&PyModel>,
        embed_model: bool,
        threads: usize,
    ) -> PyResult<Self> {
        let options =
            compress_options(level, layout, model, threads)?.with_embed_model(embed_model);
        let session = Encoder::new(options).map_err(refuse)?;
        Ok(Compressor(Held::new(session)))
    }

    /// Takes bytes; returns what is ready of the stream.
    fn compress<'py>(&self, py: Python<'py>, data: PyBackedBytes) -> PyResult<Bound<'py, PyBytes>> {
        let work = move |session: &mut Encoder, out: &mut Vec<u8>, wanted: &Wanted| {
            feed(session, &data, out, wanted)
        };
        self.0.run(py, work)
    }

    /// Ends the current frame; returns the stream up to there.
    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let work = |session: &mut Encoder, out: &mut Vec<u8>, wanted: &Wanted| {
            ok!(session.flush());
            drain(session, out, wanted)
        };
        self.0.run(py, work)
    }

    /// Ends the stream; returns the rest of it.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.0.run(py, end)
    }
}

/// Ends a session.
fn end<S: Session>(session: &mut S, out: &mut Vec<u8>, wanted: &Wanted) -> Asked {
    ok!(session.finish());
    drain(session, out, wanted)
}

/// Decompresses streams piece by piece.
#[pyclass(frozen, module = "catena_hdf5")]
pub(crate) struct Decompressor(Held<Decoder>);

#[pymethods]
impl Decompressor {
    /// At the first byte of a stream.
    #[new]
    #[pyo3(signature = (threads=0, memory_limit=1 << 30, max_output=None, models=Vec::new()))]
    fn new(
        threads: usize,
        memory_limit: u64,
        max_output: Option<u64>,
        models: Vec<PyRef<'_, PyModel>>,
    ) -> PyResult<Self> {
        let options = decompress_options(threads, memory_limit, max_output, &models);
        let session = Decoder::new(options).map_err(refuse)?;
        Ok(Decompressor(Held::new(session)))
    }

    /// Takes bytes of a stream; returns what has been decoded.
    fn decompress<'py>(
        &self,
        py: Python<'py>,
        data: PyBackedBytes,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let work = move |session: &mut Decoder, out: &mut Vec<u8>, wanted: &Wanted| {
            feed(session, &data, out, wanted)
        };
        self.0.run(py, work)
    }

    /// Says that no more bytes come; returns the rest. An error if the stream is cut.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.0.run(py, end)
    }
}
