"""What the check compresses: (name, raw bytes, arguments of catena). Small, and of every sort that a plan tells apart."""
import tomllib
from pathlib import Path

import numpy as np

np.seterr(all="ignore")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def records(**columns):
    """Raw bytes and dtype string of columns side by side."""
    dtype = np.dtype([(name, column.dtype) for name, column in columns.items()])
    table = np.empty(len(next(iter(columns.values()))), dtype)
    for name, column in columns.items():
        table[name] = column
    letter = lambda d: (d.newbyteorder("<").str[:1] if d.byteorder in "=<|" else ">") if d.itemsize > 1 else ""
    return table.tobytes(), ",".join(f"{name}:{letter(c.dtype)}{c.dtype.kind}{c.dtype.itemsize}" for name, c in columns.items())


def table(**columns):
    """Columns of `<f8`, and the arguments that say so."""
    raw, dtype = records(**{name: column.astype("f8") for name, column in columns.items()})
    return raw, ["--dtype", dtype]


def samples():
    for sample in tomllib.loads((SAMPLES / "layouts.toml").read_text())["sample"]:
        raw, dtype = (SAMPLES / sample["file"]).read_bytes(), sample["dtype"]
        name = sample["file"].removesuffix(".bin")
        yield name, raw, ["--dtype", dtype]
        # A search takes as long as all the rest.
        raw = raw[: sample["record"] * 900]
        yield name + ", short frames", raw, ["--dtype", dtype, "--frame-size", "16K"]
        yield name + ", chains and keys", raw, ["--dtype", dtype, "--frame-size", "9000", "--chains", "2", "--key-every", "3"]
        yield name + ", no index, a tail", raw[:-11], ["--dtype", dtype, "--frame-size", "30001", "--no-index"]


def odd_floats(rng):
    for width in (2, 4, 8):
        bits = rng.integers(0, 2 ** (8 * width), 3000, dtype=np.uint64).astype(f"<u{width}")
        x = rng.normal(100, 10, 6000).astype(f"<f{width}")
        x[::7] = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40][width % 6]
        x[3::11] = -0.0
        x[5::97] = np.array([np.inf, -np.inf, np.nan, 0.0] * 16, x.dtype)[: len(x[5::97])]
        x[7::53] = bits.view(x.dtype)[: len(x[7::53])]
        small = (x * x.dtype.type(6e-8 if width == 2 else 1e-41 if width == 4 else 1e-310)).astype(x.dtype)
        y, z = np.sqrt(np.abs(x)), -x
        for order in "<>":
            columns = {name: c.astype(c.dtype.newbyteorder(order)) for name, c in dict(x=x, small=small, y=y, z=z).items()}
            raw, dtype = records(**columns)
            yield f"odd f{width} {order}", raw, ["--dtype", dtype]
        yield f"odd f{width} alone", x.tobytes(), ["--dtype", f"<f{width}"]
        yield f"random bits f{width}", bits.tobytes(), ["--dtype", f"<f{width}"]


def integers(rng):
    for kind in "iu":
        for width in (1, 2, 4, 8):
            scale = 2 ** (8 * width - 2)
            walk = np.cumsum(rng.integers(-9, 10, 5000)).astype(f"{kind}{width}")
            wide = (rng.normal(0, scale / 5, 5000) + (scale if kind == "u" else 0)).astype(np.int64).astype(f"{kind}{width}")
            few = rng.choice([0, 1, 2, 3, 100], 5000).astype(f"{kind}{width}")
            shifted = (rng.integers(0, 2 ** min(8 * width - 4, 24), 5000) * 8).astype(f"{kind}{width}")
            constant = np.full(5000, 7, f"{kind}{width}")
            extremes = np.where(few > 2, np.iinfo(wide.dtype).max, np.iinfo(wide.dtype).min).astype(wide.dtype)
            raw, dtype = records(walk=walk, wide=wide, few=few, shifted=shifted, constant=constant, sum=walk + few, extremes=extremes)
            yield f"integers {kind}{width}", raw, ["--dtype", dtype]
            yield f"walk {kind}{width}", walk.tobytes(), ["--dtype", f"<{kind}{width}" if width > 1 else f"{kind}1"]


def lattices(rng):
    for width in (4, 8):
        decimals = np.round(rng.normal(0, 50, 5000), 3).astype(f"f{width}")
        digits = np.array([float(f"{x:.4e}") for x in np.exp(rng.normal(0, 6, 5000))]).astype(f"f{width}")
        signed = np.where(rng.random(5000) < 0.5, digits, -digits)
        broken = decimals.copy()
        broken[::61] = np.pi
        broken[1::67] = [np.nan] * len(broken[1::67])
        broken[:3] = -0.0
        raw, dtype = records(decimals=decimals, digits=digits, signed=signed, broken=broken, twice=(decimals * 2).astype(f"f{width}"))
        yield f"lattices f{width}", raw, ["--dtype", dtype]
        yield f"lattice alone f{width}", broken.tobytes(), ["--dtype", f"<f{width}", "--frame-size", "8K"]


def relations(rng):
    n = 5000
    pt, angle, mass = rng.exponential(30, n) + 5, rng.uniform(-np.pi, np.pi, n), np.abs(rng.normal(0.5, 0.2, n))
    eta = rng.normal(0, 1.5, n)
    columns = dict(pt=pt, eta=eta, phi=angle, mass=mass)
    p = pt * np.cosh(eta)
    columns |= dict(energy=np.sqrt(p * p + mass * mass), pz=pt * np.sinh(eta), px=pt * np.cos(angle), py=pt * np.sin(angle))
    columns |= dict(product=pt * mass, ratio=pt / mass, log=np.log(pt), root=np.sqrt(pt), inverse=1 / pt, share=pt / (pt + mass))
    columns |= dict(back=np.arctan2(columns["py"], columns["px"]), exp=np.exp(eta), square=pt * pt)
    for width in (4, 8):
        raw, dtype = records(**{name: c.astype(f"f{width}") for name, c in columns.items()})
        yield f"relations f{width}", raw, ["--dtype", dtype]
    px, py, pz = columns["px"], columns["py"], rng.normal(0, 40, n)
    across, along = np.sqrt(px * px + py * py), np.sqrt(px * px + py * py + pz * pz)
    yield "lengths and angles", *table(px=px, py=py, pz=pz, phi=np.arctan2(py, px), eta=np.arcsinh(pz / across), across=across, along=along)
    yield "legs", *table(along=along, across=across, pz=np.sqrt(along**2 - across**2), px=np.abs(px), py=np.sqrt(across**2 - px**2), all=along**2)
    yield "legs of three", *table(along=along, px=px, py=py, pz=np.abs(pz))
    yield "mass", *table(pt=pt, eta=eta, energy=np.sqrt(p * p + mass * mass * 400), mass=mass * 20, p=p)
    curve = np.interp(pt, [0, 10, 20, 50, 1e4], [0, 3, 4, 9, 10])
    blur = curve + rng.normal(0, 0.01, n)
    raw, dtype = records(pt=pt.astype("f4"), curve=blur.astype("f4"), tanh=np.tanh(eta).astype("f8"), eta=eta.astype("f8"))
    yield "curves", raw, ["--dtype", dtype]


def copies(rng):
    n = 6000
    key = rng.integers(0, 200, n).astype("u4")
    table = rng.integers(0, 2**31, 200).astype("u4")
    value = np.where(rng.random(n) < 0.97, table[key], rng.integers(0, 2**31, n)).astype("u4")
    stairs = np.repeat(rng.normal(0, 1, n // 10), 10).astype("f4")
    every = np.tile(rng.normal(0, 1, 12), n // 12).astype("f4")
    x = rng.normal(0, 1, n).astype("f4")
    size = np.where(rng.random(n) < 0.9, np.abs(x), 1).astype("f4")
    again = np.where(rng.random(n) < 0.8, x, rng.normal(0, 1, n)).astype("f4")
    holes = np.where(rng.random(n) < 0.4, -999, rng.normal(0, 1, n)).astype("f4")
    raw, dtype = records(key=key, value=value, stairs=stairs, every=every, x=x, size=size, again=again, holes=holes)
    yield "copies", raw, ["--dtype", dtype]
    yield "copies, short frames", raw + b"end", ["--dtype", dtype, "--frame-size", "30K"]


def grids(rng):
    y, x = np.mgrid[0:60, 0:90]
    plane = np.sin(x / 9) * np.cos(y / 7) * 50 + rng.normal(0, 0.05, x.shape)
    holes = np.where((x - 40) ** 2 + (y - 30) ** 2 < 250, 1e20, plane)
    z, y, x = np.mgrid[0:14, 0:20, 0:24]
    cube = np.exp(np.sin(x / 5) + np.cos(y / 4) + z / 6) + rng.normal(0, 0.01, x.shape)
    for dtype in ("<f4", ">f4", "<f8", "<i2", "<i8"):
        yield f"plane {dtype}", plane.astype(dtype).tobytes(), ["--dtype", dtype, "--shape", "60,90"]
        yield f"cube {dtype}", (cube * 100).astype(dtype).tobytes(), ["--dtype", dtype, "--shape", "14,20,24"]
    yield "holes", holes.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "60,90"]
    yield "cube, frames across its rows", cube.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "14,20,24", "--frame-size", "7001"]
    steep = np.exp(rng.normal(0, 1, cube.shape) * 0.02 + z * 3 - 20)
    yield "decades", steep.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "0,20,24"]
    pairs = np.stack([cube, cube * 2 + rng.normal(0, 0.01, cube.shape)], -1)
    yield "cube of records", pairs.astype("<f4").tobytes(), ["--dtype", "a:<f4,b:<f4", "--shape", "14,20,24"]
    n = 3000
    a = rng.normal(0, 1, n)
    stored = np.stack([a, a * 2, np.round(a, 2), a + rng.normal(0, 0.01, n), np.zeros(n)])
    yield "columns one after another", stored.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", f"5,{n}"]
    yield "long rows", (np.cumsum(rng.normal(0, 1, (2, 40000)), 1)).astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "2,40000"]


def corners(rng):
    """Corners of a grid's cells, each of which stands in four cells."""
    j, i = np.mgrid[0:31, 0:41]
    for name, corner in ("lon", i * 1.5 + 8 * np.sin(j / 9) + rng.normal(0, 0.01, i.shape)), ("lat", j * 0.98 + 5 * np.cos(i / 9) * np.sin(j / 9)):
        cells = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], -1)
        for dtype in ("<f4", ">f8"):
            raw = cells.astype(dtype).tobytes()
            yield f"corners, {name} {dtype}", raw, ["--dtype", dtype]
            yield f"corners, {name} {dtype} in cells", raw, ["--dtype", dtype, "--shape", "30,40,4"]
            yield f"corners, {name} {dtype} in frames", raw, ["--dtype", dtype, "--frame-size", "9001"]


def adaptive(rng):
    n = 2500
    walk = np.cumsum(rng.normal(0, 1, n)).astype("f4")
    near = (walk * 2 + rng.normal(0, 0.3, n)).astype("f4")
    near[::50] = np.nan
    key = rng.choice([0, 1, 2, 7, 40], n, p=[0.5, 0.2, 0.1, 0.1, 0.1]).astype("i4")
    swell = (rng.normal(0, 1, n) * np.exp(np.sin(np.arange(n) / 300) * 3)).astype("f4")
    raw, dtype = records(walk=walk, near=near, key=key, swell=swell, same=np.full(n, 3.5, "f4"), next=(key * 3 + rng.integers(0, 2, n)).astype("i2"))
    yield "adaptive, records", raw, ["--dtype", dtype]
    yield "adaptive, chains and keys", raw + b"end", ["--dtype", dtype, "--frame-size", "12K", "--chains", "2", "--key-every", "2"]
    y, x = np.mgrid[0:50, 0:60]
    plane = np.sin(x / 9) * np.cos(y / 7) * 50 + rng.normal(0, 0.02, x.shape)
    for dtype in ("<f4", "<f8", "<u2"):
        yield f"adaptive, plane {dtype}", (plane * 50 + 6000).astype(dtype).tobytes(), ["--dtype", dtype, "--shape", "50,60"]
    # The fill's rows come first: what is learned begins behind them.
    holes = np.where((x - 9) ** 2 + (y - 5) ** 2 < 250, -999, plane)
    yield "adaptive, holes", holes.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "50,60"]
    z, y, x = np.mgrid[0:8, 0:20, 0:24]
    cube = np.exp(np.sin(x / 5) + np.cos(y / 4) + z / 9) + rng.normal(0, 0.003, x.shape)
    for dtype in (">f4", "<u2"):
        yield f"adaptive, cube {dtype}", (cube * 300).astype(dtype).tobytes(), ["--dtype", dtype, "--shape", "8,20,24"]
    yield "adaptive, cube in frames", (cube * 300).astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "8,20,24", "--frame-size", "7001"]
    yield "adaptive, four axes", cube.astype("<f4").tobytes(), ["--dtype", "<f4", "--shape", "2,4,20,24"]
    parts = [swell, np.round(swell * 7, 1), key.astype("f4"), walk]
    yield "adaptive, segments", np.concatenate(parts).astype("<f4").tobytes(), ["--dtype", "<f4"]
    for width in (2, 4, 8):
        # Many short columns, of values cut to so many bits, some of which come again.
        pieces = []
        for at in range(40):
            values = rng.exponential(10.0 ** rng.integers(-2, 4), 12 + at).astype(f"f{width}")
            bits = values.view(f"u{width}") >> (at % 5 * width) << (at % 5 * width)
            pieces.append(rng.choice(bits, 60 + 7 * at) if at % 2 else np.repeat(bits, 3))
        raw = np.concatenate(pieces + pieces[7:9]).astype(f"<u{width}").tobytes()
        yield f"spelt f{width}", raw, ["--dtype", f"<f{width}"]
        yield f"spelt u{width} in frames", raw, ["--dtype", f">u{width}", "--frame-size", "9K"]
    yield from corners(rng)
    yield "adaptive, a sequence", np.cumsum(np.cumsum(rng.normal(0, 1, 4000))).astype("<f8").tobytes(), ["--dtype", "<f8"]


def listing(rng):
    """Numbers in many styles, words and literal lines."""
    lines = []
    for i, (x, y) in enumerate(rng.normal(0, 30, (900, 2))):
        f4, word = np.float32(y), ("jet", "muon", "tau_h")[i % 3]
        lines.append(f"P {i} {x:.16e} {y:.6g} {f4} {x:>12.4f} {word:<6}|{i % 50:03d} {y!r} {x * 1e-7:.3E} {x:+.2f}")
        lines.append(f"{i};{'' if i % 5 == 1 else round(x, 3)};{'nan' if i % 7 == 2 else i % 9};{'-inf' if i % 4 == 0 else y}")
        if i % 3 == 0:
            lines.append(f"E,{i * 7},id{i:x}z{int(y * 1e6)}")
        if i % 300 == 0:
            lines.append("nothing like the others: nan 0x7 ..")
    return "\n".join(lines).encode()


def others(rng):
    yield "nothing", b"", []
    yield "three bytes", b"abc", ["--dtype", "u1"]
    yield "one record and a half", bytes(range(30)), ["--dtype", "<f4,<f8,<u8"]
    yield "text", b"the quick brown fox jumps over the lazy dog, " * 300, []
    yield "noise", rng.bytes(20000), []
    yield "noise of numbers", rng.bytes(20000), ["--dtype", "<u4"]
    mixed, dtype = records(a=rng.integers(0, 9, 3000).astype("u1"), b=rng.normal(0, 1, 3000).astype(">f8"), c=rng.integers(-5, 5, 3000).astype(">i2"))
    yield "mixed", mixed, ["--dtype", dtype]
    opaque = np.zeros(3000, "S5,<f4,S2")
    opaque["f0"], opaque["f1"] = [b"id%03d" % (i % 50) for i in range(3000)], rng.normal(0, 1, 3000)
    yield "opaque bytes", opaque.tobytes(), ["--dtype", "id%2C:V5,<f4,V2"]
    yield "opaque bytes alone", opaque["f0"].tobytes(), ["--dtype", "V5"]
    yield "a wide record", np.cumsum(rng.normal(0, 1, (40, 300)), 1).astype("<f4").tobytes(), ["--dtype", "300<f4"]
    yield "many columns", np.cumsum(rng.normal(0, 1, (300, 100)), 0).astype("<f4").tobytes(), ["--dtype", "100<f4"]
    yield "wide records of two types", rng.integers(0, 50, (60, 400)).astype("<i4").tobytes(), ["--dtype", "200<f4,200<i4"]
    again, walk = np.tile(rng.normal(0, 1, 64), 125), np.cumsum(rng.integers(-9, 10, 24000))
    for name, first in ("a repetition", again), ("noise", rng.integers(0, 2**32, 8000, dtype="u4").view("f4")):
        begun = np.concatenate([first, walk]).astype("<f4").tobytes()
        yield f"a chain that begins with {name}", begun, ["--dtype", "<f4", "--frame-size", "32000"]
    parts = [rng.integers(0, 10, 1500), 1000 + rng.integers(0, 4096, 2500) / 16, rng.normal(0, 1e-9, 70), 1e-5 * rng.random(2000)]
    for order in "<>":
        column = np.concatenate(parts).astype(f"{order}f4").tobytes()
        yield f"columns one after another {order}", column, ["--dtype", f"{order}f4"]
        yield f"the same in frames {order}", column, ["--dtype", f"{order}f4", "--frame-size", "12K"]
    yield "lines of numbers", listing(rng), []
    yield "lines of numbers in frames", listing(rng), ["--frame-size", "9001", "--chains", "2"]
    yield "few rows", rng.normal(0, 1, 150).astype("<f4").tobytes(), ["--dtype", "<f4"]


def cases():
    rng = np.random.default_rng(2026)
    for make in (samples,):
        yield from make()
    for make in (odd_floats, integers, lattices, relations, copies, grids, others, adaptive):
        yield from make(rng)
