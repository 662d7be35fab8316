"""Archives of ROOT files against xz and zstd of the same files, in the same run; everything is unpacked and compared.

    cargo build --release -p catena-root --example archive
    python bench/root_archive.py [--level N ...] [--folder FOLDER] [--output FILE]

FOLDER has the .root files (default: CATENA_CORPUS, or ../shared/corpus). Times are CPU
seconds, so that a busy machine gives the same figures. The first level asked for is compared with the others.
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "examples" / "archive"


def ours(file, level):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run([PROGRAM, f"-{level}", file], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(said), cpu


def same(a, b):
    return a.read_bytes() == b.read_bytes()


def peer(file, folder, command, suffix):
    coded, back = folder / f"x{suffix}", folder / "x.back"
    with open(coded, "wb") as out:
        subprocess.run([*command, "-c", file], check=True, stdout=out)
    with open(back, "wb") as out:
        subprocess.run([command[0], "-dc", coded], check=True, stdout=out)
    if not same(file, back):
        raise SystemExit(f"{command[0]} of {file.name} came back with other bytes")
    return coded.stat().st_size


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def table(files, folder, level, peers):
    rows, ratios = [], {"catena": [], "xz": [], "zstd": []}
    settings = []
    for file in files:
        size = file.stat().st_size
        info, cpu = ours(file, level)
        packed, modelled = info["archive"], info["modelled"] / size
        row = [file.name, f"{size:,}", f"{packed:,}", f"**{packed / size:.4f}**", f"{modelled:.1%}", f"{cpu:.1f}"]
        ratios["catena"].append(packed / size)
        if peers:
            xz = peer(file, folder, ["xz", "-9e"], ".xz")
            zstd = peer(file, folder, ["zstd", "-19", "-q"], ".zst")
            ratios["xz"].append(xz / size)
            ratios["zstd"].append(zstd / size)
            row += [f"{xz / size:.4f}", f"{zstd / size:.4f}"]
        rows.append(row)
        found = ", ".join(f"{name} {n / size:.1%}" for name, n in sorted(info["settings"], key=lambda it: -it[1]))
        settings.append([file.name, *map(str, info["objects"]), f"{info['kept'] / size:.1%}", found])
        print(" ".join(row), flush=True)
    last = ["**geometric mean**", "", "", f"**{mean(ratios['catena']):.4f}**", "", ""]
    if peers:
        last += [f"{mean(ratios['xz']):.4f}", f"{mean(ratios['zstd']):.4f}"]
    rows.append(last)
    return rows, settings


def markdown(head, rows):
    align = ["---" if at == 0 else "--:" for at in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, align, *rows]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", type=int, nargs="*", default=[5])
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("CATENA_CORPUS", ROOT / ".." / "shared" / "corpus")))
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "root_archive.md")
    args = parser.parse_args()
    files = sorted(args.folder.glob("*.root"))
    if not files:
        raise SystemExit(f"no .root files in {args.folder}")
    head = ["file", "bytes", "archive", "ratio", "modelled", "CPU s"]
    text = "# Archives of ROOT files\n\n"
    text += f"`bench/root_archive.py`, {platform.system()} {platform.machine()}, {os.cpu_count()} cores. "
    text += "Bytes of the archive over bytes of the file; every archive was unpacked and compared. CPU seconds are of packing (with the restoring of each segment that it includes) and unpacking together.\n"
    with tempfile.TemporaryDirectory() as folder:
        for at, level in enumerate(args.level):
            rows, settings = table(files, Path(folder), level, peers=at == 0)
            text += f"\n## Level {level}\n\n"
            text += markdown(head + (["xz -9e", "zstd -19"] if at == 0 else []), rows)
            if at == 0:
                text += "\nWhat the files are made of, and which codec and level gives the same bytes, as shares of the file:\n\n"
                text += markdown(["file", "baskets in columns", "baskets as bytes", "other objects", "kept objects", "kept bytes", "settings"], settings)
            args.output.write_text(text)


if __name__ == "__main__":
    main()
