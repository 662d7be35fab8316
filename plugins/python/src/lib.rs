//! The extension module under the package `catena_hdf5`: bytes in, bytes out. Arrays, files and
//! codecs are made of it in Python.
//!
//! The HDF5 plugin is another file of the wheel, which programs without Python load as well.
//! Invariant: the interpreter's lock is released while the codec works, and signals are attended
//! to.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod attend;
mod session;

use std::sync::Arc;

use attend::{Wanted, attended};
use catena_filter::model::ModelKind;
use catena_filter::{
    Archive, ByteOrder, CompressOptions, Decoder, DecompressOptions, Encoder, Field, Kind, Layout,
    Level, Model,
};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyType};

pyo3::create_exception!(
    catena_hdf5,
    CatenaError,
    pyo3::exceptions::PyValueError,
    "What the codec refuses: damaged streams, missing models, impossible options."
);

/// The codec's error as Python's.
fn refuse(error: impl std::fmt::Display) -> PyErr {
    CatenaError::new_err(error.to_string())
}

/// A model.
#[pyclass(name = "Model", frozen, module = "catena_hdf5")]
struct PyModel(Arc<Model>);

#[pymethods]
impl PyModel {
    /// The model of a file's bytes.
    #[new]
    fn new(py: Python<'_>, file: &[u8]) -> PyResult<Self> {
        let model = py.detach(|| Model::read(file)).map_err(refuse)?;
        Ok(PyModel(Arc::new(model)))
    }

    /// Its hash, 64 hexadecimal digits.
    #[getter]
    fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// What it holds: "network", for levels 8 and 9, or "tables", for levels 1 to 6.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0.kind() {
            ModelKind::Network => "network",
            ModelKind::Tables => "tables",
        }
    }

    /// The dtype string of the records that it is for.
    #[getter]
    fn layout(&self) -> String {
        self.0.layout().dtype()
    }

    /// The bytes of its file.
    #[getter]
    fn file<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.file())
    }

    /// For pickle: the model is made anew of its file's bytes.
    fn __reduce__<'py>(of: &Bound<'py, Self>) -> (Bound<'py, PyType>, (Bound<'py, PyBytes>,)) {
        (of.get_type(), (of.get().file(of.py()),))
    }
}

/// What Python's keywords say.
fn compress_options(
    level: Option<&Bound<'_, PyAny>>,
    layout: Option<&str>,
    model: Option<&PyModel>,
    threads: usize,
) -> PyResult<CompressOptions> {
    let level = match level {
        None => Level::default(),
        // Anything may be asked for, also a number that no u8 holds.
        Some(asked) => {
            let number = asked.extract::<u8>().ok().and_then(Level::new);
            number.ok_or_else(|| refuse(format!("level {asked}, not 1 to 9")))?
        }
    };
    let layout = layout.map(Layout::parse).transpose().map_err(refuse)?;
    if let Some(model) = model {
        model.0.suits(level).map_err(refuse)?;
    }
    Ok(CompressOptions::new()
        .with_level(level)
        .with_layout(layout)
        .with_model(model.map(|model| Arc::clone(&model.0)))
        .with_threads(threads))
}

fn decompress_options(
    threads: usize,
    memory_limit: u64,
    max_output: Option<u64>,
    models: &[PyRef<'_, PyModel>],
) -> DecompressOptions {
    let mut options = DecompressOptions::new()
        .with_threads(threads)
        .with_memory_limit(memory_limit)
        .with_output_limit(max_output.unwrap_or(u64::MAX));
    for model in models {
        options = options.with_model(Arc::clone(&model.0));
    }
    options
}

/// Inputs of fewer bytes are not worth a pool of threads.
const SMALL: usize = 1 << 15;

/// Compresses bytes into one stream.
#[pyfunction]
#[pyo3(signature = (data, level=None, layout=None, model=None, embed_model=false, threads=0))]
fn compress<'py>(
    py: Python<'py>,
    data: PyBackedBytes,
    level: Option<&Bound<'py, PyAny>>,
    layout: Option<&str>,
    model: Option<&PyModel>,
    embed_model: bool,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let threads = if data.len() < SMALL { 1 } else { threads };
    let options = compress_options(level, layout, model, threads)?
        .with_embed_model(embed_model)
        .with_size_hint(data.len() as u64);
    let encoder = Encoder::new(options).map_err(refuse)?;
    let len = data.len();
    let work = move |wanted: &Wanted| session::whole(encoder, &data, wanted);
    Ok(PyBytes::new(py, &attended(py, len, work)?))
}

/// Decompresses one stream, or several that follow one another.
#[pyfunction]
#[pyo3(signature = (data, threads=0, memory_limit=1 << 30, max_output=None, models=Vec::new()))]
fn decompress<'py>(
    py: Python<'py>,
    data: PyBackedBytes,
    threads: usize,
    memory_limit: u64,
    max_output: Option<u64>,
    models: Vec<PyRef<'py, PyModel>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let threads = if data.len() < SMALL { 1 } else { threads };
    let options = decompress_options(threads, memory_limit, max_output, &models);
    let decoder = Decoder::new(options).map_err(refuse)?;
    let len = data.len();
    let work = move |wanted: &Wanted| session::whole(decoder, &data, wanted);
    Ok(PyBytes::new(py, &attended(py, len, work)?))
}

/// A model of tables, found on a sample; none if tables gain nothing there.
#[pyfunction]
fn find_tables(
    py: Python<'_>,
    data: PyBackedBytes,
    level: u8,
    layout: &str,
    notes: String,
) -> PyResult<Option<PyModel>> {
    let layout = Layout::parse(layout).map_err(refuse)?;
    let level = Level::new(level).ok_or_else(|| refuse(format!("level {level}, not 1 to 9")))?;
    let len = data.len();
    let work = move |_: &Wanted| Some(Model::of_sample(&layout, level, &data, notes, 0));
    let found = attended(py, len, work)?;
    Ok(found.map(|model| PyModel(Arc::new(model))))
}

/// A field: name, letter and width, elements, whether the most significant byte is first.
type FieldTuple = (String, String, u32, bool);

/// A stream: its fields, the lengths of the axes, how many raw bytes it has.
type StreamTuple = (Vec<FieldTuple>, Vec<u64>, u64);

/// What each of the streams says its bytes are.
#[pyfunction]
fn layouts_of(data: &[u8]) -> PyResult<Vec<StreamTuple>> {
    let archive = Archive::open(std::io::Cursor::new(data)).map_err(refuse)?;
    let mut raw_lens = vec![0; archive.streams().len()];
    for frame in archive.frames() {
        raw_lens[frame.stream] += frame.raw_len as u64;
    }
    let streams = archive.streams().zip(raw_lens);
    let layouts = streams.map(|(header, raw_len)| {
        let fields = header.layout.fields().iter().map(field).collect();
        (fields, header.layout.shape().to_vec(), raw_len)
    });
    Ok(layouts.collect())
}

fn field(of: &Field) -> FieldTuple {
    let letter = match of.kind {
        Kind::Float => 'f',
        Kind::Int => 'i',
        Kind::Uint => 'u',
        Kind::Bytes => 'V',
    };
    let big = of.order == ByteOrder::Big;
    let kind = format!("{letter}{}", of.width);
    (of.name.clone(), kind, of.count, big)
}

/// The extension module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("CatenaError", module.py().get_type::<CatenaError>())?;
    module.add_class::<PyModel>()?;
    module.add_class::<session::Compressor>()?;
    module.add_class::<session::Decompressor>()?;
    module.add_function(wrap_pyfunction!(compress, module)?)?;
    module.add_function(wrap_pyfunction!(decompress, module)?)?;
    module.add_function(wrap_pyfunction!(find_tables, module)?)?;
    module.add_function(wrap_pyfunction!(layouts_of, module)?)
}
