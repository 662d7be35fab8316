"""Archives of tensors: the corpus's weights without loss beside the best peer, and with a loss beside NumPy's savez_compressed.

    cargo build --release -p catena-tensor --example tensor
    python bench/tensor.py [--levels 2 3 5 6] [--runs 10] [--bound 0.01] [--output bench/results/tensor.md]

The corpus is CATENA_CORPUS (../shared/corpus unless given), the peers' sizes CATENA_PEERS (../shared/design/peers.csv). NumPy is installed into target/tensor-python if it is not
there. Every archive is unpacked: without loss the bytes are compared, with one every value is held to the bound here, by NumPy. Times are CPU seconds of one thread: NumPy's of this process,
Catena's of the packing alone, as its own process has them.
"""

import argparse
import csv
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release" / "examples" / "tensor"
CORPUS = Path(os.environ.get("CATENA_CORPUS", ROOT / "../shared/corpus"))
PEERS = Path(os.environ.get("CATENA_PEERS", ROOT / "../shared/design/peers.csv"))

try:
    import numpy as np
except ImportError:
    venv = TARGET / "tensor-python"
    if Path(sys.prefix) == venv:
        raise
    if not (venv / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "numpy"], check=True)
    os.execv(venv / "bin" / "python", [venv / "bin" / "python", *sys.argv])


def safetensors(tensors):
    header, at = {}, 0
    for name, it in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(it.shape), "data_offsets": [at, at + it.nbytes]}
        at += it.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(it.tobytes() for it in tensors.values())


def read_safetensors(data):
    n = int.from_bytes(data[:8], "little")
    header, data = json.loads(data[8 : 8 + n]), data[8 + n :]
    header.pop("__metadata__", None)
    place = lambda it: data[it["data_offsets"][0] : it["data_offsets"][1]]
    return {name: np.frombuffer(place(it), "<f4").reshape(it["shape"]) for name, it in header.items()}


def ours(data, level, bound, folder):
    file, archive, back = (folder / name for name in ("file", "archive", "back"))
    file.write_bytes(data)
    command = [PROGRAM, str(level), file, archive, back] + ([str(bound)] if bound else [])
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return archive.stat().st_size, said, back.read_bytes()


def lossless(levels, folder):
    wrap = lambda name: npy(np.fromfile(CORPUS / name, "<f4"))
    files = {
        "nn_silero_vad_16k.safetensors": (CORPUS / "nn_silero_vad_16k.safetensors").read_bytes(),
        "nn_resemblyzer_weights.f32": wrap("nn_resemblyzer_weights.f32"),
        "nn_resemblyzer_adam_state.f32": wrap("nn_resemblyzer_adam_state.f32"),
    }
    peers = {}
    if PEERS.exists():
        for _, name, _, codec, size, *_ in (row for row in csv.reader(PEERS.open()) if len(row) > 5 and row[1] in files):
            peers[name] = min(peers.get(name, (10**12, "")), (int(size), codec))
    yield "| file | bytes | best peer | its bytes | " + " | ".join(f"level {level}" for level in levels) + " | smallest over peer |"
    yield "|---|--:|---|--:|" + "--:|" * (len(levels) + 1)
    for name, data in files.items():
        sizes, seconds = [], []
        for level in levels:
            size, said, back = ours(data, level, None, folder)
            if back != data:
                raise SystemExit(f"{name} came back with other bytes")
            sizes.append(size)
            seconds.append(said["seconds"])
        size, codec = peers.get(name, (0, "not there"))
        over = f"{min(sizes) / size:.4f}" if size else "-"
        shown = [f"{n:,} ({s[0]:.1f} s)" for n, s in zip(sizes, seconds)]
        yield f"| {name} | {len(data):,} | {codec} | {size:,} | " + " | ".join(shown) + f" | {over} |"


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def gradients(seed):
    """Tensors as a training step leaves them: normal or Laplace, a scale for each channel, 20 to 40 % of the values zero, as after ReLU: NumPy's ratio is then about the source's."""
    random = np.random.default_rng(seed)
    shapes = [(256, 256), (512, 128), (64, 64, 3, 3), (1024, 64), (128, 256), (32, 3, 7, 7), (256,), (1000, 128)]
    out = {}
    for number, shape in enumerate(shapes):
        draw = random.normal if number % 2 == 0 else random.laplace
        values = draw(0.0, 1e-3, shape)
        scales = np.exp(random.normal(0.0, 0.5, shape[0])).reshape((-1,) + (1,) * (len(shape) - 1))
        kept = random.random(shape) >= random.uniform(0.2, 0.4)
        out[f"layer{number}"] = (values * scales * kept).astype("<f4")
    return out


def numpy_baseline(tensors):
    out = io.BytesIO()
    start = time.process_time()
    np.savez_compressed(out, **tensors)
    return out.tell(), time.process_time() - start


def caq(raw, coded, seconds):
    return raw / coded / (seconds + 1)


def check(was, now, bound):
    """The largest and the mean error, in parts of the channel's largest magnitude, and the signal-to-noise ratio in decibels."""
    worst, total, n, signal, noise = 0.0, 0.0, 0, 0.0, 0.0
    for name, a in was.items():
        a, b = a.astype("f8"), now[name].astype("f8")
        rows = a.reshape(a.shape[0], -1) if a.ndim > 1 and a[0].size >= 64 else a.reshape(1, -1)
        largest = np.abs(rows).max(axis=1, keepdims=True)
        error = np.abs(rows - b.reshape(rows.shape)) / np.where(largest > 0, largest, 1)
        worst, total, n = max(worst, error.max()), total + error.sum(), n + error.size
        signal, noise = signal + (a**2).sum(), noise + ((a - b) ** 2).sum()
    if worst > bound * (1 + 1e-12):
        raise SystemExit(f"an error of {worst}, where {bound} was the most")
    return worst, total / n, 10 * np.log10(signal / noise)


def one(tensors, level, bound, folder):
    raw = sum(it.nbytes for it in tensors.values())
    base_size, base_seconds = numpy_baseline(tensors)
    size, said, back = ours(safetensors(tensors), level, bound, folder)
    worst, mean, decibels = check(tensors, read_safetensors(back), bound) if bound else (0, 0, float("inf"))
    losses = [(it["loss"], it["bytes"]) for it in said["info"]["tensors"] if it["loss"]]
    share = lambda key: sum(loss[key] * n for loss, n in losses) / max(1, sum(n for _, n in losses))
    base, own = caq(raw, base_size, base_seconds), caq(raw, size, said["seconds"][0])
    return {
        "numpy": raw / base_size,
        "ratio": raw / size,
        "seconds": said["seconds"][0],
        "caq": own,
        "numpy caq": base,
        "gain": own / base - 1,
        "worst": worst,
        "mean": mean,
        "decibels": decibels,
        "pruned": share("pruned"),
        "zeroed": share("zeroed"),
        "bits": share("bits"),
    }


def spread(rows, key, form):
    values = [row[key] for row in rows]
    if not np.isfinite(values).all():
        return "-"
    many = f" ± {form.format(statistics.stdev(values))}" if len(values) > 1 else ""
    return form.format(statistics.mean(values)) + many


HEAD = "| data | level | bound | NumPy ratio | ratio | seconds | NumPy CAQ | CAQ | CAQ gain | largest error | mean error | SNR dB | pruned | became zero | bits |"


def row(name, level, bound, rows):
    cells = [
        name,
        str(level),
        str(bound or "no loss"),
        spread(rows, "numpy", "{:.3f}"),
        spread(rows, "ratio", "{:.3f}"),
        spread(rows, "seconds", "{:.3f}"),
        spread(rows, "numpy caq", "{:.3f}"),
        spread(rows, "caq", "{:.3f}"),
        spread(rows, "gain", "{:+.1%}"),
        f"{max(it['worst'] for it in rows):.2e}",
        spread(rows, "mean", "{:.1e}"),
        spread(rows, "decibels", "{:.1f}"),
        spread(rows, "pruned", "{:.1%}"),
        spread(rows, "zeroed", "{:.1%}"),
        spread(rows, "bits", "{:.1f}"),
    ]
    return "| " + " | ".join(cells) + " |"


def lossy(levels, bounds, runs, folder):
    yield HEAD
    yield "|---|" + "--:|" * (HEAD.count("|") - 2)
    seeds = [gradients(seed) for seed in range(runs)]
    raw = sum(it.nbytes for it in seeds[0].values())
    for level in levels:
        for bound in bounds:
            rows = [one(tensors, level, bound, folder) for tensors in seeds]
            yield row(f"gradients, {runs} runs of {raw:,} bytes", level, bound, rows)
    if not CORPUS.is_dir():
        return
    weights = np.fromfile(CORPUS / "nn_resemblyzer_weights.f32", "<f4")
    files = {
        "silero": read_safetensors((CORPUS / "nn_silero_vad_16k.safetensors").read_bytes()),
        # Two numbers, then an LSTM of 40 inputs and 256 cells; what follows its first two matrices in rows of 256.
        "resemblyzer": {"start": weights[:2], "ih": weights[2:40962].reshape(1024, 40), "rest": weights[40962 : 40962 + 1382656 // 256 * 256].reshape(-1, 256)},
    }
    for name, tensors in files.items():
        for level in levels:
            for bound in bounds:
                yield row(name, level, bound, [one(tensors, level, bound, folder)])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--levels", type=int, nargs="*", default=[2, 3, 5, 6])
    options.add_argument("--lossy-levels", type=int, nargs="+", default=[1, 2, 5])
    options.add_argument("--bounds", type=float, nargs="+", default=[0, 0.01, 0.001])
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--output", type=Path)
    asked = options.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in report(asked, Path(folder)):
            print(line, flush=True)
            lines.append(line)
    if asked.output:
        asked.output.write_text("\n".join(lines))


def report(asked, folder):
    yield from ["# Tensors", "", f"One thread of {machine()}; NumPy {np.__version__}. Made by `bench/tensor.py`.", ""]
    if CORPUS.is_dir() and asked.levels:
        yield from ["## Without loss", ""]
        yield from lossless(asked.levels, folder)
        yield ""
    yield from ["## With a loss", ""]
    yield from lossy(asked.lossy_levels, asked.bounds, asked.runs, folder)
    yield ""


def machine():
    try:
        names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.machine()


if __name__ == "__main__":
    main()
