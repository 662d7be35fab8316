"""h5py: there and back over types and shapes, the values that a file holds, what is refused."""

import h5py
import numpy as np
import pytest

from conftest import CATENA, field, records


def roundtrip(path, data, chunks=True, options=(3,), **more):
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=data, chunks=chunks, compression=CATENA, compression_opts=options, **more)
    with h5py.File(path) as file:
        dataset = file["d"]
        back = dataset[()]
        values = dataset.id.get_create_plist().get_filter_by_id(CATENA)[1]
        masks = {dataset.id.get_chunk_info(i).filter_mask for i in range(dataset.id.get_num_chunks())}
        size = dataset.id.get_storage_size()
    assert back.dtype == data.dtype
    assert back.tobytes() == data.tobytes()
    assert masks <= {0}
    return values, size


NUMBERS = [order + kind for order in "<>" for kind in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8")] + ["i1", "u1", "?", "<c8", ">c16"]


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers(tmp_path, kind):
    data = (np.arange(2000) % 700 * 3).astype(kind)
    values, size = roundtrip(tmp_path / "x.h5", data, (600,))
    assert len(values) > 4 and size < data.nbytes


@pytest.mark.parametrize("shape, chunks", [
    ((1,), (1,)), ((7,), (3,)), ((50, 3), (20, 3)), ((9, 20, 30), (1, 20, 30)), ((9, 20, 30), (4, 7, 30)), ((3, 4, 5, 6), (2, 2, 2, 2)), ((2,) * 12, (1,) + (2,) * 11),
])
@pytest.mark.parametrize("level", [1, 2, 3, 5, 6, 7])
def test_shapes(tmp_path, shape, chunks, level):
    roundtrip(tmp_path / "x.h5", field(shape), chunks, (level,))


def test_special_values(tmp_path):
    bits = np.array([0, 1 << 31, 0x7F800000, 0xFF800000, 0x7FC00001, 0xFFFFFFFF, 1, 0x80000001], "u4")
    roundtrip(tmp_path / "x.h5", np.tile(bits, 100).view("f4"), (256,))


def test_compounds(tmp_path):
    values, size = roundtrip(tmp_path / "x.h5", records(3000), (1000,))
    assert len(values) <= 16 and size < records(3000).nbytes / 1.5
    inner = np.dtype([("xyz", "<f4", (3,)), ("id", ">u2")])
    outer = np.dtype([("head", "<i4"), ("hits", inner, (4,)), ("name", "S7"), ("raw", "V5")])
    data = np.zeros(500, outer)
    data["hits"]["xyz"] = np.arange(6000).reshape(500, 4, 3) / 7
    data["name"] = b"muon"
    values, _ = roundtrip(tmp_path / "y.h5", data, (128,))
    assert len(values) <= 16


@pytest.mark.parametrize("n", [35, 200, 1000])
def test_wide_compounds_stay_within_sixteen_values(tmp_path, n):
    rng = np.random.default_rng(n)
    kinds = rng.choice(["<f4", "<i4", "<u2", "u1", "<f8"], n)
    data = np.zeros(40, [(f"m{i}", kind) for i, kind in enumerate(kinds)])
    for i in range(n):
        data[f"m{i}"] = np.arange(40) * i % 100
    values, size = roundtrip(tmp_path / "x.h5", data, (40,))
    assert len(values) <= 16 and size < data.nbytes / 2


def test_strings_enums_opaque_and_references(tmp_path):
    roundtrip(tmp_path / "a.h5", np.array([b"some", b"words"] * 300, "S12"), (100,))
    enum = h5py.enum_dtype({"a": 0, "b": 1}, basetype="<i2")
    roundtrip(tmp_path / "b.h5", np.arange(600, dtype="<i2") % 2, (100,), dtype=enum)
    roundtrip(tmp_path / "c.h5", np.frombuffer(bytes(range(240)) * 10, "V6"), (100,))
    with h5py.File(tmp_path / "d.h5", "w") as file:
        data = np.array([file.ref] * 300, h5py.ref_dtype)
        dataset = file.create_dataset("d", data=data, dtype=h5py.ref_dtype, chunks=(64,), compression=CATENA)
        assert file[dataset[7]].name == "/"


def test_variable_length_and_empty(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        words = ["a", "longer words", "", "ü"] * 50
        file.create_dataset("s", data=words, dtype=h5py.string_dtype(), chunks=(40,), compression=CATENA)
        ragged = file.create_dataset("v", (30,), dtype=h5py.vlen_dtype("f4"), chunks=(7,), compression=CATENA, compression_opts=(5,))
        for i in range(30):
            ragged[i] = np.arange(i, dtype="f4")
        file.create_dataset("none", (0,), "f4", maxshape=(None,), chunks=(16,), compression=CATENA)
        file.create_dataset("hole", (100,), "f4", chunks=(16,), compression=CATENA, fillvalue=3)
    with h5py.File(tmp_path / "x.h5", "a") as file:
        assert [w.decode() for w in file["s"]] == words
        assert all((file["v"][i] == np.arange(i)).all() for i in range(30))
        file["none"].resize((50,))
        file["none"][:] = 1
        assert (file["hole"][:] == 3).all()
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["none"][:].sum() == 50


def test_behind_other_filters(tmp_path):
    data = field((40, 50))
    for more in (dict(shuffle=True), dict(fletcher32=True), dict(shuffle=True, fletcher32=True)):
        roundtrip(tmp_path / "x.h5", data, (20, 25), **more)


def test_noise_is_stored_not_refused(tmp_path):
    data = np.random.default_rng(5).integers(0, 256, 5000, "u1")
    _, size = roundtrip(tmp_path / "x.h5", data, (1000,))
    assert size <= data.nbytes + 5 * 20


@pytest.mark.parametrize("options", [(10,), (0xFFFFFFFF,), (5, 2), (5, 1), (7, 1, 3, 4), (5, 0, 1), (7, 1, 1), (5,) + (0,) * 16])
def test_absurd_values_are_refused(tmp_path, options):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        with pytest.raises((ValueError, OSError, RuntimeError), match="Catena: cd_values"):
            file.create_dataset("d", data=np.zeros(100), chunks=(10,), compression=CATENA, compression_opts=options)
        assert "d" not in file


def test_values_are_expanded_once(tmp_path):
    data = records(100)
    first, _ = roundtrip(tmp_path / "x.h5", data, (50,), (4,))
    second, _ = roundtrip(tmp_path / "y.h5", data, (50,), first)
    assert first == second and first[:4] == (4, 0, 0, 0)
    # The values of another type are put right.
    third, _ = roundtrip(tmp_path / "z.h5", field((30, 40)), (10, 40), first)
    fresh, _ = roundtrip(tmp_path / "w.h5", field((30, 40)), (10, 40), (4,))
    assert third == fresh != first


def test_the_same_bytes_from_one_thread_and_from_many(tmp_path, python):
    program = """
        import hashlib, h5py
        from conftest import records
        with h5py.File({0!r}, "w") as file:
            dataset = file.create_dataset("d", data=records(60000), chunks=(60000,), compression=51838, compression_opts=(3,))
            print(hashlib.sha256(dataset.id.read_direct_chunk((0,))[1]).hexdigest())
    """
    seen = set()
    for threads in ("1", "0"):
        status, out = python(program.format(str(tmp_path / f"{threads}.h5")), CATENA_THREADS=threads)
        assert status == 0, out
        seen.add(out)
    assert len(seen) == 1
