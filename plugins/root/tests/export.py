"""Converts ROOT files to HDF5 and back to ROOT, and compares what uproot and JSROOT read of both.

    export.py CATENA FILE ...

JSROOT is taken from CATENA_JSROOT/node_modules, if node is there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import awkward as ak
import uproot

from convert import same

HERE = os.path.dirname(os.path.abspath(__file__))
JSROOT = os.environ.get("CATENA_JSROOT", "")


def tree_names(file):
    return [key for key, cls in file.classnames(cycle=False).items() if cls in ("TTree", "TNtuple")]


def compare(before, after):
    """Branches that are in both, value by value."""
    equal = differ = 0
    with uproot.open(before) as a, uproot.open(after) as b:
        for key in tree_names(b):
            old, new = a[key], b[key]
            # Records of one branch come back as branches of their own; those are compared by the tests in Rust.
            names = {name.rsplit("/", 1)[-1]: name for name in reversed(old.keys())} if "Tree" in str(type(old)) else {}
            for name in new.keys():
                if name not in names:
                    continue
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        theirs = ak.Array(old[names[name]].array(library="ak"))
                except Exception:
                    continue
                if same(ak.Array(new[name].array(library="ak")), theirs):
                    equal += 1
                else:
                    differ += 1
                    print(f"{os.path.basename(before)} {key} {name} differs", file=sys.stderr)
    return equal, differ


def sums(path):
    """For each tree and branch of numbers its sum, as uproot has it."""
    out = {}
    with uproot.open(path) as file:
        for key in tree_names(file):
            for name, branch in file[key].items():
                array = branch.array(library="ak")
                if "string" not in str(array.type) and "int64" not in str(array.type):
                    out[f"{key} {name}"] = [int(ak.count(array)), float(ak.sum(ak.nan_to_num(ak.values_astype(array, "float64"), posinf=0, neginf=0)))]
    return out


def jsroot(path):
    """The same as JSROOT has it; nothing where there is none."""
    if not shutil.which("node") or not os.path.isdir(os.path.join(JSROOT, "node_modules", "jsroot")):
        return None
    done = subprocess.run(["node", os.path.join(HERE, "jsroot.mjs"), JSROOT, path], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"JSROOT: {done.stderr}")
    return json.loads(done.stdout)


def main():
    catena, files = sys.argv[1], sys.argv[2:]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        h5, root = os.path.join(folder, "x.h5"), os.path.join(folder, "x.root")
        for path in files:
            subprocess.run([catena, "root", "convert", "-q", "-f", "-3", path, h5], check=True)
            # What has no place in a tree is listed, and status 1.
            subprocess.run([catena, "root", "export", "-q", "-f", "--keep-going", h5, root], stderr=subprocess.DEVNULL)
            equal, differ = compare(path, root)
            line = f"{os.path.basename(path)}: {equal} branches equal, {differ} differ"
            seen = jsroot(root) if os.path.getsize(root) < 1 << 23 else None
            if seen is not None:
                ours = sums(root)
                wrong = [name for name, (n, total) in ours.items() if name not in seen or seen[name][0] != n or abs(seen[name][1] - total) > 1e-9 * max(1, abs(total))]
                bad += len(wrong)
                line += f"; JSROOT reads {len(ours) - len(wrong)} of {len(ours)} alike {wrong[:5] if wrong else ''}"
            bad += differ
            print(line, flush=True)
    if bad:
        raise SystemExit("some branches differ")


if __name__ == "__main__":
    main()
