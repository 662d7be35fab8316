//! Compression and decompression piece by piece, for file objects.

use std::sync::{Mutex, PoisonError};

use catena_filter::session::Session;
use catena_filter::{Decoder, Encoder, Pull, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{PyModel, compress_options, decompress_options, refuse};

/// Pushes all bytes and appends what comes out. `to_end`: waits until nothing is under way.
fn run(
    session: &mut impl Session,
    mut bytes: &[u8],
    to_end: bool,
    out: &mut Vec<u8>,
) -> Result<()> {
    loop {
        let taken = session.push(bytes)?;
        bytes = &bytes[taken..];
        match session.pull()? {
            Pull::Data(data) => out.extend_from_slice(&data),
            Pull::Pending if !to_end && bytes.is_empty() => return Ok(()),
            Pull::Pending if taken == 0 => session.wait(),
            Pull::Pending => {}
            Pull::Starved if bytes.is_empty() => return Ok(()),
            Pull::Starved => {}
            Pull::End => return Ok(()),
        }
    }
}

/// Pulls until the end of what was finished.
fn drain(session: &mut impl Session, out: &mut Vec<u8>) -> Result<()> {
    loop {
        match session.pull()? {
            Pull::Data(data) => out.extend_from_slice(&data),
            Pull::Pending => session.wait(),
            Pull::Starved | Pull::End => return Ok(()),
        }
    }
}

/// Compresses a stream piece by piece.
#[pyclass(frozen, module = "catena_hdf5")]
pub(crate) struct Compressor(Mutex<Encoder>);

#[pymethods]
impl Compressor {
    /// A new stream.
    #[new]
    #[pyo3(signature = (level=3, layout=None, model=None, embed_model=false, threads=0))]
    fn new(
        level: u8,
        layout: Option<&str>,
        model: Option<&PyModel>,
        embed_model: bool,
        threads: usize,
    ) -> PyResult<Self> {
        let options =
            compress_options(level, layout, model, threads)?.with_embed_model(embed_model);
        Ok(Compressor(Mutex::new(
            Encoder::new(options).map_err(refuse)?,
        )))
    }

    /// Takes bytes; returns what is ready of the stream.
    fn compress<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session, out| run(session, data, false, out))
    }

    /// Ends the current frame; returns the stream up to there.
    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session, out| {
            session.flush()?;
            drain(session, out)
        })
    }

    /// Ends the stream; returns the rest of it.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session, out| {
            session.finish()?;
            drain(session, out)
        })
    }
}

impl Compressor {
    fn with<'py>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<()> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        py.detach(|| {
            work(
                &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
                &mut out,
            )
        })
        .map_err(refuse)?;
        Ok(PyBytes::new(py, &out))
    }
}

/// Decompresses streams piece by piece.
#[pyclass(frozen, module = "catena_hdf5")]
pub(crate) struct Decompressor(Mutex<Decoder>);

#[pymethods]
impl Decompressor {
    /// At the first byte of a stream.
    #[new]
    #[pyo3(signature = (threads=0, memory_limit=1 << 30, models=Vec::new()))]
    fn new(threads: usize, memory_limit: u64, models: Vec<PyRef<'_, PyModel>>) -> PyResult<Self> {
        let options = decompress_options(threads, memory_limit, &models);
        let session = Decoder::new(options).map_err(refuse)?;
        Ok(Decompressor(Mutex::new(session)))
    }

    /// Takes bytes of a stream; returns what has been decoded.
    fn decompress<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session, out| run(session, data, false, out))
    }

    /// Says that no more bytes come; returns the rest. An error if the stream is cut.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |session, out| {
            session.finish()?;
            drain(session, out)
        })
    }
}

impl Decompressor {
    fn with<'py>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&mut Decoder, &mut Vec<u8>) -> Result<()> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        py.detach(|| {
            work(
                &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
                &mut out,
            )
        })
        .map_err(refuse)?;
        Ok(PyBytes::new(py, &out))
    }
}
