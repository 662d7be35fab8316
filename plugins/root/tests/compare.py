"""Every branch of ROOT files as ROOT, uproot and catena-root read it, entry by entry. Where they differ, ROOT is right.

    python plugins/root/tests/compare.py [--json OUT] VALUES FILE...

VALUES is the example `values` of catena-root, built. Needs the packages root (ROOT 6.40) and uproot. A macro `make.C` beside a
file describes its classes. Exit status 1 if we differ from ROOT, or, where ROOT cannot read a column without its class, from
uproot. With --json, what ROOT reads is written to OUT: the tests' own files have theirs in `data/cern/values.json`.
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import awkward as ak
import numpy as np
import ROOT
import uproot

ROOT.gROOT.SetBatch(True)
# What the compiler makes of macros.
BUILD = os.environ.get("CATENA_ROOT_BUILD") or tempfile.mkdtemp()
ROOT.gErrorIgnoreLevel = ROOT.kError


def real(value):
    """Reals that JSON has no number for are texts."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def like(value, ours):
    """A value of ROOT's, in the shape of ours."""
    if ours is None:
        if type(value).__name__.startswith("variant"):
            # No value is the largest index, whatever type Python makes of it.
            return None if value.index() not in range(128) else value
        empty = not value if not hasattr(value, "has_value") else not value.has_value()
        return None if empty else value
    if isinstance(ours, dict):
        return {key: like(member(value, key), item) for key, item in ours.items()}
    if isinstance(ours, list):
        return array(value, ours)
    if isinstance(ours, bool):
        return bool(ord(value)) if isinstance(value, str) else bool(value)
    if isinstance(ours, str) and ours not in ("NaN", "inf", "-inf"):
        if "LowLevelView" in type(value).__name__:
            letters = []
            while (letter := value[len(letters)]) not in (0, "\0"):
                letters.append(letter if isinstance(letter, str) else chr(int(letter) & 255))
            return "".join(letters)
        if isinstance(value, np.ndarray) or "RVec" in type(value).__name__:
            return bytes(int(c) & 255 for c in value).split(b"\0")[0].decode(errors="replace")
        return str(held(value))
    value = held(value)
    if isinstance(value, (str, bytes)):
        value = ord(value)
    return real(value) if isinstance(ours, (float, str)) else int(value)


def held(value):
    """What is in an optional, a pointer or a variant."""
    kind = type(value).__name__
    if kind.startswith(("optional", "unique_ptr")):
        return value.value() if hasattr(value, "value") else value.get().__deref__()
    if kind.startswith("variant"):
        return ROOT.std.get[value.index()](value)
    return value


def member(value, key):
    value = held(value)
    if key == "fUniqueID":
        return value.GetUniqueID()
    if isinstance(value, ROOT.TRefArray):
        return {
            "fName": "" if value.GetName() == value.ClassName() else value.GetName(),
            "fLowerBound": value.LowerBound(),
            "fUIDs": [value.GetUID(i) for i in range(value.GetEntriesFast())],
            "fPID": 0,
        }[key]
    if key == "fPID":
        return 0
    if re.fullmatch("_[0-9]+", key):
        return (value.first, value.second)[int(key[1:])]
    return getattr(value, key)


def array(value, ours):
    value = held(value)
    if "LowLevelView" in type(value).__name__:
        # An array behind a pointer has no length of its own.
        return [like(value[i], item) for i, item in enumerate(ours)]
    items = list(value)
    if ours and isinstance(ours[0], list) and len(items) == len(ours) * len(ours[0]):
        if not items or not hasattr(items[0], "__len__"):
            n = len(ours[0])
            items = [items[i : i + n] for i in range(0, len(items), n)]
    if len(items) != len(ours):
        raise AssertionError(f"{len(items)} items, ours {len(ours)}")
    return [like(item, own) for item, own in zip(items, ours)]


def of_root(path, tree, column, ours):
    """The column as ROOT reads it, in the shape of ours; why it cannot, if it cannot."""
    frame = ROOT.RDataFrame(tree, str(path))
    kind = frame.GetColumnType(column)
    values = []
    if objects(ours):
        # One after another: a copy of an object may point into the one that is read next.
        file = ROOT.TFile.Open(str(path))
        stored = file.Get(tree)
        if isinstance(stored, ROOT.TTree):
            if stored.GetEntries() != len(ours):
                raise AssertionError(f"{stored.GetEntries()} entries, ours {len(ours)}")
            for number, own in enumerate(ours):
                stored.GetEntry(number)
                values.append(like(getattr(stored, column), own))
            return kind, values
    take = frame.AsNumpy([column])[column]
    if len(take) != len(ours):
        raise AssertionError(f"{len(take)} entries, ours {len(ours)}")
    for value, own in zip(take, ours):
        values.append(like(value, own))
    return kind, values


def objects(ours):
    """Whether there are members or texts somewhere."""
    if isinstance(ours, list):
        return any(objects(item) for item in ours)
    return isinstance(ours, (dict, str))


def masked(bits):
    return [masked(each) for each in bits] if isinstance(bits, list) else bits & ~0x0300_0000


def of_uproot(path, tree, branch):
    with uproot.open(path) as file:
        array = file[tree][branch].array()
        return ak.to_list(array)


def texts(value):
    """Reals of uproot's as ours are written; tuples as lists."""
    if isinstance(value, float):
        return real(value)
    if isinstance(value, (list, tuple)):
        return [texts(item) for item in value]
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    return value


def alike(theirs, ours):
    """Whether uproot's value is ours: it has lists for optional values and tuples for pairs."""
    if isinstance(theirs, list) and not isinstance(ours, list):
        if isinstance(ours, dict):
            return alike(theirs, list(ours.values()))
        return alike(theirs, [] if ours is None else [ours])
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(alike(a, b) for a, b in zip(theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return theirs.keys() == ours.keys() and all(alike(theirs[key], ours[key]) for key in ours)
    return theirs == ours


def columns(path, tree):
    frame = ROOT.RDataFrame(tree, str(path))
    return {str(name) for name in frame.GetColumnNames()}


def compare(values, path, counts, read):
    for macro in [path.parent / "make.C"]:
        if macro.exists():
            ROOT.gSystem.CompileMacro(str(macro), "kg", "", BUILD)
    lines = subprocess.run([values, path], check=True, capture_output=True, text=True).stdout
    known, repeated = {}, Counter()
    rows = [json.loads(line) for line in lines.splitlines()]
    for row in rows:
        repeated[row["tree"], row["branch"]] += 1
    for row in rows:
        tree, branch, what, ours = row["tree"], row["branch"], row["what"], row["of"]
        name = f"{path.name}: {tree}: {branch}"
        if what != "values":
            counts[what] += 1
            if what == "error":
                print(f"{name}: {ours}")
            continue
        below = any(other["branch"].startswith(f"{branch}/") for other in rows if other["tree"] == tree)
        if below:
            counts["counters"] += 1
            continue
        if repeated[tree, branch] > 1 or not ours:
            counts["empty or of a name that another has"] += 1
            continue
        if tree not in known:
            try:
                known[tree] = columns(path, tree)
            except Exception as e:  # noqa: BLE001: whatever ROOT throws
                print(f"{path.name}: {tree}: ROOT cannot: {str(e).splitlines()[0]}")
                known[tree] = set()
        last = branch.rsplit("/", 1)[-1]
        column = next((c for c in (last, last.split("[")[0], branch.replace("/", ".")) if c in known[tree]), None)
        try:
            if column is None:
                raise LookupError("no such column")
            kind, theirs = of_root(path, tree, column, ours)
            if "Float_t" == kind and isinstance(ours[0], list):
                raise LookupError("RDataFrame takes an array for a number")
            if branch.endswith("fBits"):
                # Bits that every object has in memory and that files do not count.
                theirs, ours = masked(theirs), masked(ours)
            read.setdefault(path.name, {}).setdefault(tree, {})[branch] = theirs
            if theirs == ours:
                counts["as ROOT reads it"] += 1
                continue
            first = next(i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b)
            print(f"{name}: entry {first}: ROOT {theirs[first]!r:.200}, ours {ours[first]!r:.200}")
            counts["DIFFERENT from ROOT"] += 1
            continue
        except AssertionError as e:
            print(f"{name}: ROOT: {e}")
            counts["DIFFERENT from ROOT"] += 1
            continue
        except Exception as e:  # noqa: BLE001: what ROOT cannot read without the class's library
            why = str(e).splitlines()[0] if str(e) else type(e).__name__
        try:
            theirs = texts(of_uproot(path, tree, branch))
        except Exception:  # noqa: BLE001: whatever uproot throws
            counts["read by us alone"] += 1
            print(f"{name}: read by us alone; ROOT: {why:.100}")
            continue
        if alike(theirs, ours):
            counts["as uproot reads it"] += 1
        else:
            counts["DIFFERENT from uproot"] += 1
            pairs = zip(theirs, ours)
            first = next((i for i, (a, b) in enumerate(pairs) if not alike(a, b)), None)
            both = (theirs, ours) if first is None else (theirs[first], ours[first])
            print(f"{name}: entry {first}: uproot {both[0]!r:.200}, ours {both[1]!r:.200}; ROOT: {why:.100}")


def main():
    arguments = sys.argv[1:]
    out = None
    if arguments[0] == "--json":
        _, out, *arguments = arguments
    values, *paths = arguments
    counts, read = Counter(), {}
    for path in paths:
        compare(values, Path(path), counts, read)
    if out:
        Path(out).write_text(json.dumps(read, indent=0, sort_keys=True).replace(",\n", ",") + "\n")
    for what, n in sorted(counts.items()):
        print(f"{n:6} {what}")
    sys.exit(1 if any("DIFFERENT" in what or what == "error" for what in counts) else 0)


main()
