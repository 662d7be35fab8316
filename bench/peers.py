"""The peers that are reached through Python wheels, measured one job at a time.

`peers.py versions` prints the codecs that can be imported. `peers.py measure` reads a job as JSON from standard input,
runs it and prints what it found: the same protocol as `catena-bench measure` (bench/src/job.rs).
"""

import json
import lzma
import os
import struct
import sys
import time

import numpy as np


# ---- memory and time ---------------------------------------------------------------------------------------------

def memory(key):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no " + key)


def timed(repeat, work):
    """The fastest of the runs by CPU time, and the peak memory of the first."""
    rest = memory("VmRSS")
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass
    best, peak = None, 0
    for run in range(max(repeat, 1)):
        wall, cpu = time.perf_counter(), time.process_time()
        out = work()
        found = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        if run == 0:
            peak = max(memory("VmHWM") - rest, 0)
        if best is None or found["cpu"] < best[1]["cpu"]:
            best = (out, found)
    return best[0], dict(best[1], memory=peak)


# ---- arrangements ------------------------------------------------------------------------------------------------

def word(shape):
    widths = [1 if e["kind"] == "S" else e["width"] for e in shape["elements"]]
    return int(np.gcd.reduce(widths))


def body(shape, raw_len):
    first = min(shape["header"], raw_len)
    return first, first + (raw_len - first) // shape["record"] * shape["record"]


def places(shape, transform, raw_len):
    """(element, first record, records) of every column, as bench/src/codec/columns.rs cuts them."""
    first, last = body(shape, raw_len)
    n = (last - first) // shape["record"]
    rows = n
    if shape["columns"] and transform == "column":
        rows = int(np.prod(shape["shape"][1:]))
    return [(e, skip, min(rows, n - skip)) for skip in range(0, n, max(rows, 1)) for e in shape["elements"]]


def take(records, place):
    """A column's values as their own type in the machine's byte order."""
    e, skip, n = place
    column = np.ascontiguousarray(records[skip:skip + n, e["offset"]:e["offset"] + e["width"]])
    kind = e["kind"] if e["width"] in (1, 2, 4, 8) and not (e["kind"] == "f" and e["width"] == 1) else "S"
    if kind == "S":
        return column
    values = column.view((">" if e["big"] else "<") + kind + str(e["width"])).reshape(n)
    return values.astype(values.dtype.newbyteorder("="))


def split(shape, transform, raw):
    first, last = body(shape, len(raw))
    records = np.frombuffer(raw[first:last], "u1").reshape(-1, shape["record"])
    columns = [take(records, p) for p in places(shape, transform, len(raw))]
    return columns, raw[:first] + raw[last:]


def join(shape, transform, columns, rest, raw_len):
    first, last = body(shape, raw_len)
    records = np.empty(((last - first) // shape["record"], shape["record"]), "u1")
    for (e, skip, n), values in zip(places(shape, transform, raw_len), columns):
        stored = values
        if values.dtype != np.uint8 and e["big"]:
            stored = values.astype(values.dtype.newbyteorder(">"))
        stored = np.ascontiguousarray(stored).view("u1").reshape(n, e["width"])
        records[skip:skip + n, e["offset"]:e["offset"] + e["width"]] = stored
    return rest[:first] + records.tobytes() + rest[first:]


def transpose(raw, size):
    n = len(raw) // size
    return np.frombuffer(raw[:n * size], "u1").reshape(n, size).T.tobytes() + raw[n * size:]


def restore(raw, size):
    n = len(raw) // size
    return np.frombuffer(raw[:n * size], "u1").reshape(size, n).T.tobytes() + raw[n * size:]


def pack(rest):
    return lzma.compress(rest, preset=9 | lzma.PRESET_EXTREME) if rest else b""


def unpack(coded):
    return lzma.decompress(coded) if coded else b""


def parts(blobs):
    return b"".join(struct.pack("<I", len(b)) + b for b in blobs)


def unparts(coded):
    out, at = [], 0
    while at < len(coded):
        (n,) = struct.unpack_from("<I", coded, at)
        out.append(coded[at + 4:at + 4 + n])
        at += 4 + n
    return out


# ---- codecs: each a pair of functions on (job, bytes) --------------------------------------------------------------

def bzip3_codec():
    import bz3

    def block(raw):
        return min(max(len(raw), 65 << 10), 64 << 20)

    def step(job):
        return {"record": job["shape"]["record"], "word": word(job["shape"])}.get(job["transform"])

    def encode(job, raw):
        size = step(job)
        raw = transpose(raw, size) if size else raw
        return bz3.compress(raw, block(raw), 1)

    def decode(job, coded, raw_len):
        size = step(job)
        raw = bz3.decompress(coded, 1)
        return restore(raw, size) if size else raw

    return {"bzip3-64": (bz3.libversion(), encode, decode)}


def blosc2_codec():
    import blosc2

    def encode(job, raw):
        size = job["shape"]["record"] if job["transform"] == "record" else word(job["shape"])
        size = job["shape"]["record"] if size == 1 else size
        size = 1 if size > 255 else size
        bits = job["transform"] == "bits"
        return blosc2.compress2(
            raw, codec=blosc2.Codec.ZSTD, clevel=9, typesize=size, nthreads=1, splitmode=blosc2.SplitMode.AUTO_SPLIT,
            filters=[blosc2.Filter.BITSHUFFLE if bits else blosc2.Filter.SHUFFLE])

    def decode(job, coded, raw_len):
        return blosc2.decompress2(coded, nthreads=1)

    return {"blosc2-zstd-9": (blosc2.__version__, encode, decode)}


def grid_shape(job, values):
    """The whole slices of the grid that `values` hold, and how many values that is."""
    shape = list(job["shape"]["shape"])
    if len(job["shape"]["elements"]) > 1:
        shape = [len(values) // len(job["shape"]["elements"]), len(job["shape"]["elements"])]
    inner = int(np.prod(shape[1:]))
    slices = min(len(values) // inner, shape[0])
    return [slices] + shape[1:], slices * inner


def floats_codec(encode_floats, decode_floats):
    """Float columns or grids through the codec, what is no float through xz."""

    def as_grid(job, raw):
        e = job["shape"]["elements"][0]
        first, last = body(job["shape"], len(raw))
        values = np.frombuffer(raw[first:last], (">" if e["big"] else "<") + "f" + str(e["width"]))
        return values.astype(values.dtype.newbyteorder("=")), raw[:first] + raw[last:], first

    def encode(job, raw):
        if job["transform"] == "grid":
            values, rest, _ = as_grid(job, raw)
            shape, n = grid_shape(job, values)
            blobs = [encode_floats(values[:n].reshape(shape))] if n else [b""]
            blobs.append(encode_floats(values[n:]) if n < len(values) else b"")
            return parts(blobs + [pack(rest)])
        columns, rest = split(job["shape"], job["transform"], raw)
        blobs = [encode_floats(c) if c.dtype in (np.float32, np.float64) else pack(c.tobytes())
                 for c in columns]
        return parts(blobs + [pack(rest)])

    def decode(job, coded, raw_len):
        blobs = unparts(coded)
        rest = unpack(blobs.pop())
        if job["transform"] == "grid":
            e = job["shape"]["elements"][0]
            values = np.concatenate([decode_floats(b).reshape(-1) for b in blobs if b])
            stored = values.astype((">" if e["big"] else "<") + "f" + str(e["width"])).tobytes()
            first, _ = body(job["shape"], raw_len)
            return rest[:first] + stored + rest[first:]
        columns = []
        for (e, _, n), blob in zip(places(job["shape"], job["transform"], raw_len), blobs):
            if e["kind"] == "f" and e["width"] in (4, 8):
                columns.append(decode_floats(blob).reshape(-1))
            else:
                width = e["width"] if e["kind"] != "S" else 1
                kind = e["kind"] if width in (1, 2, 4, 8) and e["kind"] != "S" else "u"
                columns.append(np.frombuffer(unpack(blob), "<" + kind + str(width)))
        return join(job["shape"], job["transform"], columns, rest, raw_len)

    return encode, decode


def fpzip_codec():
    import fpzip
    from importlib.metadata import version
    encode, decode = floats_codec(lambda a: fpzip.compress(a, precision=0, order="C"),
                                  lambda b: fpzip.decompress(b, order="C"))
    return {"fpzip": (version("fpzip"), encode, decode)}


def zfp_codec():
    import zfpy
    encode, decode = floats_codec(zfpy.compress_numpy, zfpy.decompress_numpy)
    return {"zfp-rev": (zfpy.__version__ if hasattr(zfpy, "__version__") else "1.0.1", encode, decode)}


def openzl_codec():
    from openzl import ext as zl
    from importlib.metadata import version

    def compressor(kind, width):
        """The best of these graphs, by trial on each column."""
        c = zl.Compressor()
        g, n = zl.graphs, zl.nodes
        lz = g.FieldLz(compression_level=9)(c)
        bytes_lz = g.Zstd(compression_level=19)(c)
        graphs = [
            lz, g.Compress()(c), g.Store()(c), n.DeltaInt()(c, lz), n.RangePack()(c, lz), n.Zigzag()(c, lz),
            n.DeltaInt()(c, n.Zigzag()(c, lz)), n.ConvertNumToSerialLE()(c, bytes_lz),
            n.TokenizeNumeric(sort=True)(c, alphabet=n.DeltaInt()(c, lz), indices=lz),
        ]
        if width > 1:
            best = g.BruteForce([bytes_lz, g.Entropy()(c), g.Store()(c)])(c)
            planes = n.ConvertNumToStructLE()(c, n.TransposeSplit()(c, best))
            graphs += [planes, n.DeltaInt()(c, planes), n.DeltaInt()(c, n.Zigzag()(c, planes)),
                       n.TokenizeNumeric(sort=True)(c, alphabet=n.DeltaInt()(c, planes), indices=planes)]
        if kind == "f" and width == 4:
            planes = n.TransposeSplit()(c, best)
            graphs.append(n.Float32Deconstruct()(c, sign_frac=planes, exponent=best))
        c.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
        c.select_starting_graph(g.BruteForce(graphs)(c))
        return c

    def one(values):
        width = values.dtype.itemsize
        ctx = zl.CCtx()
        ctx.ref_compressor(compressor(values.dtype.kind, width))
        return ctx.compress([zl.Input(zl.Type.Numeric, values.reshape(-1).view("u" + str(width)))])

    def encode(job, raw):
        columns, rest = split(job["shape"], job["transform"], raw)
        return parts([one(c) for c in columns] + [pack(rest)])

    def decode(job, coded, raw_len):
        blobs = unparts(coded)
        rest = unpack(blobs.pop())
        columns = [zl.DCtx().decompress(b)[0].content.as_bytes() for b in blobs]
        types = places(job["shape"], job["transform"], raw_len)
        columns = [np.frombuffer(c, "u" + str(1 if e["kind"] == "S" else e["width"]))
                   for c, (e, _, _) in zip(columns, types)]
        return join(job["shape"], job["transform"], columns, rest, raw_len)

    return {"openzl-bf": (version("openzl"), encode, decode)}


def codecs():
    found = {}
    for load in (bzip3_codec, blosc2_codec, fpzip_codec, zfp_codec, openzl_codec):
        try:
            found.update(load())
        except ImportError as e:
            print("skipped: %s" % e, file=sys.stderr)
    return found


# ---- the protocol --------------------------------------------------------------------------------------------------

def measure(job):
    _, encode, decode = codecs()[job["codec"]]
    with open(job["file"], "rb") as file:
        raw = file.read(job["head"] if job["head"] is not None else -1)
    if job["direction"] == "encode":
        coded, found = timed(job["repeat"], lambda: encode(job, raw))
        with open(job["blob"], "wb") as blob:
            blob.write(coded)
    else:
        with open(job["blob"], "rb") as blob:
            coded = blob.read()
        out, found = timed(job["repeat"], lambda: decode(job, coded, len(raw)))
        if out != raw:
            raise SystemExit("%s did not give %s back" % (job["codec"], os.path.basename(job["file"])))
    return dict(found, bytes=len(coded))


if __name__ == "__main__":
    if sys.argv[1] == "versions":
        print(json.dumps({name: str(codec[0]) for name, codec in codecs().items()}))
    else:
        print(json.dumps(measure(json.load(sys.stdin))))
