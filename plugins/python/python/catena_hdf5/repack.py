"""One HDF5 file into another, its datasets with the Catena filter, by h5py; and the comparison of two files, element by element.

What cannot be packed (strings of any length, references, small or empty datasets, virtual and external ones) is copied as it is. Attributes and object
references, and so the dimension scales of netCDF-4, are made anew in the second pass, when all objects are there. What would be lost is refused.
"""

import h5py
import numpy as np

from .filter import Catena

#: Datasets of fewer bytes gain nothing from chunks.
SMALLEST = 4096
#: Bytes of a chunk where the dataset has none.
CHUNK = 1 << 20
#: Bytes copied or compared at a time.
PIECE = 8 << 20


def repack(source, target, level=3):
    """Writes the packed file; `target` must not exist. Returns the raw bytes of what was packed."""
    options = Catena(level)
    with h5py.File(source, "r") as old, h5py.File(target, "x", track_order=_tracked(old)) as new:
        objects, packed = {}, 0
        _remember(objects, old, "/")
        for path, item in _walk(old, objects):
            if isinstance(item, str):
                new[path] = new[item]
            elif isinstance(item, (h5py.SoftLink, h5py.ExternalLink)):
                new[path] = item
            elif isinstance(item, h5py.Group):
                new.create_group(path, track_order=_tracked(item))
            elif isinstance(item, h5py.Dataset) and can_pack(item):
                _pack(item, new, path, options)
                packed += item.nbytes
            else:
                old.copy(item, new, path, without_attrs=True)
        for path, item in _all(old, objects):
            copy = new[path]
            for name in item.attrs:
                _copy_attribute(item, copy, name, old, new)
            if isinstance(item, h5py.Dataset) and _refers(item.dtype):
                copy[()] = _moved(item[()], item.dtype, old, new)
        return packed


def compare(one, other):
    """Raises ValueError at the first difference of two files: links, types, shapes, elements (bit by bit), attributes."""
    with h5py.File(one, "r") as old, h5py.File(other, "r") as new:
        mine, theirs = {}, {}
        _remember(mine, old, "/")
        _remember(theirs, new, "/")
        links = [[_kind(path, item) for path, item in _walk(file, seen, in_order=True)] for file, seen in ((old, mine), (new, theirs))]
        if links[0] != links[1]:
            raise ValueError(f"objects differ: {sorted(set(links[0]) ^ set(links[1]))[:4]}")

        def meet(one, other):
            return bool(one) == bool(other) and (not one or mine[_address(old[one])] == theirs[_address(new[other])])

        for path, item in _all(old, mine):
            copy = new[path]
            if isinstance(item, h5py.Dataset):
                if (item.dtype, item.shape, item.maxshape) != (copy.dtype, copy.shape, copy.maxshape):
                    raise ValueError(f"{path}: type or shape differs")
                for part in _pieces(item):
                    if not _same(item[part], copy[part], meet):
                        raise ValueError(f"{path}: elements differ in {part}")
            if sorted(item.attrs) != sorted(copy.attrs):
                raise ValueError(f"{path}: other attributes")
            for name in item.attrs:
                if not _same(item.attrs[name], copy.attrs[name], meet):
                    raise ValueError(f"{path}: attribute {name} differs")


def can_pack(dataset):
    """Whether the filter can be put on a dataset."""
    plain = dataset.dtype.kind in "biufcSV" and not dataset.dtype.hasobject
    stored = not dataset.is_virtual and not dataset.external
    return plain and stored and dataset.ndim > 0 and dataset.nbytes >= SMALLEST


# --- walking ---------------------------------------------------------------------------------------------------------


def _address(item):
    return h5py.h5o.get_info(item.id).addr


def _remember(objects, item, path):
    objects.setdefault(_address(item), path)


def _kind(path, item):
    """What a link is, in words that can be compared."""
    if isinstance(item, (h5py.SoftLink, h5py.ExternalLink)):
        return path, type(item).__name__, getattr(item, "filename", ""), item.path
    return path, type(item).__name__, "", item if isinstance(item, str) else ""


def _walk(group, objects, base="", in_order=False):
    """Each link below a group: its path, and the object, the link if it is no hard one, or the path that had the object first. By name, or as the file has them."""
    for name in sorted(group) if in_order else group:
        path = f"{base}/{name}"
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            yield path, link
            continue
        item = group[name]
        known = objects.get(_address(item))
        if known is not None:
            yield path, known
            continue
        _remember(objects, item, path)
        yield path, item
        if isinstance(item, h5py.Group):
            yield from _walk(item, objects, path, in_order)


def _all(file, objects):
    return ((path, file[path]) for path in objects.values())


def _tracked(group):
    return bool(group.id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED)


def _pieces(dataset):
    """Selections that cover a dataset, some megabytes each, whole chunks along the first axis."""
    if dataset.shape is None:
        return
    if dataset.ndim == 0 or dataset.size == 0:
        yield ()
        return
    row = max(1, dataset.nbytes // dataset.shape[0])
    step = max(1, PIECE // row)
    if dataset.chunks:
        step = max(1, step // dataset.chunks[0]) * dataset.chunks[0]
    for start in range(0, dataset.shape[0], step):
        yield (slice(start, min(start + step, dataset.shape[0])),)


# --- packing ---------------------------------------------------------------------------------------------------------


def _chunks(dataset):
    """The dataset's own chunks, or slabs of its slowest axes of about a megabyte."""
    if dataset.chunks:
        return dataset.chunks
    left, chunks = max(1, CHUNK // dataset.dtype.itemsize), []
    for length in reversed(dataset.shape):
        chunks.append(max(1, min(length, left)))
        left //= chunks[-1]
    return tuple(reversed(chunks))


def _pack(old, new, path, options):
    plist = old.id.get_create_plist()
    fill = None if plist.fill_value_defined() != h5py.h5d.FILL_VALUE_USER_DEFINED else old.fillvalue
    copy = new.create_dataset(path, shape=old.shape, dtype=old.id.get_type(), maxshape=old.maxshape, chunks=_chunks(old), fillvalue=fill,
                              track_order=None, **options)
    for part in _pieces(old):
        copy[part] = old[part]


def _copy_attribute(old, new, name, file, target):
    made = old.attrs.get_id(name)
    if _refers(made.dtype):
        value = _moved(old.attrs[name], made.dtype, file, target)
        new.attrs.create(name, value, shape=made.shape, dtype=made.dtype)
        return
    kind, space = made.get_type(), made.get_space()
    copy = h5py.h5a.create(new.id, name.encode(), kind, space)
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return
    if made.dtype.hasobject:
        value = np.empty(made.shape, made.dtype)
        made.read(value)
        copy.write(value)
    else:
        value = np.empty(made.shape, f"V{kind.get_size()}")
        made.read(value, mtype=kind)
        copy.write(value, mtype=kind)


# --- references ------------------------------------------------------------------------------------------------------


def _refers(dtype):
    """Whether elements are references, or hold some."""
    if dtype.fields:
        return any(_refers(field[0]) for field in dtype.fields.values())
    if dtype.subdtype:
        return _refers(dtype.subdtype[0])
    if h5py.check_string_dtype(dtype) is None and h5py.check_vlen_dtype(dtype) is not None:
        return _refers(np.dtype(h5py.check_vlen_dtype(dtype)))
    return h5py.check_ref_dtype(dtype) is not None


def _moved(value, dtype, old, new):
    """The same value with references to the other file's objects."""
    if isinstance(value, h5py.RegionReference):
        raise ValueError("references to regions are not carried over")
    if isinstance(value, h5py.Reference):
        return new[old[value].name].ref if value else value
    if isinstance(value, (np.ndarray, np.void)) and value.dtype.fields:
        copy = value.copy()
        for name, field in value.dtype.fields.items():
            if _refers(field[0]):
                copy[name] = _moved(value[name], field[0], old, new)
        return copy
    if isinstance(value, np.ndarray):
        copy = np.empty_like(value)
        for at in np.ndindex(value.shape):
            copy[at] = _moved(value[at], dtype, old, new)
        return copy
    return value


def _same(one, other, meet):
    """Whether two values are the same bit by bit; references are if they `meet`."""
    if isinstance(one, h5py.Empty) or isinstance(other, h5py.Empty):
        return isinstance(one, h5py.Empty) and isinstance(other, h5py.Empty) and one.dtype == other.dtype
    if isinstance(one, h5py.Reference):
        return isinstance(other, h5py.Reference) and meet(one, other)
    a, b = np.asarray(one), np.asarray(other)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if not a.dtype.hasobject:
        return a.tobytes() == b.tobytes()
    if a.dtype.fields:
        return all(_same(a[name], b[name], meet) for name in a.dtype.fields)
    return all(_same(x, y, meet) if isinstance(x, (h5py.Reference, np.ndarray)) else x == y for x, y in zip(a.flat, b.flat))
