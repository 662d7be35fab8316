"""The codec `catena` of numcodecs, and so of zarr's format 2: a chunk becomes one stream."""

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_contiguous_ndarray, ndarray_copy

from . import arrays
from .filter import DEFAULT_LEVEL, check_level, check_limit


class CatenaCodec(Codec):
    """`level` 1 to 9. What a chunk's bytes are comes from the array that is encoded, or from `dtype`, which is kept as a string, or as a list if it has fields.

    `max_output`: bytes that may come out of a chunk where its length is not known before; more raises CatenaError before it is decoded. None: any number. It is the reader's, not the
    data's, so it is in no configuration: for codecs that zarr makes of one, set `CatenaCodec.max_output`.
    """

    codec_id = "catena"
    max_output = None

    def __init__(self, level=DEFAULT_LEVEL, dtype=None, max_output=None):
        self.level = check_level(level)
        if max_output is not None:
            self.max_output = check_limit(max_output)
        if dtype is not None:
            self.dtype = _to_json(np.dtype(_from_json(dtype)))

    def get_config(self):
        """The arguments that make one for the same data."""
        return {key: value for key, value in super().get_config().items() if key != "max_output"}

    def encode(self, buf):
        # The bytes in the order of memory: zarr knows which axis was the fastest.
        flat = ensure_contiguous_ndarray(buf)
        dtype = getattr(self, "dtype", None)
        if dtype is not None:
            return arrays.compress(flat.tobytes(), self.level, dtype=_from_json(dtype))
        flags = getattr(buf, "flags", None)
        shape = buf.shape if flags is not None and flags.c_contiguous else flat.shape
        return arrays.compress(flat, self.level, shape=shape)

    def decode(self, buf, out=None):
        limit = self.max_output
        if out is not None:
            # Arrays of objects are refused.
            out = ensure_contiguous_ndarray(out)
            limit = out.nbytes if limit is None else min(limit, out.nbytes)
        raw = arrays.decompress(ensure_contiguous_ndarray(buf).tobytes(), max_output=limit)
        return raw if out is None else ndarray_copy(raw, out)


def _to_json(dtype):
    """A dtype as JSON can hold it."""
    if dtype.hasobject:
        raise TypeError("objects have no bytes to compress")
    return [[*map(_listed, field)] for field in dtype.descr] if dtype.fields else dtype.str


def _listed(part):
    return [*map(_listed, part)] if isinstance(part, (list, tuple)) else part


def _from_json(dtype):
    """What `_to_json` has made, also when JSON's lists have taken the place of tuples."""
    if not isinstance(dtype, list):
        return dtype
    return [(name, _from_json(of), *map(tuple, shape)) for name, of, *shape in dtype]
