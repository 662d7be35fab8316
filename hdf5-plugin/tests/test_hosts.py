"""The other libraries and tools: tables, netCDF4, h5repack, h5diff, h5dump, nccopy."""

import ctypes
import glob
import os
import shutil
import subprocess

import h5py
import numpy as np
import pytest

from conftest import CATENA, field, records

tool = lambda name: pytest.mark.skipif(shutil.which(name) is None, reason=name + " is not installed")


def write(path, level=4):
    """One file with a bit of everything."""
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        how = dict(compression=CATENA, compression_opts=(level,))
        file.create_dataset("jets", data=records(2000), chunks=(600,), **how)
        file.create_dataset("grid", data=field((20, 30, 40)), chunks=(5, 30, 40), **how)
        file.create_dataset("big", data=np.arange(3000).astype(">i4"), chunks=(1000,), maxshape=(None,), **how)
        file.create_dataset("plain", data=np.arange(3000).astype("<f8"), chunks=(1000,))
        file.create_dataset("words", data=np.array([b"muon", b"electron"] * 200, "S9"), chunks=(100,), **how)


def filters_of(path, name):
    with h5py.File(path) as file:
        plist = file[name].id.get_create_plist()
        return [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]


def test_tables_read_and_write(tmp_path, python):
    write(tmp_path / "x.h5")
    status, out = python(f"""
        import numpy, tables
        from conftest import field, records
        with tables.open_file({str(tmp_path / "x.h5")!r}, "a") as file:
            assert (file.root.grid[:] == field((20, 30, 40))).all()
            assert (file.root.big[:] == numpy.arange(3000)).all()
            file.root.grid[5:10] = file.root.grid[5:10] * 2
            file.root.big.append(numpy.arange(3000, 7000).astype(">i4"))
        with tables.open_file({str(tmp_path / "x.h5")!r}) as file:
            assert (file.root.big[:] == numpy.arange(7000)).all()
        print("done")
    """)
    assert status == 0 and "done" in out, out
    with h5py.File(tmp_path / "x.h5") as file:
        twice = field((20, 30, 40))
        twice[5:10] *= 2
        assert (file["grid"][()] == twice).all()
        assert file["big"].id.get_chunk_info(6).filter_mask == 0


def test_netcdf4_reads_and_writes(tmp_path, python):
    path = tmp_path / "x.nc"
    status, out = python(f"""
        import h5py, netCDF4
        from conftest import field
        data = field((10, 20, 30))
        with netCDF4.Dataset({str(path)!r}, "w") as file:
            for name, n in zip("zyx", data.shape):
                file.createDimension(name, n)
        with h5py.File({str(path)!r}, "a") as file:
            made = file.create_dataset("t", data=data, chunks=(5, 20, 30), compression=51838, track_order=True)
            for axis, name in enumerate("zyx"):
                made.dims[axis].attach_scale(file[name])
        with netCDF4.Dataset({str(path)!r}, "a") as file:
            assert (file["t"][:] == data).all()
            file["t"][0:5] = file["t"][0:5] + 1
        with netCDF4.Dataset({str(path)!r}) as file:
            assert file["t"][0, 0, 0] == (data[0, 0] + 1)[0]
        print("done")
    """)
    assert status == 0 and "done" in out, out
    data = field((10, 20, 30))
    data[0:5] += 1
    with h5py.File(path) as file:
        assert (file["t"][()] == data).all()


@pytest.mark.parametrize("package", ["tables", "netCDF4"])
def test_creation_in_another_library(tmp_path, package, python):
    """Neither package passes a filter's number on, so the library that it brings is called by hand: set_local runs there."""
    status, out = python(f"""
        import ctypes, glob, os, importlib
        import numpy
        package = importlib.import_module({package!r})
        beside = os.path.join(os.path.dirname(os.path.dirname(package.__file__)), "*.libs")
        name = [n for n in glob.glob(beside + "/libhdf5-*") if {package.lower()!r} in n.lower()][0]
        lib = ctypes.CDLL(name)
        lib.H5open()
        hid = ctypes.c_int64
        for f in ("H5Fcreate", "H5Pcreate", "H5Screate_simple", "H5Dcreate2"):
            getattr(lib, f).restype = hid
        def var(n):
            return hid.in_dll(lib, n)
        dims = (ctypes.c_uint64 * 2)(40, 50)
        chunk = (ctypes.c_uint64 * 2)(20, 50)
        file = hid(lib.H5Fcreate({str(tmp_path / "x.h5")!r}.encode(), 2, hid(0), hid(0)))
        dcpl = hid(lib.H5Pcreate(var("H5P_CLS_DATASET_CREATE_ID_g")))
        assert lib.H5Pset_chunk(dcpl, 2, chunk) >= 0
        values = (ctypes.c_uint * 1)(5)
        assert lib.H5Pset_filter(dcpl, 51838, 0, ctypes.c_size_t(1), values) >= 0
        space = hid(lib.H5Screate_simple(2, dims, None))
        data = hid(lib.H5Dcreate2(file, b"d", var("H5T_IEEE_F32BE_g"), space, hid(0), dcpl, hid(0)))
        assert data.value >= 0
        raw = numpy.arange(2000, dtype="<f4")
        assert lib.H5Dwrite(data, var("H5T_IEEE_F32LE_g"), hid(0), hid(0), hid(0), raw.ctypes.data_as(ctypes.c_void_p)) >= 0
        lib.H5Dclose(data); lib.H5Fclose(file)
        print("done")
    """)
    assert status == 0 and "done" in out, out
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["d"][()].ravel() == np.arange(2000)).all()
        plist = file["d"].id.get_create_plist()
        values = plist.get_filter_by_id(CATENA)[1]
    # The very values that h5py's library comes to.
    with h5py.File(tmp_path / "y.h5", "w") as file:
        d = file.create_dataset("d", (40, 50), ">f4", chunks=(20, 50), compression=CATENA, compression_opts=(5,))
        assert d.id.get_create_plist().get_filter_by_id(CATENA)[1] == values


@tool("h5repack")
@tool("h5diff")
def test_h5repack_there_and_back(tmp_path):
    source, packed, plain = (str(tmp_path / name) for name in ("s.h5", "p.h5", "u.h5"))
    with h5py.File(source, "w", libver=("earliest", "v110")) as file:
        file.create_dataset("jets", data=records(2000), chunks=(600,))
        file.create_dataset("grid", data=field((20, 30, 40)), chunks=(5, 30, 40))
        file.create_dataset("words", data=np.array([b"muon", b"electron"] * 2000, "S9"), chunks=(100,))
        file.create_dataset("strings", data=["a", "bc"] * 2000, dtype=h5py.string_dtype(), chunks=(100,))
    subprocess.run(["h5repack", "-f", f"UD={CATENA},0,1,4", source, packed], check=True, capture_output=True)
    assert CATENA in filters_of(packed, "jets") and CATENA in filters_of(packed, "grid")
    again = str(tmp_path / "again.h5")
    subprocess.run(["h5repack", packed, again], check=True, capture_output=True)
    assert CATENA in filters_of(again, "grid")
    subprocess.run(["h5repack", "-f", "NONE", again, plain], check=True, capture_output=True)
    assert filters_of(plain, "grid") == []
    for other in (packed, again, plain):
        done = subprocess.run(["h5diff", source, other], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert os.path.getsize(packed) < 0.8 * os.path.getsize(source)


@tool("h5dump")
def test_h5dump_shows_the_values(tmp_path):
    write(tmp_path / "x.h5")
    out = subprocess.run(["h5dump", "-pH", str(tmp_path / "x.h5")], check=True, capture_output=True, text=True).stdout
    assert str(CATENA) in out and "Catena" in out
    out = subprocess.run(["h5dump", "-d", "/big", str(tmp_path / "x.h5")], check=True, capture_output=True, text=True).stdout
    assert "2999" in out


@tool("nccopy")
def test_nccopy(tmp_path):
    import netCDF4

    source, packed, plain = (str(tmp_path / name) for name in ("s.nc", "p.nc", "u.nc"))
    data = field((10, 20, 30))
    with netCDF4.Dataset(source, "w") as file:
        for name, n in zip("zyx", data.shape):
            file.createDimension(name, n)
        file.createVariable("t", "f4", tuple("zyx"), chunksizes=(5, 20, 30))[:] = data
    subprocess.run(["nccopy", "-F", f"t,{CATENA},4", source, packed], check=True, capture_output=True)
    assert CATENA in filters_of(packed, "t")
    subprocess.run(["nccopy", "-F", "none", packed, plain], check=True, capture_output=True)
    for path in (packed, plain):
        with h5py.File(path) as file:
            assert (file["t"][()] == data).all()
