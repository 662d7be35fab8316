"""Bytes of HDF5 files that `catena root convert -5` writes, against the ROOT files' own baskets. Writes bench/results/root.md.

    cargo build --release -p catena --features full
    python bench/root_convert.py [FILE.root ...]

Without files those of CATENA_CORPUS (../shared/corpus unless given). All bytes of the HDF5 file count; of the ROOT file only the baskets (or pages) of the branches.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATENA = ROOT / "target" / "release" / "catena"
FEW = 1000


def main():
    corpus = Path(os.environ.get("CATENA_CORPUS", ROOT / "../shared/corpus"))
    files = [Path(f) for f in sys.argv[1:]] or sorted(corpus.glob("*.root"))
    rows, many, few = [], [], [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            info = json.loads(subprocess.run([CATENA, "root", "info", "--json", path], capture_output=True, check=True, text=True).stdout)[0]
            trees = info["trees"]
            disk, raw = sum(t["disk_bytes"] for t in trees), sum(t["raw_bytes"] for t in trees)
            entries = max((t["entries"] for t in trees), default=0)
            out = Path(folder) / "x.h5"
            start = time.time()
            subprocess.run([CATENA, "root", "convert", "-q", "-f", "-5", path, out], check=True)
            size = out.stat().st_size
            ratio = size / disk if disk else None
            if ratio and entries >= FEW:
                many.append(ratio)
            elif ratio:
                few[0], few[1] = few[0] + size, few[1] + disk
            shown = f"{ratio:.3f}" if ratio else "no baskets of its own"
            rows.append(f"| {path.name} | {len(trees)} | {entries:,} | {sum(len(t['branches']) for t in trees):,} | {raw:,} | {disk:,} | {size:,} | {shown} |")
            print(rows[-1], f"{time.time() - start:.1f} s", flush=True)
    text = [
        "# ROOT files as HDF5, level 5",
        "",
        "`python bench/root_convert.py`: all bytes of the HDF5 file over those of the ROOT file's baskets of the same branches.",
        "",
        "| file | trees | entries (largest tree) | branches | raw | baskets | HDF5 file | ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
    ]
    if many:
        text.append(f"Geometric mean of the files with {FEW:,} entries or more: **{math.exp(sum(map(math.log, many)) / len(many)):.3f}**. ")
    if few[1]:
        text.append(f"The files with fewer, together: **{few[0] / few[1]:.3f}**.")
    (ROOT / "bench" / "results" / "root.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
