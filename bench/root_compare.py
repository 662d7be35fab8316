"""Compares every branch that catena-root reads with what uproot reads, buffer by buffer, and times both.

    cargo build --release -p catena-root --example dump
    python bench/root_compare.py [--markdown] FILE.root...

Needs uproot and awkward. Exits with 1 if a branch that uproot reads differs or was not read.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

DUMP = Path(__file__).resolve().parent.parent / "target" / "release" / "examples" / "dump"


def word(what, data):
    return f"{what}:{hashlib.sha256(data).hexdigest()[:16]}"


def offsets_of(layout):
    return np.asarray(layout.offsets, dtype="<i8")


def buffers(layout, out):
    """The same words that examples/dump.rs writes, from a layout of awkward-array."""
    if layout.is_option:
        layout = layout.to_IndexedOptionArray64()
        index = np.asarray(layout.index, dtype="<i8").copy()
        # Only what is there counts: both sides number it from 0.
        there = index >= 0
        content = layout.content[index[there]]
        index[there] = np.arange(there.sum())
        out.append(word("index", np.where(there, index, -1).astype("<i8").tobytes()))
        return buffers(content, out)
    if layout.is_indexed:
        return buffers(layout.project(), out)
    if layout.is_list and layout.parameter("__array__") in ("string", "bytestring"):
        layout = layout.to_ListOffsetArray64(True)
        offsets = offsets_of(layout)
        out.append(word("offsets", offsets.tobytes()))
        text = np.asarray(layout.content.data if hasattr(layout.content, "data") else layout.content)
        return out.append(word("text", text[: offsets[-1]].tobytes()))
    if layout.is_regular:
        out.append(f"size:{layout.size}")
        return buffers(layout.content[: layout.length * layout.size], out)
    if layout.is_list:
        layout = layout.to_ListOffsetArray64(True)
        offsets = offsets_of(layout)
        out.append(word("offsets", offsets.tobytes()))
        return buffers(layout.content[: offsets[-1]], out)
    if layout.is_record:
        out.append(f"record:{layout.length}")
        for name in layout.fields:
            out.append(f"field:{name}")
            buffers(layout.content(name), out)
        return None
    if layout.is_numpy:
        data = np.asarray(layout.data)
        for size in data.shape[1:]:
            out.append(f"size:{size}")
        data = np.ascontiguousarray(data)
        return out.append(word(data.dtype.name, data.tobytes()))
    if layout.is_unknown:
        return out.append("empty")
    raise TypeError(f"no words for {type(layout).__name__}")


def same(ours, theirs):
    """Equal words; where there are no values, uproot may not know their type."""
    if "empty" not in theirs:
        return ours == theirs
    cut = theirs.index("empty")
    return ours[:cut] == theirs[:cut]


def uproot_branches(tree):
    """Pairs of path and object, in the order of the file."""
    if isinstance(tree, uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple):
        return [(name, tree[name]) for name in tree.keys(recursive=False)]
    return list(tree.iteritems(recursive=True))


def compare_file(path, verbose):
    run = subprocess.run([DUMP, path], capture_output=True, text=True, check=True)
    trees = [json.loads(line) for line in run.stdout.splitlines()]
    count, reasons = Counter(), Counter()
    times = {"ours": 0.0, "uproot": 0.0, "bytes": 0}
    with uproot.open(path) as file:
        for ours in trees:
            count["trees"] += 1
            if "error" in ours:
                reasons[f"tree: {ours['error']}"] += 1
                continue
            tree = file[ours["tree"]]
            theirs = uproot_branches(tree)
            if len(theirs) != len(ours["branches"]):
                reasons["another number of branches than uproot"] += 1
                continue
            for mine, (name, branch) in zip(ours["branches"], theirs):
                compare_branch(mine, name, branch, count, reasons, times, verbose)
    return count, reasons, times


def entries_of(branch):
    """The bytes of every entry."""
    for i in range(branch.num_baskets):
        basket = branch.basket(i)
        for start, stop in zip(basket.byte_offsets[:-1], basket.byte_offsets[1:]):
            yield basket.data[start:stop]


def is_member_wise(branch):
    """Whether a branch of a vector of structs is stored member by member: a bit of the version, after the byte count."""
    first = next(entries_of(branch), None)
    return first is not None and len(first) > 16 and bool(first[4] & 0x40)


def member_wise_words(branch, array):
    """The words of a vector of structs of uint32, from the bytes: 16 bytes of header, then all of each member."""
    names = ak.fields(array)
    offsets, members = [0], {name: [] for name in names}
    for entry in entries_of(branch):
        n = int.from_bytes(bytes(entry[12:16]), "big")
        values = np.frombuffer(bytes(entry[16:]), ">u4").reshape(len(names), n).astype("<u4")
        offsets.append(offsets[-1] + n)
        for name, part in zip(names, values):
            members[name].append(part)
    words = [word("offsets", np.array(offsets, "<i8").tobytes()), f"record:{offsets[-1]}"]
    for name in names:
        words += [f"field:{name}", word("uint32", np.concatenate(members[name]).tobytes())]
    return words


def compare_branch(mine, name, branch, count, reasons, times, verbose):
    if mine["what"] == "group":
        count["groups"] += 1
        return
    count["branches"] += 1
    start = time.perf_counter()
    words = []
    try:
        array = branch.array()
        seconds = time.perf_counter() - start
        buffers(ak.to_layout(array), words)
        readable = type(getattr(branch, "interpretation", None)).__name__ != "AsGrouped"
    except Exception as error:  # noqa: BLE001: whatever uproot raises is a branch that it does not read
        readable = False
        words = [f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"]
    if mine["what"] != "values":
        count["skipped"] += 1
        reasons[f"{mine['what']}: {mine['detail']}"] += 1
        if readable:
            count["missed"] += 1
        return
    count["read"] += 1
    if not readable:
        count["uproot cannot"] += 1
        return
    times["ours"] += mine["seconds"]
    times["uproot"] += seconds
    times["bytes"] += mine["bytes"]
    if same(mine["detail"], words):
        count["equal"] += 1
        return
    if is_member_wise(branch) and mine["detail"] == member_wise_words(branch, array):
        count["equal"] += 1
        reasons["equal to the bytes: stored member by member, which uproot 5.7 takes for object by object"] += 1
        return
    count["different"] += 1
    reasons[f"different: {mine['cpp']} as {mine['type']}"] += 1
    if verbose:
        print(f"{name}: {mine['type']}\n  ours   {mine['detail']}\n  uproot {words}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the buffers that differ")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = ["trees", "branches", "read", "equal", "different", "uproot cannot", "skipped"]
    print("| file | " + " | ".join(columns) + " | ms | uproot ms | MB |")
    print("|---|" + "--:|" * (len(columns) + 3))
    total, all_reasons, bad = Counter(), {}, False
    for path in args.files:
        count, reasons, times = compare_file(path, args.verbose)
        total.update(count)
        cells = [str(count[c]) for c in columns]
        cells += [f"{times['ours'] * 1e3:.1f}", f"{times['uproot'] * 1e3:.1f}", f"{times['bytes'] / 1e6:.2f}"]
        print(f"| {Path(path).name} | " + " | ".join(cells) + " |", flush=True)
        all_reasons[path] = reasons
        bad |= count["different"] > 0 or count["missed"] > 0
    print("| **all** | " + " | ".join(str(total[c]) for c in columns) + " | | | |")
    for path, reasons in all_reasons.items():
        for reason, n in reasons.most_common():
            print(f"\n{Path(path).name}: {n} x {reason}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
