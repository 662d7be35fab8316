//! The extension module under the package `catena_hdf5`: bytes in, bytes out. Arrays, files and
//! codecs are made of it in Python.
//!
//! It is the HDF5 plugin as well: the symbols that libhdf5 looks for come with `h5catena`.
//! Invariant: the interpreter's lock is released while the codec works.

mod session;

use std::sync::Arc;

use catena_filter::{Archive, CompressOptions, DecompressOptions, Layout, Level, Model};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pyo3::create_exception!(
    libh5catena,
    CatenaError,
    pyo3::exceptions::PyValueError,
    "What the codec refuses: damaged streams, missing models, impossible options."
);

/// The codec's error as Python's.
fn refuse(error: impl std::fmt::Display) -> PyErr {
    CatenaError::new_err(error.to_string())
}

/// A trained model.
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
}

/// What Python's keywords say.
fn compress_options(
    level: u8,
    layout: Option<&str>,
    model: Option<&PyModel>,
    threads: usize,
) -> PyResult<CompressOptions> {
    let level = Level::new(level).ok_or_else(|| refuse(format!("level {level}, not 1 to 9")))?;
    let layout = layout.map(Layout::parse).transpose().map_err(refuse)?;
    Ok(CompressOptions::new()
        .with_level(level)
        .with_layout(layout)
        .with_model(model.map(|model| Arc::clone(&model.0)))
        .with_threads(threads))
}

fn decompress_options(
    threads: usize,
    memory_limit: u64,
    models: &[PyRef<'_, PyModel>],
) -> DecompressOptions {
    let mut options = DecompressOptions::new()
        .with_threads(threads)
        .with_memory_limit(memory_limit);
    for model in models {
        options = options.with_model(Arc::clone(&model.0));
    }
    options
}

/// Compresses bytes into one stream.
#[pyfunction]
#[pyo3(signature = (data, level=3, layout=None, model=None, embed_model=false, threads=0))]
fn compress<'py>(
    py: Python<'py>,
    data: &[u8],
    level: u8,
    layout: Option<&str>,
    model: Option<&PyModel>,
    embed_model: bool,
    threads: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = compress_options(level, layout, model, threads)?.with_embed_model(embed_model);
    let coded = py.detach(|| catena_filter::compress(data, &options));
    Ok(PyBytes::new(py, &coded.map_err(refuse)?))
}

/// Decompresses one stream, or several that follow one another.
#[pyfunction]
#[pyo3(signature = (data, threads=0, memory_limit=1 << 30, models=Vec::new()))]
fn decompress<'py>(
    py: Python<'py>,
    data: &[u8],
    threads: usize,
    memory_limit: u64,
    models: Vec<PyRef<'py, PyModel>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = decompress_options(threads, memory_limit, &models);
    let raw = py.detach(|| catena_filter::decompress(data, &options));
    Ok(PyBytes::new(py, &raw.map_err(refuse)?))
}

/// A field: name, letter and width, elements, whether the most significant byte is first.
type FieldTuple = (String, String, u32, bool);

/// What the first stream says its bytes are: fields, and the lengths of the axes.
#[pyfunction]
fn layout_of(data: &[u8]) -> PyResult<(Vec<FieldTuple>, Vec<u64>)> {
    let archive = Archive::open(std::io::Cursor::new(data)).map_err(refuse)?;
    let header = archive
        .streams()
        .next()
        .ok_or_else(|| refuse("no stream"))?;
    let fields = header.layout.fields().iter().map(|field| {
        let letter = match field.kind {
            catena_filter::Kind::Float => 'f',
            catena_filter::Kind::Int => 'i',
            catena_filter::Kind::Uint => 'u',
            catena_filter::Kind::Bytes => 'V',
        };
        let big = field.order == catena_filter::ByteOrder::Big;
        (
            field.name.clone(),
            format!("{letter}{}", field.width),
            field.count,
            big,
        )
    });
    Ok((fields.collect(), header.layout.shape().to_vec()))
}

/// Where the filter's class lies, for `h5py.h5z.register_filter`.
#[pyfunction]
fn class_address() -> usize {
    h5catena::class_address()
}

/// The extension module.
#[pymodule]
fn libh5catena(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("FILTER_ID", h5catena::FILTER_ID)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("CatenaError", module.py().get_type::<CatenaError>())?;
    module.add_class::<PyModel>()?;
    module.add_class::<session::Compressor>()?;
    module.add_class::<session::Decompressor>()?;
    module.add_function(wrap_pyfunction!(compress, module)?)?;
    module.add_function(wrap_pyfunction!(decompress, module)?)?;
    module.add_function(wrap_pyfunction!(layout_of, module)?)?;
    module.add_function(wrap_pyfunction!(class_address, module)?)
}
