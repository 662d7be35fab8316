"""numcodecs' own tests of its byte codecs, run with ours in their place. A test that is neither run nor listed with a reason is a failure: a new release of numcodecs brings some."""

import importlib
import inspect

import numcodecs
import pytest
from numcodecs.registry import register_codec
from numcodecs.tests import common

from catena_hdf5.codec import CatenaCodec

#: Their test modules, and the class that each is about. Ours takes its place, under its name.
CLASSES = {"zlib": "Zlib", "gzip": "GZip", "bz2": "BZ2", "zstd": "Zstd", "lz4": "LZ4", "lzma": "LZMA", "pcodec": "PCodec", "blosc": "Blosc"}

#: What is not run, and why. `module` or `module.test`.
NOT_APPLICABLE = {
    "gzip.test_out_too_large": "gzip leaves the rest of a buffer that is too large as it was; ours refuses, as the other codecs do",
    "zstd.test_checksum": "an option of zstd; our streams always have checksums",
    "zstd.test_native_functions": "zstd's own limits of levels",
    "zstd.test_streaming_decompression": "zstd's own frames",
    "zstd.test_multi_frame": "zstd's own frames; streams in a row are in plugins/python/tests/test_arrays.py",
    "lz4.test_repr": "options of LZ4",
    "lz4.test_max_buffer_size": "LZ4's limit on lengths; ours has none",
    "lzma.test_repr": "options of LZMA",
    "lzma.test_config": "options of LZMA",
    "pcodec.test_repr": "options of pco",
    "pcodec.test_encode_decode": "one call for each array and codec: made in test_their_arrays",
    "pcodec.test_invalid_config_error": "options of pco",
    "pcodec.test_invalid_delta_encoding_combo": "options of pco",
    "blosc.test_encode_decode": "one call for each array and codec: made in test_their_arrays",
    "blosc.test_config": "options of Blosc",
    "blosc.test_repr": "options of Blosc",
    "blosc.test_eq": "options of Blosc; equality is in zlib.test_eq and gzip.test_eq",
    "blosc.test_compress_blocksize_default": "Blosc's blocks",
    "blosc.test_compress_blocksize": "Blosc's blocks",
    "blosc.test_compress_complib": "Blosc's inner codecs",
    "blosc.test_compress_metainfo": "Blosc's headers",
    "blosc.test_compress_autoshuffle": "Blosc's shuffle",
    "blosc.test_config_blocksize": "Blosc's blocks",
    "blosc.test_multiprocessing": "Blosc's global state; processes are in plugins/python/tests/test_hosts.py",
    "blosc.test_decompression_error_handling": "bytes that are Blosc's; damage is in hdf5-plugin/tests/test_damage.py",
    "blosc.test_max_buffer_size": "Blosc's limit on lengths; ours has none",
    "blosc.test_typesize_explicit": "Blosc's element size",
    "blosc.test_typesize_less_than_1": "Blosc's element size",
    "blosc.test_config_no_typesize": "Blosc's element size",
}
#: The same of tests that newer releases no longer have.
GONE = {"blosc.test_partial_decode": "Blosc's blocks, one by one"}


def module_of(name):
    return pytest.importorskip(f"numcodecs.tests.test_{name}")


def of_theirs():
    for name in CLASSES:
        try:
            module = importlib.import_module(f"numcodecs.tests.test_{name}")
        except pytest.skip.Exception:
            continue
        for test, function in inspect.getmembers(module, inspect.isfunction):
            if test.startswith("test_") and function.__module__ == module.__name__:
                yield name, test


ALL = sorted(of_theirs())


@pytest.fixture
def in_place(monkeypatch, tmp_path):
    """Puts our codec into the place of theirs in one of their modules; files go to a folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def put(name):
        module = module_of(name)
        ours = type(CLASSES[name], (CatenaCodec,), {"codec_id": f"catena as {name}"})
        register_codec(ours)
        monkeypatch.setattr(module, CLASSES[name], ours)
        monkeypatch.setattr(common, CLASSES[name], ours, raising=False)
        monkeypatch.setattr(module, "codecs", [ours(), *map(ours, (1, 2, 3, 5, 6))])
        return module

    yield put
    for name in CLASSES:
        numcodecs.registry.codec_registry.pop(f"catena as {name}", None)


APPLICABLE = [of for of in ALL if ".".join(of) not in NOT_APPLICABLE | GONE]


@pytest.mark.parametrize("name, test", APPLICABLE, ids=map(".".join, APPLICABLE))
def test_theirs(in_place, name, test):
    getattr(in_place(name), test)()


@pytest.mark.parametrize("name", sorted({name for name, _ in ALL}))
def test_their_arrays(in_place, name):
    module = in_place(name)
    for array in module.arrays:
        for codec in module.codecs:
            common.check_encode_decode(array, codec)


def test_the_list_is_of_tests_that_there_are():
    if {name for name, _ in ALL} == set(CLASSES):
        assert set(NOT_APPLICABLE) <= {".".join(of) for of in ALL}
