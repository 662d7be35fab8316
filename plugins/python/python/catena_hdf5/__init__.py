"""Catena for Python: an HDF5 filter, streams of bytes and arrays, files, a codec for numcodecs.

Importing this registers the filter with the HDF5 libraries of h5py, PyTables and netCDF4, whichever of them is imported, before or after.
"""

from ._native import CatenaError, Compressor, Decompressor, Model, __version__
from .arrays import compress, decompress, decompress_array, layout_of
from .file import CatenaFile, open
from .filter import FILTER_ID, Catena, embed_model
from .hosts import PLUGIN_PATH, register, watch as _watch
from .tables import find_tables

__all__ = [
    "Catena", "CatenaError", "CatenaFile", "Compressor", "Decompressor", "FILTER_ID", "Model", "PLUGIN_PATH",
    "compress", "decompress", "decompress_array", "embed_model", "find_tables", "layout_of", "open", "register", "__version__",
]

_watch()
