"""Catena for Python: an HDF5 filter, streams of bytes and arrays, files, a codec for numcodecs.

Importing this registers the filter: with h5py at once, and with libraries that start later (PyTables, netCDF4) through HDF5_PLUGIN_PATH.
"""

import os as _os

from .arrays import compress, decompress, decompress_array, layout_of
from .file import CatenaFile, open
from .filter import Catena, embed_model, register
from .plugins.libh5catena import FILTER_ID, CatenaError, Compressor, Decompressor, Model, __version__

#: The folder of the plugin, for HDF5_PLUGIN_PATH.
PLUGIN_PATH = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), "plugins")

__all__ = [
    "Catena", "CatenaError", "CatenaFile", "Compressor", "Decompressor", "FILTER_ID", "Model", "PLUGIN_PATH",
    "compress", "decompress", "decompress_array", "embed_model", "layout_of", "open", "register", "__version__",
]

register()
