"""How fast catena-root and uproot read the same file, in CPU time of one core, file after file in the same run.

    cargo build --release -p catena-root --example throughput
    python bench/root_speed.py [--events N] [--folder FOLDER]

Writes files of N events (a float32, an int64, a float64, two jagged float32) with uproot, as TTree and RNTuple, in four
codecs. CPU time and not the clock, so that a busy machine gives the same figures; the start of Python is not counted.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

PROGRAM = Path(__file__).resolve().parent.parent / "target" / "release" / "examples" / "throughput"
CODECS = {"none": None, "zstd-5": uproot.ZSTD(5), "zlib-1": uproot.ZLIB(1), "lz4-4": uproot.LZ4(4)}
STEP = 50_000


def events(n):
    rng = np.random.default_rng(1)
    jets = rng.integers(0, 6, n)

    def column(values):
        return ak.unflatten(values.astype(np.float32), jets)

    return {
        "x": rng.normal(0, 1, n).round(2).astype(np.float32),
        "number": np.arange(n, dtype=np.int64) // 3,
        "time": rng.exponential(9, n).round(3),
        "jet": ak.zip(
            {
                "pt": column((rng.exponential(30, jets.sum()) * 8).round() / 8),
                "eta": column(rng.normal(0, 2, jets.sum()).round(3)),
            }
        ),
    }


def write(path, data, codec, ntuple):
    n = len(data["x"])
    with uproot.recreate(path, compression=codec) as file:
        if ntuple:
            out = file.mkrntuple("t", ak.zip({k: v[:0] for k, v in data.items()}, depth_limit=1))
        else:
            out = file.mktree("t", {"x": "f4", "number": "i8", "time": "f8", "jet": "var * {pt: float32, eta: float32}"})
        for start in range(0, n, STEP):
            out.extend({k: v[start : start + STEP] for k, v in data.items()})


def ours(path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run([PROGRAM, path], capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    megabytes = float(said.split("entries, ")[1].split(" MB")[0])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, megabytes


def theirs(path):
    start = time.process_time()
    with uproot.open(path) as file:
        tree = file["t"]
        for name in tree.keys(recursive=False):
            tree[name].array()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp())
    data = None
    print("| stored as | codec | MB of columns | catena-root s | MB/s | uproot s | MB/s |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for kind in ("TTree", "RNTuple"):
        for name, codec in CODECS.items():
            path = folder / f"{kind}_{name}.root"
            if not path.exists():
                data = data or events(args.events)
                write(path, data, codec, kind == "RNTuple")
            # The first reading brings the file into the page cache, and uproot's code into memory.
            theirs(path)
            mine, megabytes = min(ours(path) for _ in range(3))
            other = min(theirs(path) for _ in range(3))
            cells = [f"{megabytes:.1f}", f"{mine:.3f}", f"{megabytes / mine:.0f}", f"{other:.3f}", f"{megabytes / other:.0f}"]
            print(f"| {kind} | {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
