"""The licences of what is linked into programs and libraries, for whoever gives them to others: the packages of other people that crates need when they run, with the texts that they have, each text once. C sources that a package brings (zstd, zlib, xz, HDF5) have theirs among them.

    python notices.py CRATE... [--features FEATURES] > LICENSE-THIRD-PARTY

What is built with `cargo build --features full` needs `catena --features full`; the wheel gets its own from catena_build.py.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_NAMES = re.compile(r"(licen[cs]e|copying|notice|copyright)([-._][^/]*)?(?<!\.rs)(?<!\.sh)(?<!\.c)(?<!\.h)", re.IGNORECASE)
_COPYLEFT = re.compile(r"\s*(The )?GNU (LESSER )?GENERAL PUBLIC LICENSE", re.IGNORECASE)
_UNCHOSEN = re.compile(rf"{_COPYLEFT.pattern}|\s*Apache License|Copyright[^\n]*\n\s*Apache License", re.IGNORECASE)
#: Folders with what is not linked.
_ASIDE = {"build-aux", "contrib", "doc", "docs", "examples", "programs", "target", "test", "tests", "zlib-ng"}


def _cargo(*arguments):
    command = [os.environ.get("CARGO", "cargo"), *arguments, "--locked", "--manifest-path", str(_ROOT / "Cargo.toml")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(crates, features=""):
    """The packages of other people that are linked into the crates."""
    tree = _cargo("tree", *(f"--package={crate}" for crate in crates), "--features", features, "-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
    names = {tuple(line.split()[:2]) for line in tree.splitlines()}
    packages = json.loads(_cargo("metadata", "--format-version", "1"))["packages"]
    others = [of for of in packages if of["source"] and (of["name"], f"v{of['version']}") in names]
    return sorted(others, key=lambda of: (of["name"], of["version"]))


def _texts(package):
    """Texts of licences below a package's folder. Of a package under one of several, those that we do not choose are left out."""
    chosen = _UNCHOSEN if "MIT" in (package["license"] or "") else _COPYLEFT
    folder = Path(package["manifest_path"]).parent
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if len(inside.parts) > 4 or _ASIDE & set(inside.parts[:-1]) or not _NAMES.fullmatch(path.name) or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if len(text) > 100 and not chosen.match(text):
            yield text


def notices(crates, features=""):
    """All of it, as one text."""
    named, texts, without = [], {}, []
    for package in linked(crates, features):
        name = f"{package['name']} {package['version']}"
        named.append(f"{name}: {package['license'] or package['license_file']}, {package['repository'] or package['homepage'] or ''}".rstrip(", "))
        found = False
        for text in _texts(package):
            found = True
            owners = texts.setdefault(" ".join(text.split()), (text, []))[1]
            if name not in owners:
                owners.append(name)
        if not found:
            without.append(f"{name}, by {', '.join(package['authors']) or 'its contributors'}")
    parts = ["Of other people, there is in this:\n\n" + "\n".join(named)]
    if without:
        parts.append("These come without a text; their licences are those named above (that of Apache-2.0 is in LICENSE-APACHE):\n\n" + "\n".join(without))
    for text, owners in sorted(texts.values(), key=lambda each: each[1]):
        parts.append(f"{', '.join(owners)}:\n\n{text}")
    return f"\n\n{'-' * 80}\n\n".join(parts) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Prints the licences of what is linked into crates.")
    parser.add_argument("crates", metavar="CRATE", nargs="+")
    parser.add_argument("--features", default="", help="as cargo takes them")
    asked = parser.parse_args()
    sys.stdout.write(notices(asked.crates, asked.features))
