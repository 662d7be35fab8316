"""Converts ROOT files to HDF5, takes the columns back as docs/root.md says, and compares them with what uproot reads, bit for bit.

    convert.py CATENA FILE ...

CATENA is a command that gets the ROOT file and the HDF5 file as its last arguments. Needs uproot, awkward and h5py; the plugin is found by HDF5_PLUGIN_PATH.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings

import awkward as ak
import h5py
import numpy as np
import uproot


def taken_back(path, group):
    """The three lines of docs/root.md."""
    tree = h5py.File(path)[group]
    index = json.loads(tree["index"][()].tobytes())
    rows = {name: tree[name][()] for name in tree if name != "index"}
    buffers = {key: rows[table][column][start:stop].copy() for key, (table, column, start, stop) in index["buffers"].items()}
    return ak.from_buffers(index["form"], tree.attrs["entries"], buffers)


def words(layout, out):
    """What a layout holds, whatever its offsets begin with and however it is nested."""
    if layout.is_option:
        layout = layout.to_IndexedOptionArray64()
        index = np.asarray(layout.index, dtype="<i8").copy()
        there = index >= 0
        if there.all():
            # Whether something may be missing that never is, readers see in different ways.
            return words(layout.project(), out)
        content = layout.content[index[there]]
        index[there] = np.arange(there.sum())
        out.append(("index", np.where(there, index, -1).tobytes()))
        return words(content, out)
    if layout.is_indexed:
        return words(layout.project(), out)
    if layout.is_union:
        out.append(("union", ak.to_list(layout)))
    elif layout.is_regular:
        out.append(("size", layout.size))
        words(layout.content[: layout.length * layout.size], out)
    elif layout.is_list:
        layout = layout.to_ListOffsetArray64(True)
        offsets = np.asarray(layout.offsets, dtype="<i8")
        out.append(("offsets", offsets.tobytes()))
        words(layout.content[: offsets[-1]], out)
    elif layout.is_record:
        out.append(("record", tuple(layout.fields), layout.length))
        for name in layout.fields:
            words(layout.content(name), out)
    elif layout.is_numpy:
        data = np.asarray(layout.data)
        out.extend(("size", size) for size in data.shape[1:])
        data = np.ascontiguousarray(data)
        out.append((data.dtype.name, data.tobytes()))
    elif layout.is_unknown:
        out.append(("empty",))
    else:
        raise TypeError(type(layout).__name__)
    return out


def same(ours, theirs):
    """Equal words; where there are no values, uproot may not know their type."""
    a, b = words(ours.layout, []), words(theirs.layout, [])
    return a == b or (("empty",) in b and b[-1] == ("empty",) and a[: len(b) - 1] == b[:-1])


def parts(path):
    """All groups that hold a tree: path in the ROOT file to (group, first, last entry)."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Group) and "index" in item and "entries" in item.attrs:
            index = json.loads(item["index"][()].tobytes())
            for tree, start, stop in index.get("trees", [[name, 0, int(item.attrs["entries"])]]):
                found[tree] = (name, start, stop)

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def below(tree, name, cls):
    """Of a counter of a split collection, the values that it counts: what uproot gives for it is all that is below it."""
    branches = tree[name].branches if cls in ("TTree", "TNtuple") else []
    return branches[0].array(library="ak") if branches else None


def packed(tree, name, cls):
    """Whether a branch has reals of a range: uproot's differ from ROOT's, and ours, in the last bit. `compare.py` has ROOT itself."""
    text = f"{tree[name].interpretation} {tree[name].typename} {tree[name].streamer}" if cls in ("TTree", "TNtuple") else ""
    return "Double32" in text or "Float16" in text


def check(command, path, folder):
    out = os.path.join(folder, "out.h5")
    subprocess.run([*command, path, out], check=True, stdout=subprocess.DEVNULL)
    where, arrays = parts(out), {}
    equal = differ = unread = 0
    with uproot.open(path) as file:
        for key, cls in file.classnames(cycle=False).items():
            if not (cls in ("TTree", "TNtuple") or "RNTuple" in cls):
                continue
            tree = file[key]
            group, start, stop = where[key]
            if group not in arrays:
                arrays = {group: taken_back(out, group)}
            array = arrays[group]
            for name in array.fields:
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        theirs = ak.Array(tree[name].array(library="ak")) if cls in ("TTree", "TNtuple") else tree.arrays([name])[name]
                        counted = below(tree, name, cls)
                        theirs = theirs if counted is None else ak.values_astype(ak.num(counted), "int32")
                except Exception:
                    unread += 1
                    continue
                ours = array[name][start:stop]
                if same(ours, theirs) or (packed(tree, name, cls) and ak.almost_equal(ours, theirs, rtol=3e-7, atol=1e-12)):
                    equal += 1
                else:
                    differ += 1
                    print(f"{os.path.basename(path)} {key} {name} differs: {array[name].type} and {theirs.type}", file=sys.stderr)
    print(f"{os.path.basename(path)}: {len(where)} trees, {equal} branches equal, {differ} differ, {unread} that uproot does not read", flush=True)
    return differ


def main():
    command, files = sys.argv[1].split(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        if sum(check(command, path, folder) for path in files):
            raise SystemExit("some branches differ")


if __name__ == "__main__":
    main()
