"""Trained models: in the file, on the search path, nowhere."""

import os
import subprocess

import h5py
import numpy as np
import pytest

from conftest import CATENA, records


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A model that nobody trained, for the records of conftest: its hash and its file."""
    path = tmp_path_factory.mktemp("model") / "sample.catmodel"
    made = subprocess.run([os.environ["CATENA_SAMPLE_MODEL"], "<u8,<f4,<f4,u1,u1,<i2,u1", str(path)], check=True, capture_output=True, text=True)
    return made.stdout.strip(), path


KIND = np.dtype([("event", "<u8"), ("pt", "<f4"), ("eta", "<f4"), ("hits", "u1"), ("flag", "u1"), ("charge", "<i2"), ("more", "u1")])


def data(n=3000):
    of = records(n)
    out = np.zeros(n, KIND)
    for name in of.dtype.names:
        out[name] = of[name]
    return out


def options(hash_, level=8):
    return (level, 1, int(hash_[:8], 16), int(hash_[8:16], 16))


def put_model(file, model):
    file.create_dataset("/.catena/" + model[0][:16], data=np.fromfile(model[1], "u1"))


def write(path, model, embed=True):
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        if embed:
            put_model(file, model)
        # netCDF knows compounds by named types of plain numbers.
        file["kind"] = KIND
        dataset = file.create_dataset("d", data=data(), dtype=file["kind"], chunks=(1000,), compression=CATENA, compression_opts=options(model[0]))
        file.flush()
        # The second half of the block's second byte says that a model is named.
        assert dataset.id.read_direct_chunk((0,))[1][1] == 0x18


READERS = {
    "h5py": "import h5py; d = h5py.File({0!r})['d'][()]",
    "one by one": "import h5py; f = h5py.File({0!r}); d = f['d']; import numpy; d = numpy.concatenate([d[i:i + 300] for i in range(0, 3000, 300)])",
    "tables": "import tables; d = tables.open_file({0!r}).root.d[:]",
    "netCDF4": "import netCDF4; d = netCDF4.Dataset({0!r})['d'][:]",
}


def netcdf_reads_compounds():
    """Types with bytes between their members: from netCDF4 1.7 on."""
    import netCDF4

    return tuple(map(int, netCDF4.__version__.split(".")[:2])) >= (1, 7)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_carries_its_model_opens_anywhere(tmp_path, model, reader, python):
    path = tmp_path / "x.h5"
    if reader == "netCDF4" and not netcdf_reads_compounds():
        pytest.skip("this release reads no such variable, whatever its filters")
    write(path, model)
    # A fresh process: nothing is cached, and there is no other place to find the model in.
    status, out = python("import sys; sys.path.insert(0, %r)\n" % os.path.dirname(__file__) + READERS[reader].format(str(path)) + "\nfrom test_models import data\nassert all((d[name] == data()[name]).all() for name in data().dtype.names) and len(d) == 3000; print('same')", XDG_DATA_HOME=str(tmp_path), CATENA_MODEL_PATH="")
    assert status == 0 and "same" in out, out


def test_the_tools_read_it(tmp_path, model):
    write(tmp_path / "x.h5", model)
    with h5py.File(tmp_path / "plain.h5", "w", libver=("earliest", "v110")) as file:
        put_model(file, model)
        file["kind"] = KIND
        file.create_dataset("d", data=data(), dtype=file["kind"], chunks=(1000,))
    for path in ("x.h5", "copy.h5", "unpacked.h5"):
        if path != "x.h5":
            how = ["-f", "NONE"] if path == "unpacked.h5" else []
            subprocess.run(["h5repack", *how, tmp_path / "x.h5", tmp_path / path], check=True, capture_output=True)
        done = subprocess.run(["h5diff", tmp_path / "plain.h5", tmp_path / path], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    with h5py.File(tmp_path / "copy.h5") as file:
        assert file["d"].id.get_create_plist().get_filter_by_id(CATENA)[1][:4] == options(model[0])


def test_a_file_is_appended_to_by_another_process(tmp_path, model, python):
    path = tmp_path / "x.h5"
    write(path, model)
    status, out = python(f"""
        import h5py
        with h5py.File({str(path)!r}, "a") as file:
            file["d"]["charge"]
            part = file["d"][1000:2000]
            part["charge"] += 1
            file["d"][1000:2000] = part
    """, XDG_DATA_HOME=str(tmp_path))
    assert status == 0, out
    # Never read before it is written: the file may be closing when the filter is called.
    status, out = python(f"""
        import h5py
        with h5py.File({str(path)!r}, "a") as file:
            file["d"][2000:3000] = file["d"].dtype.type() if False else __import__("numpy").zeros(1000, file["d"].dtype)
    """, XDG_DATA_HOME=str(tmp_path))
    assert status == 0, out
    expected = data()
    expected["charge"][1000:2000] += 1
    expected[2000:3000] = 0
    with h5py.File(path) as file:
        assert file["d"][()].tobytes() == expected.tobytes()


def test_a_missing_model_is_named(tmp_path, model, python):
    path = tmp_path / "x.h5"
    write(path, model)
    with h5py.File(path, "a") as file:
        del file[".catena"]
    program = f"""
        import h5py
        with h5py.File({str(path)!r}) as file:
            try:
                file["d"][()]
            except OSError as error:
                print("caught", error)
    """
    status, out = python(program, XDG_DATA_HOME=str(tmp_path), CATENA_MODEL_PATH="/nowhere/at/all")
    assert status == 0 and "caught" in out and model[0][:16] in out and "/nowhere/at/all" in out and "/.catena/" in out, out
    status, out = python(program, CATENA_MODEL_PATH=str(model[1].parent))
    assert status == 0 and "caught" not in out, out


def test_a_dataset_is_not_created_without_its_model(tmp_path, python):
    status, out = python(f"""
        import h5py, numpy
        with h5py.File({str(tmp_path / "x.h5")!r}, "w") as file:
            try:
                file.create_dataset("d", (10,), "f4", chunks=(5,), compression=51838, compression_opts=(8, 1, 0x01234567, 0x89abcdef))
            except (ValueError, OSError) as error:
                print("caught", error)
    """)
    assert status == 0 and "caught" in out and "0123456789abcdef" in out, out


def test_a_model_of_another_type_is_passed_over(tmp_path, model):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        put_model(file, model)
        values = np.arange(500, dtype="f4")
        file.create_dataset("d", data=values, chunks=(100,), compression=CATENA, compression_opts=options(model[0]))
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["d"][()] == values).all()


def test_what_is_no_model_is_told(tmp_path, model, python):
    path = tmp_path / "x.h5"
    write(path, model)
    with h5py.File(path, "a") as file:
        whole = file["/.catena/" + model[0][:16]]
        whole[100] = whole[100] ^ 1
    status, out = python(f"""
        import h5py
        with h5py.File({str(path)!r}) as file:
            try:
                file["d"][()]
            except OSError as error:
                print("caught", error)
    """, XDG_DATA_HOME=str(tmp_path))
    assert status == 0 and "caught" in out and "damaged" in out, out
