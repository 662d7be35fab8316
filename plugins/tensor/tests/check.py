"""Files that NumPy and safetensors wrote, through `catena tensor`: python check.py CATENA"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

CATENA = sys.argv[1]
random = np.random.default_rng(1)
weights = random.normal(0, 0.1, (32, 80)).astype("f4")


def tensor(*arguments):
    return subprocess.run([CATENA, "tensor", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def round_trip(folder, file):
    archive, back = folder / "x.ctensor", folder / f"back{file.suffix}"
    tensor("pack", "-f", "-2", file, archive)
    tensor("unpack", "-f", archive, back)
    if file.read_bytes() != back.read_bytes():
        raise SystemExit(f"{file.name} came back with other bytes")
    return json.loads(tensor("info", "--json", archive))[0]


def write(folder):
    arrays = {
        "f4": weights,
        "f2": weights.astype("f2"),
        "big": weights.astype(">f8"),
        "fortran": np.asfortranarray(weights),
        "complex": weights.astype("c8"),
        "ints": random.integers(-5, 900, (10, 12, 5)).astype("<i8"),
        "bool": weights > 0,
        "text": np.array(["one", "two", "three"]),
        "dates": np.arange("2020-01", "2026-01", dtype="datetime64[D]"),
        "record": np.zeros(50, dtype=[("x", "<f4"), ("n", ">i2", (3,)), ("inner", [("a", "u1"), ("b", "<f8")])]),
        "scalar": np.float64(3.5),
        "empty": np.zeros((0, 7)),
        "longdouble": np.arange(9, dtype=np.longdouble),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    save_file({"w": weights, "h": weights.astype("f2"), "i": arrays["ints"]}, folder / "a.safetensors", metadata={"format": "np"})
    return arrays


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        arrays = write(folder)
        for file in sorted(folder.glob("*.np[yz]")) + [folder / "a.safetensors"]:
            info = round_trip(folder, file)
            if file.suffix == ".npz" and (info["notes"] or len(info["tensors"]) != len(arrays)):
                raise SystemExit(f"{file.name}: {info}")
        for suffix in ("safetensors", "npy"):
            file = folder / ("a.safetensors" if suffix == "safetensors" else "big.npy")
            tensor("pack", "-f", "--lossy", "--max-rel-error", "0.01", file, folder / "x.ctensor")
            tensor("unpack", "-f", "-q", folder / "x.ctensor", folder / f"lossy.{suffix}")
        lossy = load_file(folder / "lossy.safetensors")
        if not np.array_equal(lossy["i"], arrays["ints"]):
            raise SystemExit("integers were touched")
        for now in (lossy["w"], lossy["h"], np.load(folder / "lossy.npy")):
            error = np.abs(now.astype("f8") - weights).max(axis=1) / np.abs(weights).max(axis=1)
            # Of binary16 the rounding of the test's own values is added.
            if not 0 < error.max() <= 0.0106:
                raise SystemExit(f"an error of {error.max()}")
    print("catena tensor: NumPy and safetensors read what came back")


main()
