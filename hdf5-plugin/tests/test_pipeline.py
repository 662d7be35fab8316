"""Other filters around this one, chunks that were written without it, edge chunks that no filter sees."""

import ctypes

import h5py
import numpy as np
import pytest

from conftest import CATENA, field, records

DERIVED, SHUFFLED = 0xCA7E0001, 0xCA7E0002


def write(path, data, chunks, before=(), after=(), level=5, options=(5,)):
    """A dataset behind the filters of `before`, each a function of a property list; returns what it takes, and the filter's values."""
    with h5py.File(path, "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(chunks)
        for put in before:
            put(plist)
        plist.set_filter(CATENA, h5py.h5z.FLAG_MANDATORY, options)
        for put in after:
            put(plist)
        kind = h5py.h5t.py_create(data.dtype, logical=True)
        made = h5py.h5d.create(file.id, b"d", kind, h5py.h5s.create_simple(data.shape), plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    with h5py.File(path) as file:
        dataset = file["d"]
        assert dataset[()].tobytes() == data.tobytes()
        return dataset.id.get_storage_size(), dataset.id.get_create_plist().get_filter_by_id(CATENA)[1]


def shuffle(plist):
    plist.set_shuffle()


def fletcher32(plist):
    plist.set_fletcher32()


def gzip(plist):
    plist.set_deflate(4)


def scale_offset(plist):
    plist.set_scaleoffset(h5py.h5z.SO_INT, 0)


@pytest.mark.parametrize("data, chunks", [
    (field((40, 50)), (20, 25)),
    (records(4000), (1000,)),
    (np.arange(9000, dtype=">i8") ** 2 % 1000003, (3000,)),
    (np.cumsum(np.random.default_rng(1).normal(size=(4096, 8)), 0).astype("<f4"), (1024, 8)),
    (np.arange(3000, dtype="u1") % 7, (1000,)),
], ids=["grid", "records", "integers", "jets", "bytes"])
def test_a_shuffle_before_costs_nothing(tmp_path, data, chunks):
    plain, values = write(tmp_path / "p.h5", data, chunks)
    shuffled, own = write(tmp_path / "s.h5", data, chunks, [shuffle])
    assert shuffled == plain
    assert values[4] == DERIVED and len(own) <= 16
    if data.dtype.itemsize > 1:
        assert own[4:6] == (SHUFFLED, data.dtype.itemsize) and own[6:] == values[5:]
    # Checksums before, between and after: they are stored, and nothing else is lost.
    chunk_n = int(np.prod([-(-n // c) for n, c in zip(data.shape, chunks)]))
    for before, after in ([shuffle, fletcher32], []), ([fletcher32, shuffle], []), ([fletcher32], []), ([shuffle], [fletcher32]):
        size, _ = write(tmp_path / "f.h5", data, chunks, before, after)
        assert size < plain + 32 * chunk_n


def test_the_file_that_was_handed_in(tmp_path):
    """create_dataset's own shuffle=True, which h5py puts first."""
    data = np.random.default_rng(2026).normal(size=(4096, 8)).astype("<f4").cumsum(0)
    sizes = []
    for how in (dict(), dict(shuffle=True)):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            sizes.append(file.create_dataset("jets", data=data, chunks=(1024, 8), compression=CATENA, **how).id.get_storage_size())
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("before", [[gzip], [scale_offset], [shuffle, gzip], [shuffle, shuffle]], ids=lambda of: "-".join(f.__name__ for f in of))
def test_what_others_have_coded_is_bytes(tmp_path, before):
    data = (np.arange(6000) // 7).astype("<i4")
    _, values = write(tmp_path / "x.h5", data, (2000,), before)
    assert values == (5, 0, 0, 0, DERIVED, 1)


def test_h5repack_takes_the_shuffle_away(tmp_path, python):
    """Values that were derived behind a shuffle are derived anew where there is none."""
    data = records(3000)
    _, behind = write(tmp_path / "s.h5", data, (1000,), [shuffle])
    _, alone = write(tmp_path / "p.h5", data, (1000,), options=behind)
    _, again = write(tmp_path / "q.h5", data, (1000,), [shuffle], options=alone)
    assert alone[4] == DERIVED and again == behind


def test_chunks_that_were_written_without_it(tmp_path):
    """Filter masks: bit 0 leaves out the shuffle, bit 1 this filter."""
    data = field((40, 25))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", data=data, chunks=(10, 25), shuffle=True, compression=CATENA)
        file.flush()
        raw = data[10:20].tobytes()
        shuffled = np.frombuffer(raw, "u1").reshape(-1, 4).T.tobytes()
        dataset.id.write_direct_chunk((0, 0), data[:10].tobytes(), 3)
        dataset.id.write_direct_chunk((10, 0), shuffled, 2)
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["d"][()] == data).all()


def test_edge_chunks_without_filters(tmp_path):
    library = ctypes.CDLL(h5py.h5p.__file__)
    data = field((45, 33))
    with h5py.File(tmp_path / "x.h5", "w", libver=("v110", "latest")) as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((20, 10))
        plist.set_shuffle()
        plist.set_filter(CATENA, 0, (5,))
        # H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS
        assert library.H5Pset_chunk_opts(ctypes.c_int64(plist.id), ctypes.c_uint(2)) >= 0
        made = h5py.h5d.create(file.id, b"d", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((45, 33), (h5py.h5s.UNLIMITED, 33)), plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    with h5py.File(tmp_path / "x.h5", "a") as file:
        dataset = file["d"]
        assert (dataset[()] == data).all()
        # What was an edge becomes a whole chunk, and the other way round.
        dataset.resize((60, 33))
        dataset[45:] = 7
    with h5py.File(tmp_path / "x.h5", "a") as file:
        assert (file["d"][:45] == data).all() and (file["d"][45:] == 7).all()
        file["d"].resize((30, 33))
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["d"][()] == data[:30]).all()


def test_a_chunk_larger_than_the_cache_is_decoded_once(tmp_path, python):
    """Rows of a chunk that the library does not keep: the filter does. Without it, each takes a decoding."""
    program = f"""
        import time, h5py, numpy
        rng = numpy.random.default_rng(3)
        path = {str(tmp_path / "x.h5")!r}
        with h5py.File(path, "w") as file:
            file.create_dataset("d", data=rng.normal(size=(64, 256)).cumsum(0).astype("f4"), chunks=(64, 256), compression=51838, compression_opts=(7,))
        seconds = []
        with h5py.File(path, rdcc_nbytes=1 << 14) as file:
            for row in range(4):
                begun = time.process_time()
                file["d"][row]
                seconds.append(time.process_time() - begun)
        print("later", min(seconds[1:]))
    """
    def later(**environment):
        status, out = python(program, CATENA_THREADS="1", **environment)
        assert status == 0, out
        return float(out.split()[1])

    assert later() < later(CATENA_HDF5_CACHE="0") / 4


def test_the_cache_tells_chunks_apart(tmp_path):
    """Read, written over, read again, in many threads."""
    from concurrent.futures import ThreadPoolExecutor

    def work(i):
        path = tmp_path / f"{i}.h5"
        for turn in range(4):
            data = field((60, 70), 10 * i + turn)
            with h5py.File(path, "w" if turn == 0 else "a") as file:
                dataset = file.require_dataset("d", (60, 70), "f4", chunks=(60, 70), compression=CATENA)
                dataset[()] = data
            for _ in range(2):
                with h5py.File(path) as file:
                    if not (file["d"][()] == data).all():
                        return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(6)))
