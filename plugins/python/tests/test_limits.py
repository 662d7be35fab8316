"""A limit on what comes out: refused before it is decoded if there would be more, by everything that decodes."""

import io
import pickle

import numpy as np
import pytest

import catena_hdf5

N = 4_000_000
CODED = catena_hdf5.compress(bytes(N), dtype="<f4")


def whole_file(limit):
    with catena_hdf5.open(io.BytesIO(CODED), max_output=limit) as file:
        return file.read()


def by_pieces(limit):
    session = catena_hdf5.Decompressor(max_output=limit)
    return session.decompress(CODED) + session.finish()


DECODERS = {
    "decompress": lambda limit: catena_hdf5.decompress(CODED, max_output=limit),
    "decompress_array": lambda limit: catena_hdf5.decompress_array(CODED, max_output=limit).tobytes(),
    "open": whole_file,
    "Decompressor": by_pieces,
}


@pytest.mark.parametrize("decode", DECODERS)
def test_more_is_refused(decode):
    assert len(CODED) < 1000
    for limit in (N, N + 1, np.uint64(N), (1 << 64) - 1, None):
        assert DECODERS[decode](limit) == bytes(N)
    for limit in (N - 1, 1, 0):
        with pytest.raises(catena_hdf5.CatenaError, match=f"{limit} raw bytes"):
            DECODERS[decode](limit)


def test_streams_in_a_row_count_together():
    two = catena_hdf5.compress(b"abc") + catena_hdf5.compress(b"defg")
    assert catena_hdf5.decompress(two, max_output=7) == b"abcdefg"
    with pytest.raises(catena_hdf5.CatenaError):
        catena_hdf5.decompress(two, max_output=6)


def test_a_description_takes_nothing_of_the_limit():
    array = np.asfortranarray(np.arange(600).reshape(20, 30) % 7 == 0)
    back = catena_hdf5.decompress_array(catena_hdf5.compress(array), max_output=600)
    assert (back == array).all() and back.dtype == bool


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("limit", [-1, 1 << 64, 1.5, "1000", b"1"], ids=repr)
def test_what_is_no_limit_is_refused(decode, limit):
    with pytest.raises((TypeError, ValueError, OverflowError)) as caught:
        DECODERS[decode](limit)
    assert not isinstance(caught.value, catena_hdf5.CatenaError)


def test_numcodecs():
    numcodecs = pytest.importorskip("numcodecs")
    from catena_hdf5.codec import CatenaCodec

    assert CatenaCodec(max_output=N).decode(CODED) == bytes(N)
    for codec, limit in ((CatenaCodec(max_output=N - 1), N - 1), (CatenaCodec(1, "<f4", 0), 0)):
        with pytest.raises(catena_hdf5.CatenaError, match=f"{limit} raw bytes"):
            codec.decode(CODED)
        # The reader's, not the data's.
        assert "max_output" not in codec.get_config() and numcodecs.get_codec(codec.get_config()).max_output is None
        assert pickle.loads(pickle.dumps(codec)).max_output == limit
        assert eval(repr(codec), {"CatenaCodec": CatenaCodec}).max_output == limit
    with pytest.raises(catena_hdf5.CatenaError):
        CatenaCodec().decode(CODED, out=np.empty(N // 4 - 1, "<f4"))
    out = np.ones(N // 4, "<f4")
    CatenaCodec().decode(CODED, out=out)
    assert not out.any()
    for bad in (-1, 1 << 64, 1.5, "1000", True):
        with pytest.raises((TypeError, ValueError)):
            CatenaCodec(max_output=bad)


def test_numcodecs_of_a_configuration(monkeypatch):
    """Whoever opens other people's arrays bounds all codecs that zarr makes."""
    numcodecs = pytest.importorskip("numcodecs")
    from catena_hdf5.codec import CatenaCodec

    monkeypatch.setattr(CatenaCodec, "max_output", 1000)
    with pytest.raises(catena_hdf5.CatenaError):
        numcodecs.get_codec({"id": "catena", "level": 3}).decode(CODED)


def test_a_chunk_of_zarr_s_format_3_is_bound_by_its_length(tmp_path):
    zarr = pytest.importorskip("zarr")
    from catena_hdf5.zarr3 import CatenaZarr

    stored = zarr.create_array(str(tmp_path / "x.zarr"), shape=(100,), chunks=(50,), dtype="<f4", serializer=CatenaZarr(), compressors=None, zarr_format=3)
    stored[:] = np.arange(100)
    (tmp_path / "x.zarr" / "c" / "1").write_bytes(CODED)
    assert (stored[:50] == np.arange(50)).all()
    with pytest.raises(catena_hdf5.CatenaError, match="200 raw bytes"):
        stored[50:]


def test_no_array_of_bytes_that_are_not_there():
    nothing = catena_hdf5.compress(b"")
    assert catena_hdf5.decompress_array(nothing, dtype="<f4").shape == (0,)
    assert catena_hdf5.decompress_array(nothing, dtype="<f4", shape=(3, 0)).shape == (3, 0)
    for shape in ((10,), (2, 5)):
        with pytest.raises(ValueError):
            catena_hdf5.decompress_array(nothing, dtype="<f4", shape=shape)
