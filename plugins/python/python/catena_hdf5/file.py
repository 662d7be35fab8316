"""Streams as file objects, in the manner of gzip and lzma."""

import builtins
import io
import os

from ._native import CatenaError, Compressor, Decompressor
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
        own = isinstance(file, (str, bytes, os.PathLike))
        mode = mode.replace("b", "")
        if mode not in ("r", "w", "a", "x"):
            raise ValueError(f"mode {mode!r}, not r, w, a or x")
        if not own and not hasattr(file, "read" if mode == "r" else "write"):
            raise TypeError(f"{file!r} is neither a path nor a file object of mode {mode!r}")
        # Options are checked before a file is touched: one that is there would be empty then.
        if mode == "r":
            self._codec = Decompressor(threads, memory_limit, check_limit(max_output), list(models))
        else:
            layout = None if dtype is None else asked_layout(dtype, shape)
            self._codec = Compressor(check_level(level), layout, model, embed_model, threads)
        self._file = builtins.open(file, mode + "b") if own else file
        self._rest, self._at, self._ended, self._whole = b"", 0, False, True
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

    def _begin(self):
        """Until `_whole` is set again, nobody knows how far a call has come: one that was broken off by Ctrl-C or failed half-way has lost bytes."""
        if not self._whole:
            raise CatenaError("an earlier call failed or was interrupted: the rest of the stream would not fit")
        self._whole = False

    def _more(self):
        """Decodes another piece into the rest; False at the end."""
        while not self._ended:
            coded = self._file.read(_PIECE)
            if coded is None:
                raise BlockingIOError("the file has no bytes yet")
            self._ended = not coded
            self._rest = self._codec.decompress(bytes(coded)) if coded else self._codec.finish()
            self._at = 0
            if self._rest:
                return True
        return False

    def read1(self, size=-1):
        self._check(True)
        self._begin()
        part = self._part(size)
        self._whole = True
        return part

    def _part(self, size):
        if self._at == len(self._rest):
            try:
                if not self._more():
                    return b""
            except OSError:
                # The file's own: nothing was taken of it, and it may go on later.
                self._whole = True
                raise
        end = len(self._rest) if size is None or size < 0 else min(self._at + size, len(self._rest))
        part, self._at = self._rest[self._at:end], end
        return part

    def read(self, size=-1):
        self._check(True)
        self._begin()
        parts, left = [], -1 if size is None or size < 0 else size
        try:
            while left:
                part = self._part(left)
                if not part:
                    break
                parts.append(part)
                left -= len(part) if left > 0 else 0
        except OSError:
            # What has been read is there for the next call.
            self._rest, self._at = b"".join(parts), 0
            raise
        self._whole = True
        return b"".join(parts)

    def _put(self, step, *of):
        """Writes what a step of the codec gives, all of it: a raw file may take a part."""
        self._begin()
        coded = memoryview(step(*of))
        while coded:
            taken = self._file.write(coded)
            if not isinstance(self._file, io.RawIOBase):
                break
            if taken is None:
                raise BlockingIOError("the file takes no bytes now")
            coded = coded[taken:]
        self._whole = True

    def write(self, data):
        self._check(False)
        raw, _ = as_bytes(data)
        self._put(self._codec.compress, raw)
        return len(raw)

    def flush(self):
        """Ends the current frame: what was written can be decoded from the file. Often called, it costs size."""
        if not self.closed and not self._reading:
            self._put(self._codec.flush)
            self._file.flush()

    def close(self):
        if self.closed:
            return
        try:
            if not self._reading and not self._ended:
                self._ended = True
                self._put(self._codec.finish)
        finally:
            if self._own:
                self._file.close()
            # BufferedIOBase.close flushes, and there is nothing left to flush.
            self._reading = True
            super().close()

    def __exit__(self, kind, error, trace):
        try:
            self.close()
        except CatenaError:
            # That the stream is not whole is no news to whom another exception has left it.
            if error is None:
                raise


def open(file, mode="rb", **options):
    """A stream as a file object; options are those of CatenaFile."""
    return CatenaFile(file, mode, **options)
