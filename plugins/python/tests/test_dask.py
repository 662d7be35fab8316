"""Many files on two worker processes: killed, failing and tried again, they come out equal, and nothing else lies beside them."""

import os
import pathlib
import signal
import sys
import threading
import time

import h5py
import numpy as np
import pytest

distributed = pytest.importorskip("distributed")

import catena_hdf5.dask as many
from catena_hdf5.repack import compare, repack


def make(path, seed=0, rows=3000):
    """A file with all that files have."""
    noise = np.random.default_rng(seed)
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["title"] = "a run"
        file.attrs.create("fixed", np.bytes_(b"abc"))
        file.attrs["numbers"] = np.arange(5, dtype=">i2")
        file.attrs["nothing"] = h5py.Empty("f4")
        events = np.zeros(rows, [("pt", "<f4"), ("id", ">i8"), ("hits", "<u2", (3,))])
        events["pt"] = noise.normal(size=rows)
        events["id"] = np.arange(rows)
        file["b/events"] = events
        file.create_dataset("b/image", data=np.cumsum(noise.normal(size=(60, 500)).astype("f4"), axis=1), chunks=(7, 500), maxshape=(None, 500),
                            compression="gzip", shuffle=True, fillvalue=-1)
        file["a"] = noise.integers(0, 9, (30, 400), dtype="u1")
        file["scalar"] = 3.5
        file["empty"] = np.zeros((0, 4))
        file["none"] = h5py.Empty("f8")
        file["words"] = np.array(["some", "words", ""] * 9, dtype=object)
        file["b"].attrs["where"] = file["a"].ref
        file["refs"] = np.array([file["a"].ref, file["b/events"].ref, h5py.Reference()], dtype=h5py.ref_dtype)
        file["x"] = np.linspace(0, 1, 400)
        file["x"].make_scale("x")
        file["a"].dims[1].attach_scale(file["x"])
        file["again"] = file["b/events"]
        file["soft"] = h5py.SoftLink("/b/image")
        file["outside"] = h5py.ExternalLink("other.h5", "/d")


@pytest.fixture(scope="module")
def client():
    # Tasks that die with their worker are given to another one this often, beside the retries.
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            yield client


def test_a_file_is_repacked(tmp_path):
    make(tmp_path / "in.h5")
    packed = repack(tmp_path / "in.h5", tmp_path / "out.h5", 3)
    compare(tmp_path / "in.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "in.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        assert packed == sum(old[name].nbytes for name in ("b/events", "b/image", "a"))
        assert new["b/events"].id.get_create_plist().get_filter(0)[0] == 51838
        assert new["b/image"].chunks == (7, 500) and new["b/image"].maxshape == (None, 500) and new["b/image"].fillvalue == -1
        assert new["a"].dims[1][0].name == "/x" and new[new["refs"][1]] == new["b/events"] and not new["refs"][2]
        assert new["again"] == new["b/events"] and new.get("soft", getlink=True).path == "/b/image"
        assert (new["b/events"][:] == old["b/events"][:]).all()


@pytest.mark.parametrize("change", ["element", "attribute", "object", "type"])
def test_differences_are_found(tmp_path, change):
    make(tmp_path / "in.h5")
    repack(tmp_path / "in.h5", tmp_path / "out.h5", 1)
    with h5py.File(tmp_path / "out.h5", "a") as file:
        if change == "element":
            file["b/image"][59, 499] += 1
        elif change == "attribute":
            file.attrs["numbers"] = np.arange(1, 6, dtype=">i2")
        elif change == "object":
            del file["scalar"]
        else:
            del file["scalar"]
            file["scalar"] = np.float32(3.5)
    with pytest.raises(ValueError):
        compare(tmp_path / "in.h5", tmp_path / "out.h5")


def test_netcdf(tmp_path):
    netCDF4 = pytest.importorskip("netCDF4")
    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        for name, length in (("t", None), ("x", 300)):
            file.createDimension(name, length)
            file.createVariable(name, "f8", (name,))
        file["x"][:] = np.arange(300)
        field = file.createVariable("field", "f4", ("t", "x"), zlib=True, fill_value=-9.0)
        field.units = "K"
        field[:20] = np.random.default_rng(1).normal(size=(20, 300))
        file["t"][:] = np.arange(20)
    repack(tmp_path / "in.nc", tmp_path / "out.nc")
    compare(tmp_path / "in.nc", tmp_path / "out.nc")
    with h5py.File(tmp_path / "out.nc") as new:
        assert new["field"].dims[1][0].name == "/x"


def test_a_worker_is_killed_half_way(client, tmp_path):
    sources = [tmp_path / "in" / f"run{i}.h5" for i in range(12)]
    sources[0].parent.mkdir()
    for i, source in enumerate(sources):
        make(source, seed=i, rows=4000 + 800 * i)
    pid = next(iter(client.run(os.getpid).values()))
    out, killed, seen = tmp_path / "out", [], []

    def kill():
        # Half-way: in the middle of a file that it writes, once some files are done.
        while not killed:
            parts = list(out.glob(".*.part")) if out.exists() else []
            if len(seen) >= 4 and parts:
                os.kill(pid, signal.SIGKILL)
                killed.append(parts)
            time.sleep(0.002)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    results = many.pack(sources, out, client, level=3, progress=lambda done, total, latest: seen.append(latest))
    thread.join(10)
    assert killed and len(seen) == 12
    assert [result.source for result in results] == [str(source) for source in sources]
    for source, result in zip(sources, results):
        assert result.ok and not result.skipped, result
        compare(source, result.target)
    assert sorted(path.name for path in out.iterdir()) == sorted(source.name for source in sources), "something was left"
    # The same call again has nothing to do, and is quick.
    again = many.pack(sources, out, client, progress=False)
    assert all(result.ok and result.skipped for result in again)


def test_one_that_fails_is_reported_and_the_others_go_on(client, tmp_path, capsys):
    make(tmp_path / "good.h5")
    (tmp_path / "bad.h5").write_bytes(b"no HDF5 file")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".good.h5.catena-0123.part").write_bytes(b"left by a crash")
    files = [tmp_path / "bad.h5", tmp_path / "good.h5", tmp_path / "missing.h5"]
    bad, good, missing = many.pack(files, tmp_path / "out", client, level=2, retries=1)
    assert good.ok and not bad.ok and not missing.ok
    assert "tried 2 times" in bad.error and "OSError" in bad.error and "FileNotFoundError" in missing.error
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.h5"]
    told = capsys.readouterr().err
    assert "3 of 3 files" in told and "bad.h5" in told


def test_what_is_there_stays_unless_asked(client, tmp_path):
    make(tmp_path / "x.h5")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.h5").write_bytes(b"precious")
    (result,) = many.pack([tmp_path / "x.h5"], tmp_path / "out", client, progress=False)
    assert result.skipped and (tmp_path / "out" / "x.h5").read_bytes() == b"precious"
    (result,) = many.pack([tmp_path / "x.h5"], tmp_path / "out", client, progress=False, overwrite=True)
    assert result.ok and not result.skipped
    compare(tmp_path / "x.h5", tmp_path / "out" / "x.h5")


def test_what_makes_no_sense_is_refused(client, tmp_path):
    make(tmp_path / "x.h5", rows=10)
    (tmp_path / "d").mkdir()
    make(tmp_path / "d" / "x.h5", rows=10)
    with pytest.raises(ValueError, match="both become"):
        many.pack([tmp_path / "x.h5", tmp_path / "d" / "x.h5"], tmp_path / "out", client)
    with pytest.raises(ValueError, match="onto itself"):
        many.pack([tmp_path / "x.h5"], tmp_path, client)
    with pytest.raises(ValueError, match="level 11"):
        many.pack([tmp_path / "x.h5"], tmp_path / "out", client, level=11)


def test_by_a_command(client, tmp_path):
    make(tmp_path / "x.h5", rows=10)
    command = tmp_path / "catena"
    command.write_text(f"#!{sys.executable}\nimport shutil, sys\nassert sys.argv[1] == 'h5'\n"
                       "shutil.copyfile(*sys.argv[-2:]) if sys.argv[2] == 'pack' else None\n")
    command.chmod(0o755)
    (result,) = many.pack([tmp_path / "x.h5"], tmp_path / "out", client, progress=False, command=str(command))
    assert result.ok and pathlib.Path(result.target).read_bytes() == (tmp_path / "x.h5").read_bytes()
    command.write_text("#!/bin/sh\necho it is Monday >&2; exit 1\n")
    (result,) = many.pack([tmp_path / "x.h5"], tmp_path / "out2", client, progress=False, retries=0, command=str(command))
    assert "it is Monday" in result.error
