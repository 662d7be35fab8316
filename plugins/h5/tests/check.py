"""Packs, unpacks and compares files with catena h5, and looks at the result with h5py and h5diff.

    check.py CATENA FILE ...

The files given, and one that h5py writes here. The plugin is found by HDF5_PLUGIN_PATH.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np


def run(*command, fails=False):
    done = subprocess.run(command, capture_output=True, text=True)
    if (done.returncode != 0) != fails:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def example(path):
    """What h5py users have: dimension scales, references, variable lengths, a virtual dataset, creation order."""
    rng = np.random.default_rng(1)
    with h5py.File(path, "w", track_order=True) as file:
        time = file.create_dataset("time", data=np.arange(2000) * 0.5)
        time.make_scale("time")
        data = file.create_dataset("field", data=rng.normal(size=(2000, 7)).cumsum(0).astype("f4"), chunks=(300, 7), compression="gzip")
        data.dims[0].attach_scale(time)
        table = np.zeros(3000, dtype=[("id", "u8"), ("p", "f4", (3,)), ("ok", "?"), ("name", "S6")])
        table["id"], table["p"] = np.arange(3000), rng.exponential(size=(3000, 3))
        file.create_dataset("group/z/table", data=table, chunks=(500,), shuffle=True)
        file.create_dataset("group/a/words", data=["one", "two", "", "drei"], dtype=h5py.string_dtype())
        lists = file.create_dataset("lists", (3,), dtype=h5py.vlen_dtype("i4"))
        lists[0], lists[2] = [1, 2, 3], range(100)
        file["references"] = np.array([file["field"].ref, file["group"].ref], dtype=h5py.ref_dtype)
        file["regions"] = np.array([data.regionref[10:20, 1:3]], dtype=h5py.regionref_dtype)
        file["complex"] = (rng.normal(size=1000) + 1j).astype("c8")
        file["half"] = rng.normal(size=3000).astype("f2")
        file["alias"], file["soft"], file["far"] = file["field"], h5py.SoftLink("/field"), h5py.ExternalLink("x.h5", "/y")
        file["kind"] = np.dtype("f4,i8")
        file.create_dataset("of kind", data=np.zeros(2000, "f4,i8"), dtype=file["kind"], chunks=(100,))
        layout = h5py.VirtualLayout(shape=(2000,), dtype="f4")
        layout[:] = h5py.VirtualSource(".", "field", shape=(2000, 7))[:, 3]
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("grows", data=np.arange(1000), maxshape=(None,), chunks=(128,), fillvalue=-1)
        file.attrs["title"], file.attrs["list"] = "ä", [1.5, 2.5]
        file.attrs.create("long", np.zeros(10000))


def total(path):
    stored = 0

    def add(name, item):
        nonlocal stored
        if isinstance(item, h5py.Dataset) and not name.startswith(".catena"):
            stored += item.id.get_storage_size()

    with h5py.File(path) as file:
        file.visititems(add)
    return stored


def same(a, b):
    """Every element that h5py reads, as bytes."""
    with h5py.File(a) as one, h5py.File(b) as other:
        names = []
        one.visit(names.append)
        assert names == [name for name in _names(other) if not name.startswith(".catena")], "other names"
        for name in names:
            x, y = one[name], other[name]
            assert type(x) is type(y), name
            if isinstance(x, h5py.Dataset) and x.shape is not None:
                assert x.dtype == y.dtype and x.shape == y.shape and x.maxshape == y.maxshape, name
                if x.dtype.hasobject:
                    if h5py.check_ref_dtype(x.dtype) is h5py.Reference:
                        assert [one[r].name for r in x[()].ravel() if r] == [other[r].name for r in y[()].ravel() if r], name
                else:
                    assert x[()].tobytes() == y[()].tobytes(), name


def _names(file):
    names = []
    file.visit(names.append)
    return names


def main():
    catena, files = sys.argv[1], sys.argv[2:]
    h5diff = shutil.which("h5diff")
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "example.h5")
        example(made)
        for path in [made, *files]:
            packed, plain = os.path.join(folder, "packed.h5"), os.path.join(folder, "plain.h5")
            run(catena, "h5", "pack", "-f", "-4", path, packed)
            run(catena, "h5", "unpack", "-f", packed, plain)
            for other in packed, plain:
                run(catena, "h5", "verify", path, other)
                same(path, other)
            if h5diff:
                run(h5diff, path, plain)
                run(h5diff, path, packed)
            print(f"{os.path.basename(path)}: {os.path.getsize(path)} to {os.path.getsize(packed)} bytes, elements {total(path)} to {total(packed)}: good")
        # What the tool packs, h5py goes on writing.
        with h5py.File(os.path.join(folder, "grown.h5"), "w"):
            pass
        run(catena, "h5", "pack", "-f", made, os.path.join(folder, "grown.h5"))
        with h5py.File(os.path.join(folder, "grown.h5"), "r+") as file:
            grows = file["grows"]
            grows.resize((1500,))
            assert (grows[1000:] == -1).all(), "what was outside of the dataset is the fill value"
            grows[1000:] = 7
            assert (grows[:1000] == np.arange(1000)).all() and (grows[1000:] == 7).all()
        print("grown: good")


main()
