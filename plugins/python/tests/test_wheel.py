"""The package as it is installed: the filter, arrays, files, the codec."""

import importlib.metadata
import io
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

import catena_hdf5

KINDS = ["<f4", ">f8", "<i2", "u1", "?", "<c8", "S5", "<M8[ns]", [("a", "<f4"), ("b", ">i2", (3,)), ("c", "u1")]]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_arrays(kind):
    data = np.zeros((6, 50), kind)
    data.view("u1").flat[:] = np.arange(data.nbytes) % 11
    for array in (data, data[::2, ::3], data.T):
        coded = catena_hdf5.compress(array, 3)
        assert catena_hdf5.decompress(coded) == array.tobytes()
        back = catena_hdf5.decompress_array(coded, dtype=array.dtype, shape=array.shape)
        assert back.tobytes() == array.tobytes() and back.shape == array.shape


def test_arrays_know_their_type_and_shape():
    data = np.arange(600, dtype="<f4").reshape(20, 30)
    back = catena_hdf5.decompress_array(catena_hdf5.compress(data))
    assert back.dtype == data.dtype and (back == data).all()
    records = np.zeros(50, np.dtype([("pt", "<f4"), ("hits", "<u2", (3,))], align=True))
    back = catena_hdf5.decompress_array(catena_hdf5.compress(records))
    assert back["pt"].shape == (50,) and back["hits"].shape == (50, 3)
    assert catena_hdf5.layout_of(records.dtype) == "pt:<f4,hits:3<u2,V2"


def test_licences_of_what_is_linked_are_there():
    (notice,) = (file for file in importlib.metadata.files("catena-hdf5") if file.name == "LICENSE-THIRD-PARTY")
    text = notice.read_text()
    for package, licence in [("pco", "Apache-2.0"), ("zstd-sys", "BSD-3-Clause"), ("pyo3", "MIT")]:
        assert re.search(rf"^{package} [0-9].*{licence}", text, re.MULTILINE), package
    assert "For Zstandard software" in text and "Permission is hereby granted" in text


def test_files(tmp_path):
    data = np.random.default_rng(1).normal(size=20000).astype("f4").tobytes()
    with catena_hdf5.open(tmp_path / "x.cat", "wb", level=3, dtype="<f4") as file:
        for at in range(0, len(data), 7001):
            assert file.write(data[at:at + 7001]) > 0
    with catena_hdf5.open(tmp_path / "x.cat") as file:
        assert file.read(7) == data[:7]
        assert file.read() == data[7:] and file.read() == b""
    cut = (tmp_path / "x.cat").read_bytes()[:-9]
    with pytest.raises(catena_hdf5.CatenaError):
        catena_hdf5.open(io.BytesIO(cut)).read()
    with pytest.raises(catena_hdf5.CatenaError):
        catena_hdf5.decompress(b"nothing of the kind")


def test_others_run_meanwhile():
    """The interpreter's lock is released: another thread counts while bytes are compressed."""
    data = np.random.default_rng(1).normal(size=40000).astype("f4")
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    catena_hdf5.compress(data, 5, threads=1)
    during = counted[0] - before
    stop.set()
    thread.join()
    assert during > 1000


def test_h5py(tmp_path):
    import h5py

    data = np.arange(3000, dtype="f4")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a", data=data, chunks=(1000,), **catena_hdf5.Catena(level=3))
        file.create_dataset("b", data=data, chunks=(1000,), compression=catena_hdf5.Catena())
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["a"][()] == data).all() and (file["b"][()] == data).all()
        assert file["a"].id.get_create_plist().get_filter(0)[0] == catena_hdf5.FILTER_ID
    for bad in (dict(level=0), dict(level=10), dict(level=7, model="0123456789abcdef")):
        with pytest.raises(ValueError):
            catena_hdf5.Catena(**bad)


def test_tables_of_a_dataset(tmp_path):
    import h5py

    event = np.arange(40000) // 7
    data = np.zeros(len(event), [("event", "<u8"), ("pt", "<f4"), ("twice", "<f4"), ("flag", "u1")])
    data["event"], data["pt"], data["flag"] = event, np.random.default_rng(3).exponential(20, len(event)), event % 3
    data["twice"] = data["pt"] * 2
    model = catena_hdf5.find_tables(data, chunks=(1000,), notes="of a test")
    assert model.kind == "tables" and catena_hdf5.Model(model.file).id == model.id
    for bad in (7, 9):
        with pytest.raises(ValueError):
            catena_hdf5.Catena(bad, model)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        catena_hdf5.embed_model(file, model)
        file.create_dataset("with", data=data, chunks=(1000,), **catena_hdf5.Catena(model=model))
        file.create_dataset("without", data=data, chunks=(1000,), **catena_hdf5.Catena())
    program = f"import catena_hdf5, h5py; print(h5py.File({str(tmp_path / 'x.h5')!r})['with']['event'].sum())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and str(event.sum()) in done.stdout, done.stderr
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["with"][()] == data).all()
        assert file["with"].id.get_storage_size() * 1.03 < file["without"].id.get_storage_size()
        again = catena_hdf5.find_tables(file["without"], 1)
    assert again.kind == "tables"
    grid = np.cumsum(np.random.default_rng(1).normal(size=(64, 64, 64)), axis=2).astype("f4")
    assert catena_hdf5.find_tables(grid, chunks=(4, 32, 64)).layout == "<f4"
    assert catena_hdf5.find_tables(np.zeros(0)) is None and catena_hdf5.find_tables(np.zeros(9, "V3")) is None


def test_tables_after_import(tmp_path):
    import h5py

    data = np.arange(3000, dtype="f4")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a", data=data, chunks=(1000,), **catena_hdf5.Catena(level=3))
    program = f"import catena_hdf5, tables; print(tables.open_file({str(tmp_path / 'x.h5')!r}).root.a[:].sum())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and str(data.sum()) in done.stdout, done.stderr


def test_numcodecs_and_zarr(tmp_path):
    import numcodecs
    import zarr

    codec = numcodecs.get_codec({"id": "catena", "level": 3})
    data = np.arange(600, dtype="<f4").reshape(20, 30)
    for array in (data, np.asfortranarray(data)):
        assert bytes(codec.decode(codec.encode(array))) == array.tobytes(order="A")
    out = np.empty_like(data)
    codec.decode(codec.encode(data), out)
    assert (out == data).all()
    stored = zarr.create_array(str(tmp_path / "x.zarr"), shape=data.shape, chunks=(10, 30), dtype="<f4", compressors=codec, filters=None, zarr_format=2)
    stored[:] = data
    assert (zarr.open(str(tmp_path / "x.zarr"))[:] == data).all()


def test_zarr_format_3(tmp_path):
    import json

    import zarr
    from catena_hdf5.zarr3 import CatenaZarr

    rng = np.random.default_rng(1)
    cases = [np.cumsum(rng.normal(size=(40, 50)), axis=1).astype(kind) for kind in ("<f4", ">f8", "<i2", "u1")]
    cases.append(np.asfortranarray(cases[0]))
    if tuple(map(int, zarr.__version__.split(".")[:2])) < (3, 1):
        # It has no such arrays.
        del cases[1]
    for i, data in enumerate(cases):
        path = str(tmp_path / f"{i}.zarr")
        # The chunks at the edges are partial, and one is never written.
        stored = zarr.create_array(path, shape=data.shape, chunks=(16, 20), dtype=data.dtype, serializer=CatenaZarr(level=3), compressors=None, zarr_format=3)
        stored[:, :40] = data[:, :40]
        described = json.load(open(tmp_path / f"{i}.zarr" / "zarr.json"))
        assert described["codecs"] == [{"name": "catena", "configuration": {"level": 3}}]
        # Another process finds the codec by its entry point.
        program = f"import zarr, sys; a = zarr.open_array({path!r}, mode='r'); sys.stdout.buffer.write(a[:].astype({data.dtype.str!r}).tobytes())"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True)
        expected = data.copy()
        expected[:, 40:] = 0
        assert done.returncode == 0 and done.stdout == expected.tobytes(), done.stderr
    chunk = tmp_path / "0.zarr" / "c" / "0" / "0"
    damaged = bytearray(chunk.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    chunk.write_bytes(damaged)
    with pytest.raises(catena_hdf5.CatenaError):
        zarr.open_array(str(tmp_path / "0.zarr"), mode="r")[:]
    with pytest.raises(ValueError):
        CatenaZarr(level=0)
    with pytest.raises(ValueError):
        CatenaZarr.from_dict({"name": "catena", "configuration": {"depth": 3}})


def test_xarray_through_h5netcdf(tmp_path):
    import h5py
    import xarray

    data = np.cumsum(np.ones((4, 30, 40), "<f4"), axis=0)
    dataset = xarray.Dataset({"t": (("time", "y", "x"), data)})
    dataset.to_netcdf(tmp_path / "t.nc", engine="h5netcdf", encoding={"t": {"chunksizes": (2, 30, 40), **catena_hdf5.Catena(level=4)}})
    with h5py.File(tmp_path / "t.nc") as file:
        assert file["t"].id.get_create_plist().get_filter(0)[0] == catena_hdf5.FILTER_ID
    with xarray.open_dataset(tmp_path / "t.nc", engine="h5netcdf") as back:
        assert (back["t"].values == data).all()


def test_a_file_of_hdf5_2_is_repacked(tmp_path):
    """What `catena h5 pack` sends its user here for."""
    import pathlib

    import h5py
    from catena_hdf5.repack import compare, repack

    if h5py.version.hdf5_version_tuple < (2, 0, 0):
        pytest.skip("this HDF5 cannot read it either")
    source = pathlib.Path(__file__).parents[2] / "h5" / "tests" / "data" / "newer_release.h5"
    repack(str(source), str(tmp_path / "out.h5"))
    compare(str(source), str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["e"].id.get_create_plist().get_filter(0)[0] == catena_hdf5.FILTER_ID
