"""Arrays come back with dtype, shape and order, or are refused; options are refused where they are given; errors and models are pickled."""

import pickle
import struct

import numpy as np
import pytest

import catena_hdf5

PLAIN = [order + kind for order in "<>" for kind in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8", "c8", "c16", "U3", "M8[ns]", "M8[25s]", "m8[D]", "M8")]
OTHERS = ["i1", "u1", "?", "S5", "S1", "V7", "g", "G", "S0", "U0"]
INNER = np.dtype([("x", "<f4"), ("y", ">i2", (3,))])
RECORDS = [
    [("a", "<f4"), ("b", ">i2", (3,)), ("c", "u1")],
    [("only", "<f4")],
    [("flag", "?"), ("when", "<M8[us]"), ("z", "<c8"), ("name", "U4"), ("tag", "S3")],
    [("inner", INNER), ("many", INNER, (2, 3))],
    [("matrix", "<f8", (2, 2))],
    [("one of one", "<f4", (1,))],
    [("a,b:c%[d] é", "<f4"), ("", "<i4")],
    [(("a title", "name"), "<f4"), ("b", "i1")],
]
LAID_OUT = [
    np.dtype([("pt", "<f4"), ("hits", "<u2", (3,)), ("q", "i1")], align=True),
    np.dtype({"names": ["b", "a"], "formats": ["<i4", "<f8"], "offsets": [8, 0], "itemsize": 20}),
    np.dtype({"names": ["whole", "low"], "formats": ["<u4", "<u2"], "offsets": [0, 0]}),
    np.dtype({"names": [], "formats": [], "offsets": [], "itemsize": 8}),
    np.dtype([("f%d" % i, "<f4") for i in range(300)]),
]
SHAPES = [(), (1,), (7,), (0,), (3, 4), (0, 5), (5, 0), (1, 1), (2, 3, 4), (1, 6), (6, 1)]


def filled(dtype, shape):
    array = np.zeros(shape, dtype)
    if array.nbytes:
        raw = array.reshape(-1).view("u1")
        raw[:] = np.arange(raw.size) % 3 if array.dtype.kind not in "bU" else np.arange(raw.size) % 2
        if array.dtype.kind == "U":
            array.fill("aé"[:array.dtype.itemsize // 4])
    return array


def whole(array):
    """All bytes: a copy of records leaves out what is between their fields."""
    return (array.view(f"V{array.dtype.itemsize}") if array.dtype.names is not None else array).tobytes()


def same(back, array, order=None):
    assert back.dtype == array.dtype and back.dtype.isalignedstruct == array.dtype.isalignedstruct
    assert back.shape == array.shape
    assert whole(back) == whole(array)
    assert back.flags.c_contiguous or back.flags.f_contiguous == array.flags.f_contiguous
    if order:
        assert back.flags[order + "_CONTIGUOUS"]


@pytest.mark.parametrize("dtype", [*map(np.dtype, PLAIN + OTHERS + RECORDS), *LAID_OUT], ids=lambda d: str(d)[:40])
def test_every_dtype_shape_and_order(dtype):
    for shape in SHAPES:
        array = filled(dtype, shape)
        coded = catena_hdf5.compress(array, 1)
        same(catena_hdf5.decompress_array(coded), array)
        assert catena_hdf5.decompress(coded) == array.tobytes()
        if array.ndim > 1:
            for other in (np.asfortranarray(array), array.T, array[::2, ::-1]):
                same(catena_hdf5.decompress_array(catena_hdf5.compress(other, 1)), other, "F" if other.flags.f_contiguous and not other.flags.c_contiguous else "C")


@pytest.mark.parametrize("level", range(1, 10))
def test_levels(level):
    array = np.asfortranarray(np.cumsum(np.ones((60, 70)), 0) > 30)
    same(catena_hdf5.decompress_array(catena_hdf5.compress(array, level)), array, "F")


def test_a_plain_array_takes_no_byte_more():
    array = np.arange(600, dtype="<f4").reshape(20, 30)
    assert catena_hdf5.compress(array) == catena_hdf5.compress(array.tobytes(), dtype="<f4", shape=(20, 30))
    more = len(catena_hdf5.compress(array.astype("?"))) - len(catena_hdf5.compress(array.astype("?").tobytes(), dtype="u1", shape=(20, 30)))
    assert 0 < more < 120


def test_several_in_a_row():
    a, b = np.arange(5, dtype="<f4"), np.arange(3, dtype="<f4")
    back = catena_hdf5.decompress_array(catena_hdf5.compress(a) + catena_hdf5.compress(b))
    assert (back == np.concatenate([a, b])).all()
    for other in (np.arange(3, dtype="<i8"), np.arange(3) > 1):
        with pytest.raises(ValueError, match="several types"):
            catena_hdf5.decompress_array(catena_hdf5.compress(a) + catena_hdf5.compress(other))
    two = catena_hdf5.compress(a > 1) + catena_hdf5.compress(a > 2)
    with pytest.raises(ValueError, match="several types"):
        catena_hdf5.decompress_array(two)
    assert catena_hdf5.decompress_array(two, dtype="?").shape == (10,)


def test_what_is_asked_for_goes_before_what_the_stream_says():
    coded = catena_hdf5.compress(np.arange(12, dtype=">i4").reshape(3, 4) > 4)
    assert catena_hdf5.decompress_array(coded, dtype="u1").dtype == "u1"
    assert catena_hdf5.decompress_array(coded, shape=(2, 6)).shape == (2, 6)


def test_a_description_that_makes_no_sense_is_refused():
    from catena_hdf5 import _native

    data = catena_hdf5.compress(b"abcd", dtype="u1")
    for text in ("numpy%3A1%3A", "numpy%3A1%3A{}", "numpy%3A1%3A1"):
        with pytest.raises(ValueError, match="description"):
            catena_hdf5.decompress_array(data + _native.compress(b"", 1, text + ":u1", None, False, 1))


@pytest.mark.parametrize("array", [
    np.array(["a", None], object),
    np.array([(1, "x")], [("a", "<i4"), ("b", object)]),
    np.ma.masked_array([1.0, 2.0], [True, False]),
], ids=["objects", "objects in records", "masked"])
def test_what_has_no_bytes_of_its_own_is_refused(array):
    with pytest.raises(TypeError):
        catena_hdf5.compress(array)


def test_strings_of_any_length_are_refused():
    if not hasattr(np.dtypes, "StringDType"):
        pytest.skip("NumPy has them from 2.0 on")
    with pytest.raises(TypeError):
        catena_hdf5.compress(np.array(["a", "bc"], np.dtypes.StringDType()))


BAD_LEVELS = [0, 10, -1, 256, 1 << 70, 5.0, "5", None, True, b"5", [5]]


@pytest.mark.parametrize("level", BAD_LEVELS, ids=repr)
def test_levels_are_checked_where_they_are_given(level, tmp_path):
    numcodecs = pytest.importorskip("numcodecs")
    pytest.importorskip("zarr")
    from catena_hdf5.codec import CatenaCodec
    from catena_hdf5.zarr3 import CatenaZarr

    (tmp_path / "x.cat").write_bytes(b"precious")
    makers = [
        catena_hdf5.Catena, CatenaCodec, CatenaZarr, lambda level: catena_hdf5.compress(b"abc", level), lambda level: catena_hdf5.open(tmp_path / "x.cat", "wb", level=level),
        lambda level: numcodecs.get_codec({"id": "catena", "level": level}), lambda level: CatenaZarr.from_dict({"name": "catena", "configuration": {"level": level}}),
    ]
    for make in makers:
        with pytest.raises((ValueError, TypeError)):
            make(level)
    if level is not None and level is not True:
        with pytest.raises(catena_hdf5.CatenaError):
            catena_hdf5.Compressor(level)
    assert (tmp_path / "x.cat").read_bytes() == b"precious"


def test_levels_of_numpy_are_levels():
    assert catena_hdf5.Catena(np.int64(7)).level == 7
    assert type(catena_hdf5.Catena(np.uint8(7)).filter_options[0]) is int


def test_other_options_are_checked_too(tmp_path):
    from catena_hdf5.codec import CatenaCodec

    for bad in (dict(dtype="nonsense"), dict(dtype=object), dict(model="0123456789abcdef")):
        with pytest.raises((TypeError, ValueError)):
            CatenaCodec(**bad)
    for model in (0, True, 1.5, object(), "/nowhere.catmodel", tmp_path, b"\0"):
        with pytest.raises((TypeError, ValueError, OSError)):
            catena_hdf5.Catena(8, model)
    for file in (0, None, object(), [b"abc"]):
        for mode in ("rb", "wb"):
            with pytest.raises(TypeError):
                catena_hdf5.open(file, mode)
    for bad in (dict(dtype=object), dict(dtype="nonsense"), dict(shape=(-1,), dtype="f4")):
        with pytest.raises((TypeError, ValueError)):
            catena_hdf5.compress(b"abcd" * 4, **bad)
    for bad in (dict(mode="q"), dict(mode="wb", dtype=object), dict(threads=-1), dict(memory_limit=-1)):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            catena_hdf5.open(tmp_path / "none.cat", **bad)
    assert not (tmp_path / "none.cat").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_are_pickled(protocol):
    with pytest.raises(catena_hdf5.CatenaError) as caught:
        catena_hdf5.decompress(b"nothing of the kind")
    back = pickle.loads(pickle.dumps(caught.value, protocol))
    assert type(back) is catena_hdf5.CatenaError and back.args == caught.value.args and str(back)


def test_errors_cross_processes():
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(catena_hdf5.CatenaError, match="magic|Catena|stream"):
            pool.submit(catena_hdf5.decompress, b"nothing of the kind").result()


def test_options_are_pickled():
    numcodecs = pytest.importorskip("numcodecs")
    for of in (catena_hdf5.Catena(8, "0123456789abcdef"), catena_hdf5.Catena(3), numcodecs.get_codec({"id": "catena", "level": 3, "dtype": "<f4"})):
        assert pickle.loads(pickle.dumps(of)) == of


def test_options_have_what_those_of_hdf5plugin_have():
    plain, named = catena_hdf5.Catena(level=3), catena_hdf5.Catena(8, "0123456789abcdef" * 4)
    assert (plain.filter_id, plain.filter_name, plain.filter_options) == (51838, "catena", (3,))
    assert plain.get_config() == {"level": 3} and plain.level == 3 and plain.model is None
    assert named.get_config() == {"level": 8, "model": "0123456789abcdef"}
    assert catena_hdf5.Catena(**named.get_config()) == named and hash(catena_hdf5.Catena(**named.get_config())) == hash(named)
    assert repr(plain) == "Catena(level=3)" and eval(repr(named), {"Catena": catena_hdf5.Catena}) == named
    for options in ((3,), (3, 0), (3, 0, 0, 0), (3, 0, 0, 0, 0xCA7E0001, 10)):
        assert catena_hdf5.Catena.from_filter_options(options) == plain
    assert catena_hdf5.Catena.from_filter_options(named.filter_options + (0xCA7E0001,)) == named
    assert catena_hdf5.Catena.from_filter_options(()).level == catena_hdf5.Catena.from_filter_options((0,)).level == 3
    for bad in ((10,), (5, 2), (5, 1), (5, 0, 1), (7, 1, 1, 1), (5,) * 17, (-1,)):
        with pytest.raises(ValueError):
            catena_hdf5.Catena.from_filter_options(bad)


def test_options_of_a_dataset(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        made = file.create_dataset("a", data=np.arange(3000.0), chunks=(1000,), compression=catena_hdf5.Catena(4))
        values = made.id.get_create_plist().get_filter_by_id(catena_hdf5.FILTER_ID)[1]
        assert catena_hdf5.Catena.from_filter_options(values) == catena_hdf5.Catena(4)
        again = file.create_dataset("b", data=np.arange(3000.0), chunks=(1000,), **catena_hdf5.Catena.from_filter_options(values))
        assert again.id.get_create_plist().get_filter_by_id(catena_hdf5.FILTER_ID)[1] == values


def test_codecs_keep_their_configuration():
    numcodecs = pytest.importorskip("numcodecs")
    from catena_hdf5.codec import CatenaCodec

    import json

    for codec in (CatenaCodec(), CatenaCodec(3), CatenaCodec(3, "<f4"), CatenaCodec(3, np.dtype(">i2")), CatenaCodec(3, [("a", "<f4"), ("b", "<i2", (3,)), ("c", [("d", "u1")])])):
        config = json.loads(json.dumps(codec.get_config()))
        back = numcodecs.get_codec(config)
        assert back == codec and eval(repr(codec), {"CatenaCodec": CatenaCodec}) == codec
        raw = struct.pack("<60f", *range(60))[:240 - 240 % 11] if isinstance(getattr(codec, "dtype", None), list) else struct.pack("<60f", *range(60))
        assert back.decode(codec.encode(raw)) == raw
