"""hdf5plugin's own read and write test, over its types, with our filter."""

import h5py
import hdf5plugin
import numpy as np
from hdf5plugin import _filters, test

from conftest import CATENA


class Catena(_filters.FilterBase):
    filter_name = "catena"
    filter_id = CATENA

    def __init__(self, level=5):
        super().__init__((level,), {"level": level})


hdf5plugin.FILTERS["catena"] = CATENA
test.compression_name_to_class["catena"] = Catena


class TestCatena(test.BaseTestHDF5PluginRW):
    def test_types_and_levels(self):
        for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.float16, np.float32, np.float64, np.complex64, np.bool_):
            for level in (1, 3, 5):
                with self.subTest(kind=kind, level=level):
                    id_, flags, values, _ = self._test("catena", kind, options={"level": level})
                    self.assertEqual((id_, values[0]), (CATENA, level))

    def test_shapes(self):
        for natoms, shape in ((1000, (100, 10)), (1000, (10, 10, 10)), (1000, (1000,)), (1200, (1, 1200)), (1200, (2, 3, 4, 5, 10)), (33000, (33000,))):
            self._data_natoms, self._data_shape = natoms, shape
            for kind in ("<f4", ">f4", "<i8", ">u2"):
                with self.subTest(shape=shape, kind=kind):
                    self._test("catena", kind)
