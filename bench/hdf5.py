"""HDF5 files with the Catena filter and with the best of the other filters: the same chunks, the same run, everything decoded and compared.

    hdf5.py --plugin FOLDER [--level 5] [--out bench/results/hdf5.md] FILE ...

Each chunked dataset of numbers is written again with every filter (h5py, hdf5plugin's wheels), read back and compared with the source, byte by byte.
What counts is a file's stored bytes: the chunks of all its datasets. FOLDER is where libh5catena.so lies.
"""

import argparse
import os
import sys
import tempfile
import time

import h5py
import hdf5plugin
import numpy as np

CATENA = 51838


def filters(level):
    bitshuffled = hdf5plugin.Blosc2(cname="zstd", clevel=9, filters=hdf5plugin.Blosc2.BITSHUFFLE)
    return {
        "gzip-9 + shuffle": dict(compression="gzip", compression_opts=9, shuffle=True),
        "zstd-22 + shuffle": dict(shuffle=True, **hdf5plugin.Zstd(clevel=22)),
        "blosc2-zstd-9-bitshuffle": dict(**bitshuffled),
        f"catena-{level}": dict(compression=CATENA, compression_opts=(level,)),
    }


def chunked(path):
    """Name, data and chunks of every chunked dataset that holds something of fixed size."""
    found = []

    def visit(name, item):
        plain = isinstance(item, h5py.Dataset) and item.chunks and item.size
        if plain and not item.dtype.hasobject:
            found.append((name, item[()], item.chunks))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def measure(data, chunks, how, path):
    """Stored bytes, CPU seconds to write and to read, of all threads; the data must come back."""
    start = time.process_time()
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=data, chunks=chunks, **how)
    written = time.process_time()
    with h5py.File(path) as file:
        dataset = file["data"]
        stored, back = dataset.id.get_storage_size(), dataset[()]
        masks = {dataset.id.get_chunk_info(i).filter_mask for i in range(dataset.id.get_num_chunks())}
    done = time.process_time()
    if back.tobytes() != data.tobytes() or back.dtype != data.dtype:
        raise SystemExit(f"hdf5.py: {how}: the data did not come back")
    if masks != {0}:
        raise SystemExit(f"hdf5.py: {how}: chunks were stored without the filter")
    return stored, written - start, done - written


def of_file(path, level, verbose):
    datasets = chunked(path)
    totals = {name: [0, 0.0, 0.0] for name in filters(level)}
    with tempfile.TemporaryDirectory() as folder:
        for name, data, chunks in datasets:
            row = []
            for codec, how in filters(level).items():
                found = measure(data, chunks, how, os.path.join(folder, "x.h5"))
                totals[codec] = [a + b for a, b in zip(totals[codec], found)]
                row.append(found[0])
            if verbose:
                print(f"{name} {data.dtype.str if not data.dtype.names else 'compound'} {chunks}", data.nbytes, *row,
                      f"{row[-1] / min(row[:-1]):.4f}", flush=True)
    return sum(data.nbytes for _, data, _ in datasets), len(datasets), totals


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--out")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    h5py.h5pl.prepend(os.path.abspath(args.plugin).encode())
    lines = [
        "| file | raw | filter | stored | of the best other | write, MB per CPU second | read |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for path in args.files:
        raw, n, totals = of_file(path, args.level, args.v)
        if not n:
            continue
        best = min(stored for name, (stored, _, _) in totals.items() if not name.startswith("catena"))
        for name, (stored, write, read) in totals.items():
            lines.append(
                f"| {os.path.basename(path)} | {raw} | {name} | {stored} | {stored / best:.4f} |"
                f" {raw / write / 1e6:.2f} | {raw / read / 1e6:.2f} |"
            )
            print(lines[-1], flush=True)
    if args.out:
        with open(args.out, "w") as out:
            versions = f"h5py {h5py.__version__}, hdf5plugin {hdf5plugin.version}, NumPy {np.__version__}, {os.cpu_count()} cores"
            out.write("Written by `bench/hdf5.py`: the same chunks through every filter, all of it read back and compared.\n")
            out.write(f"{versions}. Speeds count the CPU time of all threads.\n\n")
            out.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
