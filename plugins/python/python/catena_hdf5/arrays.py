"""Bytes and arrays: what a dtype and a shape are as a layout, and streams made with it."""

import sys

import numpy as np

from . import _native, dtypes
from .filter import check_level, check_limit

#: Characters with a meaning in a dtype string.
_ESCAPED = ",:%[]"


def _name(text):
    return "".join(
        "".join(f"%{byte:02X}" for byte in c.encode()) if c in _ESCAPED or c.isspace() or not c.isprintable() else c for c in text
    )


def _append(parts, dtype, count, name):
    """Appends the fields of `count` elements of a dtype."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return _append(parts, base, count * int(np.prod(shape)), name)
    if dtype.fields:
        inner, end = [], 0
        members = sorted(((field[1], member, field[0]) for member, field in dtype.fields.items()), key=lambda m: m[0])
        for offset, member, kind in members:
            if offset < end:
                inner = [("V", dtype.itemsize, "<", 1, name)]
                end = dtype.itemsize
                break
            if offset > end:
                inner.append(("V", offset - end, "<", 1, ""))
            _append(inner, kind, 1, f"{name}.{member}" if name else member)
            end = offset + kind.itemsize
        if end < dtype.itemsize:
            inner.append(("V", dtype.itemsize - end, "<", 1, ""))
        parts.extend(inner * count)
        return
    order = {"=": "<" if sys.byteorder == "little" else ">", "|": "<"}.get(dtype.byteorder, dtype.byteorder)
    kind, width = dtype.kind, dtype.itemsize
    if kind == "c" and width in (8, 16):
        kind, width, count = "f", width // 2, count * 2
    elif kind == "b":
        kind = "u"
    elif kind in "mM":
        kind = "i"
    elif kind == "U":
        kind, count, width = "u", count * width // 4, 4
    if (kind, width) not in {("f", 2), ("f", 4), ("f", 8)} and not (kind in "iu" and width in (1, 2, 4, 8)):
        kind, width, count = "V", width * count, 1
    if width and count:
        parts.append((kind, width, order, count, name))


def layout_of(dtype, shape=()):
    """The layout string of arrays of this dtype and shape; None for a dtype of Python objects or of no bytes."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        return None
    parts = []
    _append(parts, dtype, 1, "")
    if not parts or len(parts) > 4096:
        return f"V{dtype.itemsize}" if dtype.itemsize else None
    text = ",".join(
        f"{_name(name) + ':' if name else ''}{count if count != 1 else ''}{'' if width == 1 or kind == 'V' else order}{kind}{width}"
        for kind, width, order, count, name in parts
    )
    shape = [int(n) for n in shape]
    return f"{text} [{','.join(map(str, shape))}]" if len(shape) > 1 and all(shape) and len(shape) <= 32 else text


def asked_layout(dtype, shape):
    """The layout string of a dtype that was asked for; TypeError if elements of it have no bytes."""
    if any(n < 0 for n in shape):
        raise ValueError(f"shape {tuple(shape)} has a negative length")
    layout = layout_of(dtype, shape)
    if layout is None:
        raise TypeError(f"elements of {np.dtype(dtype)!r} have no bytes to compress")
    return layout


def as_bytes(data, dtype=None, shape=None):
    """The bytes of a buffer or array, and its layout string (None: to be detected)."""
    if isinstance(data, (bytes, bytearray)) and dtype is None:
        return bytes(data), None
    if isinstance(data, (bytes, bytearray, memoryview)):
        view = memoryview(data)
        if dtype is None:
            return view.tobytes(), layout_of(view.format, view.shape) if view.format in set("bBhHiIlLqQefd") else None
        return view.tobytes(), asked_layout(dtype, () if shape is None else shape)
    array = _array(data)
    shape = array.shape if shape is None else shape
    return _bytes(array), layout_of(array.dtype, shape) if dtype is None else asked_layout(dtype, shape)


def _bytes(array):
    """All bytes in row-major order, those between the fields of records as well: NumPy leaves them out when it copies records."""
    records = array.dtype.names is not None and array.dtype.itemsize
    return (array.view(f"V{array.dtype.itemsize}") if records else array).tobytes()


def _array(data):
    array = np.asanyarray(data)
    dtypes.check(array)
    return np.asarray(array)


def compress(data, level=3, *, dtype=None, shape=None, model=None, embed_model=False, threads=0):
    """One stream of bytes, a buffer or an array (in row-major order). What the bytes are comes from the array, or from dtype and shape; else it is detected.

    An array whose dtype, shape or order a stream's layout does not tell is followed by a stream without bytes that does: decompress_array gives all three back.
    TypeError for what has no bytes of its own: Python objects, masked elements.
    """
    level = check_level(level)
    raw, layout = as_bytes(data, dtype, shape)
    coded = _native.compress(raw, level, layout, model, embed_model, threads)
    if dtype is not None or shape is not None or isinstance(data, (bytes, bytearray, memoryview)):
        return coded
    array = np.asarray(data)
    told = _of_layouts(_native.layouts_of(coded))
    if told is not None and told == (array.dtype, array.shape, dtypes.order_of(array)):
        return coded
    names = ",".join(f"{_name(name)}:u1" for name in dtypes.described(array))
    return coded + _native.compress(b"", 1, names, None, False, 1)


def decompress(data, *, threads=0, memory_limit=1 << 30, max_output=None, models=()):
    """The raw bytes of one stream, or of several in a row.

    More than max_output of them (None: any number) raise CatenaError before they are decoded; so does what needs more bytes of memory than memory_limit.
    """
    return _native.decompress(bytes(data), threads, memory_limit, check_limit(max_output), list(models))


def decompress_array(data, *, dtype=None, shape=None, threads=0, memory_limit=1 << 30, max_output=None, models=()):
    """The array that was compressed, with its dtype, shape and order, unless others are given. What was no array is one of the type that its layout says, or that was detected.

    Several that were compressed one by one come back as one array of one axis if they are of one type, and are refused if not. max_output and memory_limit are those of decompress.
    """
    data = bytes(data)
    told = _of_layouts(_native.layouts_of(data))
    raw = decompress(data, threads=threads, memory_limit=memory_limit, max_output=max_output, models=models)
    order = "C"
    if told is None and dtype is None:
        raise ValueError("arrays of several types, one after another: give dtype and shape, or decompress them one by one")
    if dtype is None:
        dtype = told[0]
        if shape is None:
            shape, order = told[1:]
    dtype = np.dtype(dtype)
    if shape is None:
        shape = told[1] if told is not None and dtype.itemsize == told[0].itemsize else (-1,)
    if not raw:
        # NumPy makes no array of no bytes, nor of elements without any.
        shape = [max(0, n) for n in np.atleast_1d(shape)]
        if np.prod(shape, dtype=object) * dtype.itemsize:
            raise ValueError(f"no bytes for an array of {tuple(shape)}")
        return np.empty(shape, dtype, order)
    if order == "F":
        # As opaque elements: a copy of records leaves what is between their fields behind.
        return np.asfortranarray(np.frombuffer(raw, f"V{dtype.itemsize}").reshape(shape)).view(dtype)
    return np.frombuffer(raw, dtype).reshape(shape)


def _of_layouts(streams):
    """Dtype, shape and order of the array that streams hold, as `layouts_of` tells of them; None if they hold several that are no one array."""
    described = [dtypes.restored([field[0] for field in fields]) for fields, _, raw_len in streams if raw_len == 0]
    described = [of for of in described if of is not None]
    kinds = [(_dtype(fields), axes) for fields, axes, raw_len in streams if raw_len] or [(_dtype(streams[0][0]), [])]
    raw_len = sum(raw_len for _, _, raw_len in streams)
    if described:
        dtype, shape, order = described[0]
        whole = int(np.prod(shape, dtype=object)) * dtype.itemsize == raw_len and len(described) == 1
        return (dtype, shape, order) if whole else None
    if any(dtype != kinds[0][0] for dtype, _ in kinds):
        return None
    dtype, axes = kinds[0]
    rows = raw_len // dtype.itemsize
    if len(kinds) > 1 or not axes or rows % max(1, int(np.prod(axes[1:], dtype=object))):
        return dtype, (rows,), "C"
    return dtype, (rows // int(np.prod(axes[1:], dtype=object)), *axes[1:]), "C"


def _dtype(fields):
    """The dtype of a layout's fields."""
    kinds = [(name, ("" if letter[1:] == "1" or letter[0] == "V" else ">" if big else "<") + letter, count) for name, letter, count, big in fields]
    if len(kinds) == 1 and not kinds[0][0] and kinds[0][2] == 1:
        return np.dtype(kinds[0][1])
    taken = {name for name, _, _ in kinds}
    fields = []
    for at, (name, letter, count) in enumerate(kinds):
        while not name or name in {field[0] for field in fields}:
            name = f"f{at}" if f"f{at}" not in taken else f"{name or 'f'}_{at}"
        fields.append((name, letter) if count == 1 else (name, letter, (count,)))
    return np.dtype(fields)
