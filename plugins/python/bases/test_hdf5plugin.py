"""hdf5plugin's own tests of a lossless filter (Zstd's and BZip2's), run with ours in its place. A test that is neither run nor listed with a reason is a failure: a new release brings some."""

import unittest

import h5py
import hdf5plugin
import numpy as np
import pytest
from hdf5plugin import _filters, _utils, test

from catena_hdf5 import FILTER_ID, Catena

#: What is not run, and why. `Class` or `Class.test`.
NOT_APPLICABLE = {
    "TestHDF5PluginRW": "options and values of each of their filters, test by test; the base class is run with ours over types, shapes and levels in test_types_and_levels",
    "TestFromFilterOptionsMethods": "values of each of their filters; ours are in plugins/python/tests/test_arrays.py",
    "TestFilterProperties": "attributes of each of their filters; ours are in plugins/python/tests/test_arrays.py",
    "TestPackage": "the package hdf5plugin itself",
    "TestRegisterFilter": "hdf5plugin's register(), which loads what is in its own folder",
    "TestGetFilters": "the list of hdf5plugin's own filters",
    "TestSZ": "a lossy filter",
    "TestBlosc2Plugins": "Blosc2's own plugins",
    "TestFromFilterOptions": "by a name that hdf5plugin knows",
    "TestFromFilterOptionsRoundtrip": "the base method is run with ours in test_options_come_back",
    "TestStrings.testStringsBlosc": "the same test as testStringsZstd, which is run, skipped for Blosc's sake before HDF5 2.1",
    "TestStrings.testStringsBlosc2": "as testStringsBlosc",
    "TestStrings.testStringsBZip2": "the same test as testStringsZstd",
    "TestStrings.testStringsLZ4": "the same test as testStringsZstd",
}
RUN = {"TestStrings.testStringsZstd", "TestFilterGetConfig.testGetConfigRoundtrip"}


@pytest.fixture(autouse=True)
def in_place(monkeypatch):
    monkeypatch.setitem(test.compression_name_to_class, "zstd", Catena)
    monkeypatch.setitem(hdf5plugin.FILTERS, "zstd", FILTER_ID)
    monkeypatch.setitem(hdf5plugin.FILTERS, "catena", FILTER_ID)
    monkeypatch.setitem(test.compression_name_to_class, "catena", Catena)
    for module in (_filters, _utils):
        monkeypatch.setattr(module, "FILTER_CLASSES", (Catena,))


def run(name, method):
    case = getattr(test, name)(method)
    result = unittest.TestResult()
    case.run(result)
    bad = result.errors + result.failures
    assert not bad, bad[0][1]
    assert result.testsRun == 1
    if result.skipped:
        pytest.skip(result.skipped[0][1])


@pytest.mark.parametrize("name", sorted(RUN))
def test_theirs(name):
    if not hasattr(test, name.split(".")[0]):
        pytest.skip("this release has no such test")
    run(*name.split("."))


def test_every_test_is_run_or_listed():
    for case in unittest.defaultTestLoader.loadTestsFromModule(test):
        for one in case:
            name = ".".join(one.id().split(".")[-2:])
            assert name in RUN or name in NOT_APPLICABLE or name.split(".")[0] in NOT_APPLICABLE, f"{name}: run it with ours, or say why not"


class Ours(test.BaseTestHDF5PluginRW):
    def runTest(self):
        kinds = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.float16, np.float32, np.float64, np.complex64, np.bool_)
        for kind in kinds:
            for level in range(1, 10):
                id_, _, values, _ = self._test("catena", kind, options={"level": level})
                self.assertEqual((id_, values[0]), (FILTER_ID, level))
        for natoms, shape in ((1000, (100, 10)), (1000, (10, 10, 10)), (1000, (1000,)), (1200, (1, 1200)), (1200, (2, 3, 4, 5, 10)), (33000, (33000,))):
            self._data_natoms, self._data_shape = natoms, shape
            for kind in ("<f4", ">f4", "<i8", ">u2"):
                self._test("catena", kind)


def test_types_and_levels():
    result = unittest.TestResult()
    unittest.defaultTestLoader.suiteClass([Ours()]).run(result)
    bad = result.errors + result.failures
    assert not bad, bad[0][1]


@pytest.mark.parametrize("options", [Catena(), Catena(1), Catena(level=9)], ids=repr)
def test_options_come_back(options):
    """The body of TestFromFilterOptionsRoundtrip._test."""
    case = getattr(test, "TestFromFilterOptionsRoundtrip", None)
    if case is None:
        pytest.skip("this release has no such test")
    case("testZstd")._test(options, np.arange(100, dtype="f4"))


def test_the_base_is_h5py_s():
    assert isinstance(Catena(), h5py.filters.FilterRefBase)
