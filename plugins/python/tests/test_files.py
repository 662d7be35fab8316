"""Streams as file objects when the files below fail, take a part, have nothing yet, or when a call is broken off: no byte is lost in silence."""

import io

import numpy as np
import pytest

import catena_hdf5

DATA = np.random.default_rng(1).normal(size=300_000).astype("<f4").tobytes()
CODED = catena_hdf5.compress(DATA, 1, dtype="<f4")


class Raw(io.RawIOBase):
    """Takes and gives at most 1000 bytes at a time; raises what comes up in `errors`, by the number of the call."""

    def __init__(self, data=b"", errors=()):
        self.below, self.errors, self.calls = io.BytesIO(data), dict(errors), 0

    def readable(self):
        return True

    writable = readable

    def _call(self):
        self.calls += 1
        error = self.errors.get(self.calls)
        if error is not None:
            raise error

    def write(self, data):
        self._call()
        return self.below.write(bytes(data[:1000]))

    def read(self, size=-1):
        self._call()
        return self.below.read(min(size, 50_000))


def test_a_raw_file_takes_a_part():
    raw = Raw()
    with catena_hdf5.open(raw, "wb", level=1, dtype="<f4") as file:
        file.write(DATA)
    assert raw.below.getvalue() == CODED


def test_a_raw_file_that_takes_nothing():
    raw = Raw()
    raw.write = lambda data: None
    file = catena_hdf5.open(raw, "wb", level=1)
    with pytest.raises(BlockingIOError):
        file.write(DATA * 8), file.flush()
    with pytest.raises(catena_hdf5.CatenaError, match="earlier call"):
        file.close()


def test_reading_goes_on_after_the_file_s_error():
    file = catena_hdf5.open(Raw(CODED, {3: OSError("come back later"), 5: BlockingIOError()}))
    back = b""
    for _ in range(2):
        with pytest.raises(OSError):
            back += file.read()
    assert back + file.read() == DATA
    raw = Raw(CODED)
    file, raw.read = catena_hdf5.open(raw), lambda size: None
    with pytest.raises(BlockingIOError):
        file.read()
    del raw.read
    assert file.read() == DATA


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()], ids=repr)
def test_reading_that_was_broken_off_says_so(error):
    file = catena_hdf5.open(Raw(CODED, {4: error}))
    with pytest.raises(type(error)):
        file.read()
    for read in (file.read, file.read1):
        with pytest.raises(catena_hdf5.CatenaError, match="earlier call"):
            read()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("no space")], ids=repr)
def test_what_ended_writing_is_what_is_raised(error):
    raw = Raw(errors={2: error})
    with pytest.raises(type(error)) as caught:
        with catena_hdf5.open(raw, "wb", level=1, dtype="<f4") as file:
            file.write(DATA)
            file.flush()
    assert caught.value is error and file.closed and raw.calls == 2
    raw = Raw(errors={2: error})
    file = catena_hdf5.open(raw, "wb", level=1, dtype="<f4")
    with pytest.raises(type(error)):
        file.write(DATA), file.flush()
    for further in (lambda: file.write(b"more"), file.flush, file.close):
        with pytest.raises(catena_hdf5.CatenaError, match="earlier call"):
            further()


def test_damage_stays_damage():
    file = catena_hdf5.open(io.BytesIO(CODED[:-100]))
    for _ in range(2):
        with pytest.raises(catena_hdf5.CatenaError):
            file.read()
