"""Writes the small files of these tests and what is in them, with uproot and awkward-array.

    python plugins/root/tests/data/make.py

Needs uproot 5.7, awkward, and for the codecs cramjam and xxhash.
"""

import json
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

HERE = Path(__file__).parent
rng = np.random.default_rng(20240229)


def events(n):
    jets = rng.integers(0, 4, n)
    return {
        "run": np.full(n, 7, np.uint32),
        "event": np.arange(n, dtype=np.uint64) * 1_000_003,
        "charge": rng.integers(-1, 2, n).astype(np.int8),
        "weight": rng.normal(1, 0.1, n),
        "pass": rng.integers(0, 2, n).astype(bool),
        "cov": rng.normal(0, 1, (n, 2, 3)).astype(np.float32),
        "jet": ak.zip(
            {
                "pt": ak.unflatten(rng.exponential(30, jets.sum()).astype(np.float32), jets),
                "id": ak.unflatten(rng.integers(-5, 6, jets.sum()).astype(np.int16), jets),
            }
        ),
    }


def plain(array):
    """Values for JSON. NaN cannot be there."""
    return ak.to_list(array)


def tree_files():
    chunks = [events(20), events(1), events(13)]
    labels = [[f"n{i}" * (i % 5) for i in range(len(c["run"]))] for c in chunks]
    labels[1][0] = "long" * 80
    codecs = {
        "none": None,
        "zlib": uproot.ZLIB(1),
        "xz": uproot.LZMA(1),
        "lz4": uproot.LZ4(1),
        "zstd": uproot.ZSTD(1),
    }
    for name, codec in codecs.items():
        kept = set(chunks[0]) | {"label"}
        if name in ("none", "xz", "lz4"):
            # All branches once is enough: the files stay small.
            kept = {"event", "cov", "jet", "label"}
        with uproot.recreate(HERE / f"tree_{name}.root", compression=codec) as file:
            paths = ["events", "inner/deep/events"] if name == "zlib" else ["events"]
            for path in paths:
                branches = {k: v.dtype if v.ndim == 1 else (v.dtype, v.shape[1:]) for k, v in chunks[0].items() if k != "jet"}
                branches["jet"] = "var * {pt: float32, id: int16}"
                branches["label"] = "string"
                if path != "events":
                    kept = {"event"}
                tree = file.mktree(path, {k: v for k, v in branches.items() if k in kept}, title="made by make.py")
                for chunk, label in zip(chunks, labels):
                    tree.extend({k: v for k, v in {**chunk, "label": label}.items() if k in kept})
    expected = {}
    joined = {k: ak.concatenate([c[k] for c in chunks]) for k in chunks[0]}
    for key, array in joined.items():
        if key == "jet":
            expected["njet"] = plain(ak.num(array))
            expected["jet_pt"] = plain(array.pt)
            expected["jet_id"] = plain(array.id)
        else:
            expected[key] = plain(array)
    expected["label"] = sum(labels, [])
    return expected


def ntuple_file():
    n = 30
    first, second = (
        {
            "number": np.arange(n, dtype=np.int32) - 30,
            "tiny": rng.integers(-100, 100, n).astype(np.int8),
            "big": rng.integers(0, 2**63, n, dtype=np.uint64),
            "real": rng.normal(0, 1, n).astype(np.float32),
            "double": rng.normal(0, 1e6, n),
            "flag": rng.integers(0, 2, n).astype(bool),
            "name": ["ab" * (i % 3) + "c" for i in range(n)],
            "hits": ak.unflatten(rng.integers(0, 999, 2 * n).astype(np.int64), [i % 5 for i in range(n)]),
            "nested": [[[i + j / 2 for j in range(k)] for k in range(i % 4)] for i in range(n)],
            "words": [["x" * k for k in range(i % 3)] for i in range(n)],
            "track": ak.zip({"pt": rng.exponential(5, n).astype(np.float32), "q": rng.integers(-1, 2, n)}),
            "tracks": ak.zip(
                {
                    "pt": ak.unflatten(np.arange(n, dtype=np.float64), [2, 0, 1] * (n // 3)),
                    "tag": ak.unflatten(ak.Array(["t" * (i % 4) for i in range(n)]), [2, 0, 1] * (n // 3)),
                }
            ),
            "matrix": ak.to_regular(ak.Array(np.arange(4 * n, dtype=np.uint16).reshape(n, 2, 2)), axis=None),
            "maybe": ak.Array([None if i % 3 == 0 else i * 1.5 for i in range(n)]),
        }
        for _ in range(2)
    )
    arrays = [ak.zip(c, depth_limit=1) for c in (first, second)]
    for name, codec in {"none": None, "zstd": uproot.ZSTD(1)}.items():
        with uproot.recreate(HERE / f"ntuple_{name}.root", compression=codec) as file:
            ntuple = file.mkrntuple("events", arrays[0])
            ntuple.extend(arrays[1])
    return {k: plain(ak.concatenate([a[k] for a in arrays])) for k in arrays[0].fields}


def main():
    (HERE / "tree.json").write_text(json.dumps(tree_files()) + "\n")
    (HERE / "ntuple.json").write_text(json.dumps(ntuple_file()) + "\n")


if __name__ == "__main__":
    main()
