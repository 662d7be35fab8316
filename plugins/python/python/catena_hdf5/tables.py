"""Models of tables, found on a sample of an array."""

import math

import numpy as np

from . import _native
from .arrays import _array, _bytes, layout_of
from .filter import DEFAULT_LEVEL, check_level

#: Bytes of the sample, at most, but for one chunk.
_SAMPLE = 4 << 20


def find_tables(data, level=DEFAULT_LEVEL, *, chunks=None, notes=""):
    """A Model for the chunks of an array, or of a dataset of h5py, which is read in parts: how its columns are predicted and coded, found once on a sample of up to 4 MiB. None if tables gain nothing there.

    level: 1 to 6. chunks: the chunks' shape; the dataset's own, or 256 KiB of whole rows, if left out. For many chunks that are too short to be searched each for itself:

        model = embed_model(file, find_tables(data, chunks=(1000,)))
        file.create_dataset("d", data=data, chunks=(1000,), **Catena(model=model))
    """
    level = check_level(level)
    is_dataset = hasattr(data, "chunks") and hasattr(data, "id")
    array = data if is_dataset else _array(data)
    if not array.ndim or not array.size:
        return None
    chunks = chunks or (array.chunks if is_dataset else None)
    if chunks is None:
        row = max(array.size // array.shape[0] * array.dtype.itemsize, 1)
        chunks = (max((1 << 18) // row, 1), *array.shape[1:])
    chunks = tuple(min(int(chunk), n) for chunk, n in zip(chunks, array.shape, strict=True))
    if any(chunk < 1 for chunk in chunks):
        raise ValueError(f"chunks of the shape {chunks}")
    inner = [n for n in chunks[1:] if n > 1]
    layout = layout_of(array.dtype, (2, *inner))
    if layout is None:
        return None
    # Chunks that lie inside as a whole, evenly spread.
    grid = [n // chunk for n, chunk in zip(array.shape, chunks)]
    size = math.prod(chunks) * array.dtype.itemsize
    wanted = max(1, min(math.prod(grid), _SAMPLE // size))
    starts = (np.unravel_index((2 * i + 1) * math.prod(grid) // (2 * wanted), grid) for i in range(wanted))
    pieces = [array[tuple(slice(at * n, (at + 1) * n) for at, n in zip(start, chunks))] for start in starts]
    return _native.find_tables(b"".join(_bytes(np.asarray(piece)) for piece in pieces), level, layout, notes)
