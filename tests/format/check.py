"""check.py CATENA [WORD]: streams of every level that docs/format.md describes in full, decoded by the decoder that was written from it. With a word, those
cases alone whose names have it. Golden files, whose raw bytes only their checksums tell, are decoded too: they have models of tables."""
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from time import time

from cases import cases
from decode import decode

LEVELS = (1, 2, 3, 4, 6)
# What is made for the adaptive stage, which begins at level 5.
ADAPTIVE = (5, 6)
GOLDEN = Path(__file__).resolve().parents[2] / "filter/tests/golden"


def main():
    catena, *words = sys.argv[1:]
    begun, stream_n, kinds = time(), 0, {}
    for name, raw, args in cases():
        if not all(word in name for word in words):
            continue
        for level in ADAPTIVE if name.startswith("adaptive") else LEVELS:
            command = [catena, f"-{level}", "-q", "-T1", "-c", *args]
            stream = subprocess.run(command, input=raw, capture_output=True)
            if stream.returncode:
                sys.exit(f"{name}, level {level}: {' '.join(command)}: {stream.stderr.decode()}")
            try:
                back = BytesIO()
                decode(stream.stdout, back, kinds)
            except Exception as error:
                raise SystemExit(f"{name}, level {level}: {type(error).__name__}: {error}") from error
            if back.getvalue() != raw:
                sys.exit(f"{name}, level {level}: other bytes came back")
            stream_n += 1
    models = [path.read_bytes() for path in GOLDEN.glob("*.catmodel")]
    for path in sorted(GOLDEN.glob("v2-level[1-6]-*.cat")):
        if all(word in path.name for word in words):
            decode(path.read_bytes(), BytesIO(), kinds, models)
            stream_n += 1
    print(f"{stream_n} streams in {time() - begun:.0f} s; frames by kind, plans by what they have:")
    for kind, n in sorted(kinds.items()):
        print(f"  {n:7} {' '.join(map(str, kind))}")


main()
