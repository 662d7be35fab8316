#!/usr/bin/env python3
"""A decoder of Catena streams of levels 1 to 6, written from docs/format.md alone, for tests: what it stumbles on is a fault of that document.

    decode.py < stream > raw

Names are those of the document. Needs NumPy; zstandard and pcodec for frames that fall back to them; checks XXH3-64 if xxhash is there."""
import sys
import zlib

from arithmetic import Bytes, need
from plain import Layout, plain_frame
from text import text_frame
from tokens import model_tables, tokens_frame

try:
    import xxhash
except ImportError:
    xxhash = None


def decode(data, out, seen=None, models=()):
    """Streams, one after another; their raw bytes go to `out`, and what was met is counted in `seen`. `models` are files of models of tables that are at hand."""
    cursor = Bytes(data)
    need(data, "input is cut")
    while cursor.at < len(data):
        stream(cursor, out, {} if seen is None else seen, models)


def stream(cursor, out, seen, models):
    """One stream, from the cursor on."""
    start = cursor.at
    need(cursor.take(4) == b"\xca\x7e\x4e\xa0", "not a Catena stream")
    version, flags = cursor.u8(), cursor.u8()
    need(version == 2 and flags & 128, f"version {version} or an unpublished one")
    need(flags & 120 == 0 and flags & 3 != 2 and flags & 6 != 6, "flags")
    if flags & 4:
        return short_stream(cursor, start, flags, out, seen, models)
    body = Bytes(cursor.take(cursor.varint()))
    need(zlib.crc32(cursor.data[start : cursor.at]) == cursor.u32(), "checksum of the header")
    level, chains, lanes, frame_size = body.u8(), body.varint(), body.varint(), body.varint()
    need(1 <= level <= 9 and 1 <= chains <= 256 and 1 <= lanes <= 256 and frame_size <= 2**28, "header")
    dtype = body.take(body.varint()).decode()
    layout = Layout(dtype, [body.varint() for _ in range(body.varint())])
    begins = None
    if flags & 1:
        named = body.take(32)
        need(level != 7, "a model at level 7")
        if flags & 2:
            models = [cursor.take(body.varint())]
        begins = model(named, models)
    need(body.at == len(body.data), "header is too long")
    offset, number, memories, entries = 0, 0, [None] * chains, b""
    while cursor.data[cursor.at] & 39:
        at = cursor.at
        tag = cursor.u8()
        kind, key, learned = tag & 7 | (tag & 32) >> 2, tag & 8, tag & 16
        length, coded = cursor.varint(), cursor.varint()
        entries += cursor.data[at : cursor.at]
        raw_hash = int.from_bytes(cursor.take(8), "little")
        payload_crc = cursor.u32()
        need(zlib.crc32(cursor.data[at : cursor.at]) == cursor.u32(), "checksum of the frame's header")
        need(tag < 64 and kind <= 8 and 1 <= length <= frame_size, "frame")
        need(coded == length if kind == 1 else coded < length, "lengths of the frame")
        need(kind != 4, "a modelled frame")
        payload = cursor.take(coded)
        need(zlib.crc32(payload) == payload_crc, "checksum of the payload")
        chain = number % chains
        need(key or number >= chains, "a chain begins without a key frame")
        if key:
            memories[chain] = begins
        raw, memories[chain] = frame(layout, level, kind, learned, offset, length, payload, memories[chain], seen)
        if xxhash:
            need(xxhash.xxh3_64_intdigest(raw, offset) == raw_hash, f"checksum of the raw bytes of frame {number}")
        out.write(raw)
        offset, number = offset + length, number + 1
    at = cursor.at
    tag = cursor.u8()
    need(tag in (0, 8), "end record")
    frames_len = at - start
    body = Bytes(cursor.take(cursor.varint()))
    need(zlib.crc32(cursor.data[at : cursor.at]) == cursor.u32(), "checksum of the end record")
    need((body.varint(), body.varint(), body.varint()) == (number, offset, frames_len), "totals")
    need(body.rest() == (entries if tag else b""), "index")
    need(cursor.u32() == cursor.at - 4 - at and cursor.take(4) == b"\xa0\x4e\x7e\xca", "tail")


def short_stream(cursor, start, flags, out, seen, models):
    """The rest of a short stream, which begins at `start`, behind the flags."""
    level, tag = cursor.u8(), cursor.u8()
    kind, learned = tag & 7 | (tag & 32) >> 2, tag & 16
    need(1 <= level <= 9 and tag in (0, *range(9, 16), 28, 29, 31, 40), "tag")
    dtype = cursor.take(cursor.varint())
    need(len(dtype) <= 4096, "length of the dtype string")
    layout = Layout(dtype.decode(), [cursor.varint() for _ in range(cursor.varint())]) if dtype else Layout("u1", [])
    need(dtype != b"u1" or layout.shape, "plain bytes have a shorter form")
    need(not flags & 1 or level != 7, "a model at level 7")
    begins = model(cursor.take(32), models) if flags & 1 else None
    need(kind != 4, "a modelled frame")
    raw = b""
    if tag:
        length = cursor.varint()
        need(1 <= length <= 2**20, "raw length")
        payload = cursor.take(length if kind == 1 else cursor.varint())
        payload = (b"\x28\xb5\x2f\xfd" if kind == 2 else b"") + payload
        need(kind == 1 or len(payload) < length, "lengths of the frame")
        raw_hash = int.from_bytes(cursor.take(8), "little")
    crc = zlib.crc32(cursor.data[start : cursor.at])
    need(crc == cursor.u32() and crc != 0xCA7E4EA0, "checksum of the short stream")
    if tag:
        need(level < 7 or not learned, "learned")
        raw, _ = frame(layout, level, kind, learned, 0, length, payload, begins, seen)
        if xxhash:
            need(xxhash.xxh3_64_intdigest(raw) == raw_hash, "checksum of the raw bytes of a short stream")
    seen["short", kind] = seen.get(("short", kind), 0) + 1
    out.write(raw)


def model(named, models):
    """The memory of the model with this hash."""
    file = [file for file in models if file[-32:] == named]
    need(file, "the model is missing")
    return model_tables(file[0])[1]


def frame(layout, level, kind, learned, offset, length, payload, memory, seen):
    """The raw bytes of a frame, and the memory of its chain behind it."""
    if kind in (5, 7):
        raw, own = tokens_frame(layout, kind, offset, length, payload, memory if level < 7 else None, seen)
        if level < 7:
            need(layout.has_tokens and bool(learned) == bool(own), "memory")
            memory = own or memory
    else:
        need(level >= 7 or not learned, "learned")
        if kind == 8:
            raw = text_frame(layout, length, payload, seen)
        elif kind == 6:
            raw = segments(layout, kind, offset, length, payload, seen)
        else:
            raw = plain_frame(layout, kind, offset, length, payload)
    need(len(raw) == length, "length of the raw bytes")
    seen["frame", kind] = seen.get(("frame", kind), 0) + 1
    return raw, memory


def segments(layout, _, offset, length, payload, seen):
    """The raw bytes of a frame in segments."""
    need(layout.has_segments, "segments of this layout")
    cursor = Bytes(payload)
    n = cursor.varint()
    need(2 <= n <= 4096, "number of segments")
    heads = [(cursor.u8(), cursor.varint(), cursor.varint()) for _ in range(n)]
    raw, memory = b"", None
    for kind, part, coded in heads:
        need(kind in (1, 2, 3, 5, 7) and 1 <= part <= length - len(raw), "segment")
        at, payload = offset + len(raw), cursor.take(coded)
        if kind in (5, 7):
            segment, own = tokens_frame(layout, kind, at, part, payload, memory, seen)
            memory = own or memory
        else:
            segment = plain_frame(layout, kind, at, part, payload)
        need(len(segment) == part, "length of a segment")
        raw += segment
        seen["segment", kind] = seen.get(("segment", kind), 0) + 1
    need(len(raw) == length and cursor.at == len(cursor.data), "segments")
    return raw


if __name__ == "__main__":
    decode(sys.stdin.buffer.read(), sys.stdout.buffer)
