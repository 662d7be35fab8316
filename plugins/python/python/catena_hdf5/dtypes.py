"""NumPy's dtypes, shapes and orders beside the bytes of an array: what a stream's layout does not tell of them is told by a stream after it that has no bytes.

The description is a JSON object: `dtype` (NumPy's string, or for a record its names, formats, offsets and itemsize; an element of several is a pair of dtype and shape),
`shape`, and `order`, "C" or "F". It is the names of the fields of that stream's layout, each `u1`, joined; the first begins with `numpy:1:`. Invariant: `restored(described(a)) == a`'s
dtype, shape and order, or `described` raises.
"""

import json

import numpy as np

_MARK = "numpy:1:"
#: Most bytes of a field's name.
_NAME = 255
#: Most fields of a layout.
_FIELDS = 4096


def _dtype_to_json(dtype):
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [_dtype_to_json(base), list(shape)]
    if dtype.fields is not None:
        fields = [dtype.fields[name] for name in dtype.names]
        described = {
            "names": list(dtype.names),
            "formats": [_dtype_to_json(field[0]) for field in fields],
            "offsets": [field[1] for field in fields],
            "itemsize": dtype.itemsize,
        }
        titles = [field[2] if len(field) > 2 else None for field in fields]
        if any(title is not None for title in titles):
            if not all(title is None or isinstance(title, str) for title in titles):
                raise TypeError(f"a title of {dtype} is not a string")
            described["titles"] = titles
        if dtype.isalignedstruct:
            described["aligned"] = True
        return described
    return dtype.str


def _dtype_from_json(described):
    if isinstance(described, str):
        return np.dtype(described)
    if isinstance(described, list):
        base, shape = described
        return np.dtype((_dtype_from_json(base), tuple(shape)))
    fields = dict(described)
    aligned = fields.pop("aligned", False)
    fields["formats"] = [_dtype_from_json(of) for of in fields["formats"]]
    return np.dtype(fields, align=aligned)


def order_of(array):
    """"F" for an array whose first axis is the fastest and which is not as well one of the other order."""
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


def check(array):
    """Raises TypeError for arrays that cannot be brought back."""
    dtype = array.dtype
    if dtype.hasobject:
        raise TypeError("arrays of Python objects have no bytes to compress")
    if isinstance(array, np.ma.MaskedArray) and np.ma.getmaskarray(array).any():
        raise TypeError("a masked array has a mask beside its bytes: compress array.data and array.mask")
    try:
        same = _dtype_from_json(json.loads(json.dumps(_dtype_to_json(dtype)))) == dtype
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"arrays of {dtype!r} cannot be brought back: view them as one of NumPy's own types")


def described(array):
    """The names of the fields that describe an array."""
    text = _MARK + json.dumps({"dtype": _dtype_to_json(array.dtype), "shape": list(array.shape), "order": order_of(array)}, separators=(",", ":"))
    names = [text[at:at + _NAME] for at in range(0, len(text), _NAME)]
    if len(names) > _FIELDS:
        raise TypeError(f"the dtype takes {len(text)} characters to describe; its array cannot be brought back")
    return names


def restored(names):
    """Dtype, shape and order that the names of a layout's fields describe; None if they describe none."""
    text = "".join(names)
    if not text.startswith(_MARK):
        return None
    try:
        of = json.loads(text[len(_MARK):])
        return _dtype_from_json(of["dtype"]), tuple(of["shape"]), of["order"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the array's description makes no sense: {error}") from error
