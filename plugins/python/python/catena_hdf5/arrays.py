"""Bytes and arrays: what a dtype and a shape are as a layout, and streams made with it."""

import sys

import numpy as np

from .plugins import libh5catena as _native

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


def as_bytes(data, dtype=None, shape=None):
    """The bytes of a buffer or array, and its layout string (None: to be detected)."""
    if isinstance(data, (bytes, bytearray)) and dtype is None:
        return bytes(data), None
    if isinstance(data, (bytes, bytearray, memoryview)):
        view = memoryview(data)
        if dtype is None:
            return view.tobytes(), layout_of(view.format, view.shape) if view.format in set("bBhHiIlLqQefd") else None
        return view.tobytes(), layout_of(dtype, () if shape is None else shape)
    array = np.asarray(data)
    if array.dtype.hasobject:
        raise TypeError("arrays of Python objects have no bytes to compress")
    return array.tobytes(), layout_of(array.dtype if dtype is None else dtype, array.shape if shape is None else shape)


def compress(data, level=3, *, dtype=None, shape=None, model=None, embed_model=False, threads=0):
    """One stream of bytes, a buffer or an array (in row-major order). What the bytes are comes from the array, or from dtype and shape; else it is detected."""
    raw, layout = as_bytes(data, dtype, shape)
    return _native.compress(raw, level, layout, model, embed_model, threads)


def decompress(data, *, threads=0, memory_limit=1 << 30, models=()):
    """The raw bytes of one stream, or of several in a row."""
    return _native.decompress(bytes(data), threads, memory_limit, list(models))


def decompress_array(data, *, dtype=None, shape=None, threads=0, memory_limit=1 << 30, models=()):
    """The array of one stream: of the dtype and shape that the stream says, unless others are given."""
    data = bytes(data)
    fields, axes = _native.layout_of(data)
    if dtype is None:
        kinds = [(name, ("" if letter[1:] == "1" or letter[0] == "V" else ">" if big else "<") + letter, count) for name, letter, count, big in fields]
        if len(kinds) == 1 and not kinds[0][0] and kinds[0][2] == 1:
            dtype = np.dtype(kinds[0][1])
        else:
            dtype = np.dtype([(name or f"f{i}", letter) if count == 1 else (name or f"f{i}", letter, (count,)) for i, (name, letter, count) in enumerate(kinds)])
    flat = np.frombuffer(decompress(data, threads=threads, memory_limit=memory_limit, models=models), dtype)
    if shape is None:
        shape = [-1 if n == 0 else n for n in axes] or [-1]
    return flat.reshape(shape)
