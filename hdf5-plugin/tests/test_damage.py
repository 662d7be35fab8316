"""Damaged chunks, panics, forks: the process lives, the message says what is wrong, the other chunks are readable."""

import os

import h5py
import numpy as np
import pytest

from conftest import CATENA, field


def test_every_flipped_bit_is_an_error(tmp_path):
    data = (np.arange(96) * 0.25).astype("f4").reshape(2, 48)
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=data, chunks=(1, 48), compression=CATENA, compression_opts=(5,))
    with h5py.File(path) as file:
        info = file["d"].id.get_chunk_info(0)
    whole = path.read_bytes()
    for bit in range(8 * info.size):
        at = info.byte_offset + bit // 8
        bad = whole[:at] + bytes([whole[at] ^ 1 << bit % 8]) + whole[at + 1:]
        path.write_bytes(bad)
        with h5py.File(path) as file:
            with pytest.raises(OSError, match="Catena: "):
                file["d"][0]
            assert (file["d"][1] == data[1]).all()
    path.write_bytes(whole)
    with h5py.File(path) as file:
        assert (file["d"][()] == data).all()


def test_a_panic_is_an_error(tmp_path, python):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=field((20, 20)), chunks=(20, 20), compression=CATENA)
    status, out = python(f"""
        import h5py
        with h5py.File({str(path)!r}) as file:
            try:
                file["d"][()]
            except OSError as error:
                print("caught", error)
        print("alive")
    """, CATENA_HDF5_TEST_PANIC="1")
    assert status == 0 and "caught" in out and "Catena: internal error: a panic for the tests" in out and "alive" in out


def test_a_fork_in_the_middle(tmp_path, python):
    status, out = python(f"""
        import os, h5py
        from conftest import records
        data = records(60000)
        def there_and_back(name):
            with h5py.File({str(tmp_path)!r} + name, "w") as file:
                file.create_dataset("d", data=data, chunks=(60000,), compression=51838, compression_opts=(3,))
            with h5py.File({str(tmp_path)!r} + name) as file:
                assert (file["d"][()] == data).all()
        there_and_back("/parent.h5")
        child = os.fork()
        there_and_back("/%d.h5" % child)
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print("both")
    """)
    assert status == 0 and "both" in out


def test_threads_of_the_host(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    def work(i):
        data = field((30, 40), i)
        with h5py.File(tmp_path / f"{i}.h5", "w") as file:
            file.create_dataset("d", data=data, chunks=(10, 40), compression=CATENA)
        with h5py.File(tmp_path / f"{i}.h5") as file:
            return (file["d"][()] == data).all()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(12)))


def test_three_libraries_in_one_process(tmp_path, python):
    status, out = python(f"""
        import h5py, netCDF4, numpy, tables
        folder = {str(tmp_path)!r}
        data = numpy.arange(4000, dtype="f4").reshape(40, 100)
        with h5py.File(folder + "/h.h5", "w") as file:
            file.create_dataset("d", data=data, chunks=(10, 100), compression=51838, compression_opts=(5,))
        with netCDF4.Dataset(folder + "/h.h5") as file:
            assert (file["d"][:] == data).all()
        with tables.open_file(folder + "/h.h5") as file:
            assert (file.root.d[:] == data).all()
        with h5py.File(folder + "/h.h5") as file:
            assert (file["d"][:] == data).all()
        print("all three")
    """)
    assert status == 0 and "all three" in out
