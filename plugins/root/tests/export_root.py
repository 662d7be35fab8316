"""Converts ROOT files to HDF5 and back, and reads the result with ROOT's RDataFrame, which has to find what uproot finds in it: every branch, its shape and its values.

    python plugins/root/tests/export_root.py CATENA FILE...

That uproot finds what was in the file before, `export.py` checks.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import ROOT
import uproot

ROOT.gROOT.SetBatch(True)


def flat(value, out):
    """Numbers and texts in their order."""
    if isinstance(value, (str, bytes)):
        out.append(value if isinstance(value, str) else value.decode(errors="replace"))
    elif hasattr(value, "__len__"):
        for item in value:
            flat(item, out)
    else:
        out.append(value)
    return out


def same(a, b):
    return len(a) == len(b) and all(x == y or (x != x and y != y) for x, y in zip(a, b))


def text(value):
    """A leaf of characters as RDataFrame has it."""
    return bytes(int(c) & 255 for c in value).split(b"\0")[0].decode(errors="replace") if not isinstance(value, str) else value


def values(frame, stored, name, strings):
    """A branch as RDataFrame has it; where it makes no NumPy arrays of one (texts), leaf by leaf."""
    if not strings:
        try:
            return list(frame.AsNumpy([name])[name])
        except TypeError:
            pass
    leaf = stored.GetLeaf(name)
    out = []
    for number in range(stored.GetEntries()):
        stored.GetBranch(name).GetEntry(number)
        if leaf.GetLeafCount():
            leaf.GetLeafCount().GetBranch().GetEntry(number)
        letters = [int(leaf.GetValue(i)) for i in range(leaf.GetLen())]
        out.append(bytes(c & 255 for c in letters).split(b"\0")[0].decode(errors="replace") if strings else letters)
    return out


def check(path):
    equal, bad = 0, []
    with uproot.open(path) as file:
        trees = [key for key, cls in file.classnames(cycle=False).items() if cls == "TTree"]
        for key in trees:
            tree = file[key]
            frame = ROOT.RDataFrame(key, str(path))
            columns = [str(name) for name in frame.GetColumnNames()]
            names = [name for name in tree.keys() if name in columns]
            bad += [f"{key}: {name}: ROOT does not list it" for name in tree.keys() if name not in columns]
            if not tree.num_entries or not names:
                continue
            file_of_root = ROOT.TFile.Open(str(path))
            stored = file_of_root.Get(key)
            for name in names:
                array = tree[name].array()
                strings = "string" in str(array.type)
                for number, (value, own) in enumerate(zip(values(frame, stored, name, strings), array)):
                    ours = [str(own)] if strings else flat(ak.to_list(own), [])
                    root = [text(value)] if strings else flat(value, [])
                    root = [bool(x) if isinstance(y, bool) else x for x, y in zip(root, ours)] + root[len(ours) :]
                    if not same([x if isinstance(x, str) else np.float64(x) for x in root], [x if isinstance(x, str) else np.float64(x) for x in ours]):
                        bad.append(f"{key}: {name}: entry {number}: ROOT {root!r:.100}, uproot {ours!r:.100}")
                        break
                else:
                    equal += 1
    return equal, bad


def main():
    catena, *files = sys.argv[1:]
    failed = False
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            h5, root = Path(folder, "x.h5"), Path(folder, "x.root")
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            for command, source, made in (("convert", file, h5), ("export", h5, root)):
                # What has no place is left out, with exit status 1.
                subprocess.run([catena, "root", command, "--keep-going", "-q", source, made], **quiet)
            equal, bad = check(root)
        print(f"{Path(file).name}: {equal} branches as ROOT reads them", flush=True)
        for line in bad:
            print(f"{Path(file).name}: {line}")
        failed |= bool(bad)
    sys.exit(1 if failed else 0)


main()
