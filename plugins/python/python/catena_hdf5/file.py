"""Streams as file objects, in the manner of gzip and lzma."""

import builtins
import io
import os

from ._native import Compressor, Decompressor
from .arrays import as_bytes, asked_layout
from .filter import check_level, check_limit

_PIECE = 1 << 20


class CatenaFile(io.BufferedIOBase):
    """A stream that is read or written. Over a path or over a file object, which stays open when this is closed.

    max_output: bytes that may be read of it; more raises CatenaError before it is decoded. None: any number.
    """

    def __init__(self, file, mode="rb", *, level=3, dtype=None, shape=(), model=None, embed_model=False, threads=0, memory_limit=1 << 30, max_output=None, models=()):
        # What close() finds if the options are refused.
        self._own, self._reading = False, True
        mode = mode.replace("b", "")
        if mode not in ("r", "w", "a", "x"):
            raise ValueError(f"mode {mode!r}, not r, w, a or x")
        # Options are checked before a file is touched: one that is there would be empty then.
        if mode == "r":
            self._codec = Decompressor(threads, memory_limit, check_limit(max_output), list(models))
        else:
            layout = None if dtype is None else asked_layout(dtype, shape)
            self._codec = Compressor(check_level(level), layout, model, embed_model, threads)
        own = isinstance(file, (str, bytes, os.PathLike))
        self._file = builtins.open(file, mode + "b") if own else file
        self._rest, self._at, self._ended = b"", 0, False
        self._own, self._reading = own, mode == "r"

    def readable(self):
        return self._reading

    def writable(self):
        return not self._reading

    def _check(self, reading):
        if self.closed:
            raise ValueError("the file is closed")
        if reading != self._reading:
            raise io.UnsupportedOperation("not open for " + ("reading" if reading else "writing"))

    def _more(self):
        """Decodes another piece into the rest; False at the end."""
        while not self._ended:
            coded = self._file.read(_PIECE)
            self._ended = not coded
            self._rest = self._codec.decompress(coded) if coded else self._codec.finish()
            self._at = 0
            if self._rest:
                return True
        return False

    def read1(self, size=-1):
        self._check(True)
        if self._at == len(self._rest) and not self._more():
            return b""
        end = len(self._rest) if size is None or size < 0 else min(self._at + size, len(self._rest))
        part, self._at = self._rest[self._at:end], end
        return part

    def read(self, size=-1):
        parts, left = [], -1 if size is None or size < 0 else size
        while left:
            part = self.read1(left)
            if not part:
                break
            parts.append(part)
            left -= len(part) if left > 0 else 0
        return b"".join(parts)

    def write(self, data):
        self._check(False)
        raw, _ = as_bytes(data)
        self._file.write(self._codec.compress(raw))
        return len(raw)

    def flush(self):
        """Ends the current frame: what was written can be decoded from the file. Often called, it costs size."""
        if not self.closed and not self._reading:
            self._file.write(self._codec.flush())
            self._file.flush()

    def close(self):
        if self.closed:
            return
        try:
            if not self._reading and not self._ended:
                self._ended = True
                self._file.write(self._codec.finish())
        finally:
            if self._own:
                self._file.close()
            # BufferedIOBase.close flushes, and there is nothing left to flush.
            self._reading = True
            super().close()


def open(file, mode="rb", **options):
    """A stream as a file object; options are those of CatenaFile."""
    return CatenaFile(file, mode, **options)
