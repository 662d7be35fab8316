"""The HDF5 filter's options, and models inside files."""

import operator
import os
from collections.abc import Mapping

import numpy as np

from . import _native

#: The filter's number.
FILTER_ID = 51838
#: The level where none is asked for.
DEFAULT_LEVEL = 3
#: What the third and fourth option follow: a model is named.
_MODEL = 1


def check_level(level):
    """The level as an int; ValueError or TypeError if it is none from 1 to 9."""
    if isinstance(level, (bool, np.bool_)):
        raise TypeError(f"level {level!r}, not 1 to 9")
    level = operator.index(level)
    if not 1 <= level <= 9:
        raise ValueError(f"level {level}, not 1 to 9")
    return level


def check_limit(limit):
    """A number of bytes as an int, or None for no limit; ValueError or TypeError if it is neither."""
    if limit is None:
        return None
    if isinstance(limit, (bool, np.bool_)):
        raise TypeError(f"a limit of {limit!r}, not a number of bytes")
    limit = operator.index(limit)
    if not 0 <= limit < 1 << 64:
        raise ValueError(f"a limit of {limit} bytes")
    return limit


class Catena(Mapping):
    """What create_dataset needs: `file.create_dataset("d", data=data, **Catena(level=3))`. h5py's `compression=Catena(...)` works too.

    level: 1 to 9. model: a Model, its file's path, or its hash; of tables for levels 1 to 6, of a network for 8 and 9.
    """

    filter_id = FILTER_ID
    filter_name = "catena"

    def __init__(self, level=DEFAULT_LEVEL, model=None):
        level = check_level(level)
        self.filter_options = (level,)
        if model is not None:
            if level == 7:
                raise ValueError("a model at level 7, which uses none")
            kind = model.kind if isinstance(model, _native.Model) else None
            if kind == ("tables" if level > 7 else "network"):
                raise ValueError(f"a model of {'tables, for levels 1 to 6' if level > 7 else 'a network, for levels 8 and 9'}, at level {level}")
            hash_ = _hash(model)
            self.filter_options = (level, _MODEL, int(hash_[:8], 16), int(hash_[8:16], 16))

    @property
    def level(self):
        """1 to 9."""
        return self.filter_options[0]

    @property
    def model(self):
        """The first 16 hexadecimal digits of the model's hash, or None."""
        return None if len(self.filter_options) < 4 else "{2:08x}{3:08x}".format(*self.filter_options)

    def get_config(self):
        """The arguments that make an equal one."""
        return {"level": self.level, **({} if self.model is None else {"model": self.model})}

    @classmethod
    def from_filter_options(cls, filter_options):
        """Of the values that a dataset holds: `dataset.id.get_create_plist().get_filter_by_id(Catena.filter_id)[1]`. ValueError if they are not this filter's."""
        values = [operator.index(value) for value in filter_options]
        level, flags, *hash_ = (values + [0] * 4)[:4]
        if len(values) > 16 or flags & ~_MODEL or (flags == 0 and any(hash_)) or any(not 0 <= value < 1 << 32 for value in values):
            raise ValueError(f"not the values of the filter catena: {tuple(values)}")
        if flags and len(values) < 4:
            raise ValueError("a model's flag without its hash")
        return cls(level or DEFAULT_LEVEL, "{:08x}{:08x}".format(*hash_) if flags else None)

    #: As hdf5plugin calls it.
    _from_filter_options = from_filter_options

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
        return f"Catena({', '.join(f'{name}={value!r}' for name, value in self.get_config().items())})"


def _hash(model):
    """The hash of a model, of a model's file, or one that is given."""
    if isinstance(model, _native.Model):
        return model.id
    if isinstance(model, str) and len(model) in (16, 64) and set(model.lower()) <= set("0123456789abcdef"):
        return model.lower()
    return _read(model).id


def _read(path):
    """The model of a file. Numbers are no paths, although `open` takes them for descriptors."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"{path!r} is no Model, and no path of one")
    with open(path, "rb") as file:
        return _native.Model(file.read())


def embed_model(file, model):
    """Puts a model (a Model, or its file's path) into an open h5py file, where the plugin finds it. To be done before datasets that use it are created."""
    if not isinstance(model, _native.Model):
        model = _read(model)
    name = "/.catena/" + model.id[:16]
    if name not in file:
        file.create_dataset(name, data=np.frombuffer(model.file, "u1"))
    return model
