"""The codec `catena` of numcodecs, and so of zarr's format 2: a chunk becomes one stream."""

from numcodecs.abc import Codec
from numcodecs.compat import ensure_contiguous_ndarray, ndarray_copy

from . import arrays


class CatenaCodec(Codec):
    """`level` 1 to 9. What a chunk's bytes are comes from the array that is encoded, or from `dtype`."""

    codec_id = "catena"

    def __init__(self, level=3, dtype=None):
        self.level = level
        self.dtype = dtype

    def encode(self, buf):
        # The bytes in the order of memory: zarr knows which axis was the fastest.
        flat = ensure_contiguous_ndarray(buf)
        if self.dtype is not None:
            return arrays.compress(flat.tobytes(), self.level, dtype=self.dtype)
        flags = getattr(buf, "flags", None)
        shape = buf.shape if flags is not None and flags.c_contiguous else flat.shape
        return arrays.compress(flat, self.level, shape=shape)

    def decode(self, buf, out=None):
        raw = arrays.decompress(ensure_contiguous_ndarray(buf).tobytes())
        return raw if out is None else ndarray_copy(raw, out)
