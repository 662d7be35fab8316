"""The HDF5 filter: its options, its registration, and models inside files."""

import os
import sys
from collections.abc import Mapping

import numpy as np

from .plugins import libh5catena as _native

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugins")


class Catena(Mapping):
    """What create_dataset needs: `file.create_dataset("d", data=data, **Catena(level=3))`. h5py's `compression=Catena(...)` works too.

    level: 1 to 9. model: a trained Model, its file's path, or its hash; for levels 8 and 9.
    """

    filter_id = _native.FILTER_ID

    def __init__(self, level=3, model=None):
        if level not in range(1, 10):
            raise ValueError(f"level {level}, not 1 to 9")
        self.filter_options = (level,)
        if model is not None:
            if level < 7:
                raise ValueError(f"a model at level {level}; 7 to 9 use one")
            hash_ = _hash(model)
            self.filter_options = (level, 1, int(hash_[:8], 16), int(hash_[8:16], 16))

    @property
    def _kwargs(self):
        return {"compression": self.filter_id, "compression_opts": self.filter_options}

    def __getitem__(self, key):
        return self._kwargs[key]

    def __iter__(self):
        return iter(self._kwargs)

    def __len__(self):
        return len(self._kwargs)

    def __hash__(self):
        return hash((self.filter_id, self.filter_options))

    def __eq__(self, other):
        return isinstance(other, Catena) and self.filter_options == other.filter_options

    def __repr__(self):
        return f"Catena{self.filter_options}"


def _hash(model):
    """The hash of a model, of a model's file, or one that is given."""
    if isinstance(model, _native.Model):
        return model.id
    if isinstance(model, str) and len(model) in (16, 64) and set(model.lower()) <= set("0123456789abcdef"):
        return model.lower()
    with open(model, "rb") as file:
        return _native.Model(file.read()).id


def embed_model(file, model):
    """Puts a model (a Model, or its file's path) into an open h5py file, where the plugin finds it. To be done before datasets that use it are created."""
    if not isinstance(model, _native.Model):
        with open(model, "rb") as source:
            model = _native.Model(source.read())
    name = "/.catena/" + model.id[:16]
    if name not in file:
        file.create_dataset(name, data=np.frombuffer(model.file, "u1"))
    return model


def register():
    """Registers the filter with h5py, if it is there, and for the libraries of this process that start later. Importing the package has done so."""
    places = os.environ.get("HDF5_PLUGIN_PATH", "/usr/local/hdf5/lib/plugin").split(os.pathsep)
    if _FOLDER not in places:
        os.environ["HDF5_PLUGIN_PATH"] = os.pathsep.join([_FOLDER, *filter(None, places)])
    try:
        import h5py
    except ImportError:
        return
    h5py.h5z.register_filter(_native.class_address())
    # `compression=Catena(...)` is taken for a filter's options if it is one of h5py's own kind.
    h5py.filters.FilterRefBase.register(Catena) if hasattr(h5py.filters.FilterRefBase, "register") else None
