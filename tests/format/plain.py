"""Layouts, and frames of kinds 1 to 3."""
import re
from math import prod

import numpy as np

from arithmetic import Bytes, Type, need


class Layout:
    """Fields, columns and grid."""

    def __init__(self, dtype, shape):
        columns, sizes, plain = [], [], True
        for field in dtype.split(","):
            match = re.fullmatch(r"(?:[^:]*:)?(\d*)([<>]?)([fiuV])(\d+)", field)
            need(match, "dtype")
            count, order, letter, width = match.groups()
            count, width = int(count or 1), int(width)
            plain &= letter == "V" or (letter, width) == ("u", 1)
            sizes.append((count, letter, width))
            scalar = ("u", 1, "<") if letter == "V" else (letter, width, order or "<")
            columns.append((scalar, count * (width if letter == "V" else 1)))
        self.size = sum(count * width for count, _, width in sizes)
        self.has_tokens = not plain or bool(shape)
        total = sum(n for _, n in columns)
        if total > 256:
            scalars = [scalar for scalar, _ in columns]
            word = scalars[0]
            if any(s[1] != word[1] for s in scalars):
                word = ("u", 1, "<")
            elif any(s != word for s in scalars):
                word = ("u", word[1], word[2])
            shape = (shape or [0]) + [self.size // word[1]]
            columns, self.size = [(word, 1)], word[1]
        self.shape, self.columns, at = shape, [], 0
        for scalar, n in columns:
            for _ in range(n):
                self.columns.append((Type(*scalar[:2]), scalar[2], at))
                at += scalar[1]
        self.has_segments = len(self.columns) == 1 and self.size in (2, 4, 8) and self.size == at and len(shape) < 2

    def rows(self, offset, length):
        """Head, rows, tail and the number of the first row."""
        head = min(length, -offset % self.size)
        return head, (length - head) // self.size, (length - head) % self.size, -(-offset // self.size)

    def group_and_plane(self):
        axis = lambda n: n if 1 < n < 2**26 else 0
        group = axis(self.shape[-1]) if len(self.shape) >= 2 else 0
        plane = axis(self.shape[-1] * self.shape[-2]) if len(self.shape) >= 3 and group else 0
        return group, 0 if plane == group else plane


def unzstd(payload):
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(payload, read_across_frames=True) as reader:
        return reader.read()


def unpco(pco, type_, order, data, n):
    c, at, out = max(1, -(-n // 2**18)), 0, []
    name = f"{type_.letter}{type_.B}"
    for i in range(c):
        part = np.zeros(n // c + (i < n % c), f"{type_.letter}{type_.width}")
        chunk, used = pco.chunk_decompressor(data[at:], name)
        at += used
        _, used = chunk.read_page_into(data[at:], len(part), part)
        at += used
        out.append(part)
    need(at == len(data), "pco")
    return np.concatenate(out).astype(f"{order}{type_.letter}{type_.width}").tobytes()


def fields_frame(layout, offset, length, payload):
    cursor = Bytes(payload)
    head, n, tail, first = layout.rows(offset, length)
    need(n, "fields of a frame without records")
    slab, cut = prod(layout.shape[1:]) if len(layout.shape) > 1 else 0, 0
    if len(layout.columns) == 1 and slab >= 2**15:
        cut = cursor.u8()
        need(cut < 2, "cut")
    if cut:
        borders = sorted({0, n, *range(-first % slab, n, slab)})
        units = [(layout.columns[0], a, b) for a, b in zip(borders, borders[1:])]
    else:
        units = [(column, 0, n) for column in layout.columns]
    modes = []
    while len(modes) < len(units):
        run = cursor.varint()
        need(run % 8 < 5 and len(modes) + run // 8 < len(units), "modes")
        modes += [run % 8] * (run // 8 + 1)
    pco, lengths = None, {}
    if 4 in modes:
        from pcodec import wrapped

        pco, used = wrapped.FileDecompressor.new(payload[cursor.at :])
        cursor.take(used)
        lengths = {at: cursor.varint() for at, mode in enumerate(modes) if mode == 4}
    elements = {}
    size = lambda at: (units[at][2] - units[at][1]) * units[at][0][0].width
    of = lambda mode: (at for at, m in enumerate(modes) if m == mode)
    for at in of(0):
        elements[at] = cursor.take(units[at][0][0].width) * (units[at][2] - units[at][1])
    for at in of(4):
        (type_, order, _), a, b = units[at]
        elements[at] = unpco(pco, type_, order, cursor.take(lengths[at]), b - a)
    for at in of(1):
        elements[at] = cursor.take(size(at))
    edges = cursor.take(head), cursor.take(tail)
    zstd = Bytes(unzstd(cursor.rest()) if 2 in modes or 3 in modes else cursor.rest())
    for at, mode in enumerate(modes):
        if mode in (2, 3):
            part = zstd.take(size(at))
            if mode == 2:
                part = np.frombuffer(part, np.uint8).reshape(units[at][0][0].width, -1).T.tobytes()
            elements[at] = part
    need(zstd.at == len(zstd.data), "bytes after the fields")
    body = np.zeros((n, layout.size), np.uint8)
    for at, ((type_, _, place), a, b) in enumerate(units):
        body[a:b, place : place + type_.width] = np.frombuffer(elements[at], np.uint8).reshape(b - a, -1)
    return edges[0] + body.tobytes() + edges[1]


def plain_frame(layout, kind, offset, length, payload):
    if kind == 1:
        return payload
    return unzstd(payload) if kind == 2 else fields_frame(layout, offset, length, payload)
