"""The codec `catena` of zarr's format 3: from an array to one stream, in the place of `bytes` and a compressor.

    zarr.create_array("t.zarr", data=array, serializer=CatenaZarr(level=3), compressors=None)

zarr finds it by its entry point when it opens an array; it need not be imported for that. Numbers are stored least significant byte first.
"""

import asyncio
import math
from dataclasses import dataclass

import numpy as np
from zarr.abc.codec import ArrayBytesCodec

from . import arrays
from .filter import DEFAULT_LEVEL, check_level

_NAME = "catena"


@dataclass(frozen=True)
class CatenaZarr(ArrayBytesCodec):
    """`level` 1 to 9. Dtype and shape of a chunk are the array's."""

    level: int = DEFAULT_LEVEL
    is_fixed_size = False

    def __post_init__(self):
        # Frozen: what was given is put right here alone.
        object.__setattr__(self, "level", check_level(self.level))

    @classmethod
    def from_dict(cls, data):
        unknown = set(data) - {"name", "configuration"} or set(data.get("configuration") or {}) - {"level"}
        if data.get("name") != _NAME or unknown:
            raise ValueError(f"not the codec {_NAME}: {data}")
        return cls(**(data.get("configuration") or {}))

    def to_dict(self):
        return {"name": _NAME, "configuration": self.get_config()}

    def get_config(self):
        """The arguments that make an equal one."""
        return {"level": self.level}

    def _encode(self, chunk):
        array = np.ascontiguousarray(chunk)
        stored = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return arrays.compress(stored.reshape(chunk.shape), self.level)

    async def _encode_single(self, chunk_array, chunk_spec):
        coded = await asyncio.to_thread(self._encode, chunk_array.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(coded)

    async def _decode_single(self, chunk_bytes, chunk_spec):
        # NumPy's own before zarr 3.1.
        native = getattr(chunk_spec.dtype, "to_native_dtype", lambda: chunk_spec.dtype)()
        dtype = native.newbyteorder("<")
        expected = math.prod(chunk_spec.shape) * dtype.itemsize
        # What would be more than the chunk is refused before it is decoded.
        raw = await asyncio.to_thread(arrays.decompress, chunk_bytes.to_bytes(), max_output=expected)
        if len(raw) != expected:
            raise ValueError(f"a chunk of {len(raw)} bytes, not {expected}")
        # A copy: zarr may write into what it is given.
        array = np.frombuffer(raw, dtype).reshape(chunk_spec.shape).copy()
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        raise NotImplementedError("the size of compressed data is not known before")
