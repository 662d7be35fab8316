"""The filter in the HDF5 libraries of this process: each package (h5py, PyTables, netCDF4) brings one of its own.

Each gets the filter by its own `H5Zregister`, when its package is there: at once if it was imported before, else right after its import. Nothing else is touched: no
environment variable, no plugin path, no import of a package that the user has not imported.
"""

import ctypes
import importlib.util
import os
import sys
import threading
import warnings

#: The folder of the plugin, for HDF5_PLUGIN_PATH: what h5dump, ncdump and other programs need.
PLUGIN_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugins")

#: Packages that bring an HDF5 library.
PACKAGES = ("h5py", "tables", "netCDF4")

_plugin = None


def _class():
    """Where the filter's class lies: in the very file that libhdf5 would load, so that there is one filter in the process, however it came."""
    global _plugin
    if _plugin is None:
        name = {"win32": "h5catena.dll", "darwin": "libh5catena.dylib"}.get(sys.platform, "libh5catena.so")
        _plugin = ctypes.CDLL(os.path.join(PLUGIN_PATH, name))
        _plugin.H5PLget_plugin_info.restype = ctypes.c_void_p
        _plugin.H5PLget_plugin_info.argtypes = []
    return _plugin.H5PLget_plugin_info()


class _Object(ctypes.Structure):
    """The beginning of `struct dl_phdr_info`."""

    _fields_ = [("base", ctypes.c_void_p), ("name", ctypes.c_char_p)]


def _loaded():
    """The names of all shared objects of the process, as the loader has them; none where it cannot be asked."""
    names = []
    process = ctypes.CDLL(None) if os.name == "posix" else None
    if not hasattr(process, "dl_iterate_phdr"):
        return names
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Object), ctypes.c_size_t, ctypes.c_void_p)

    def note(found, _size, _data):
        if found.contents.name:
            names.append(found.contents.name)
        return 0

    process.dl_iterate_phdr.argtypes = [callback, ctypes.c_void_p]
    process.dl_iterate_phdr(callback(note), None)
    return names


def _libraries():
    """Each HDF5 library that is loaded, once: the objects that have `H5Zregister`, by where it lies."""
    found = {}
    for name in _loaded():
        # Objects of Python packages, and what is called hdf5: the C library and its like are not asked.
        if b"hdf5" not in name.lower() and b"-packages" not in name:
            continue
        try:
            # PyDLL: the interpreter's lock is kept, as the packages keep it around their calls.
            library = ctypes.PyDLL(os.fsdecode(name), mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
            found.setdefault(ctypes.cast(library.H5Zregister, ctypes.c_void_p).value, library)
        except (OSError, AttributeError):
            continue
    return found


def _by_h5py():
    """Through h5py itself, where its library hides its functions; where h5py has no call for that, by its plugin path."""
    h5z, h5pl = sys.modules.get("h5py.h5z"), sys.modules.get("h5py.h5pl")
    if h5z is None or "h5py" in _known:
        return
    try:
        if ctypes.cast(ctypes.PyDLL(h5z.__file__).H5Zregister, ctypes.c_void_p).value in _known:
            return
    except (OSError, AttributeError):
        pass
    if hasattr(h5z, "register_filter"):
        h5z.register_filter(_class())
    elif h5pl is not None:
        h5pl.append(os.fsencode(PLUGIN_PATH))
    _known.add("h5py")


#: The libraries that have got the filter, by where their `H5Zregister` lies, or by name.
_known = set()
_lock = threading.RLock()


def register():
    """Registers the filter with every HDF5 library that the process has loaded and that has not got it yet.

    Importing the package does so, and so does the import of h5py, PyTables or netCDF4 after it. To be called after the import of any other package that brings an HDF5 library.
    """
    with _lock:
        for place, library in _libraries().items():
            if place not in _known:
                library.H5Zregister.argtypes = [ctypes.c_void_p]
                if library.H5Zregister(_class()) >= 0:
                    _known.add(place)
        _by_h5py()
    _allow_compression()


def _allow_compression():
    """`compression=Catena(...)` is taken for a filter's options if it is one of h5py's own kind."""
    from .filter import Catena

    base = getattr(sys.modules.get("h5py._hl.filters"), "FilterRefBase", None)
    if hasattr(base, "register"):
        base.register(Catena)


class _AfterImport:
    """A finder that finds nothing of its own: it has `register` called when one of the packages has been imported."""

    def __init__(self):
        self._searching = set()

    def find_spec(self, name, path=None, target=None):
        if name not in PACKAGES or name in self._searching:
            return None
        self._searching.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching.discard(name)
        loader = getattr(spec, "loader", None)
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return spec

        def exec_module(module):
            # The loader is its own again: what was put over its method goes away.
            vars(loader).pop("exec_module", None)
            execute(module)
            # The package is there and works; that ours does not is no reason to take it away.
            try:
                register()
            except Exception as error:
                warnings.warn(f"{name} does not get the filter catena: {error}", RuntimeWarning)

        # A loader that is a class, or that has a method of its own for this, is left alone.
        if "exec_module" not in getattr(loader, "__dict__", {"exec_module": None}):
            loader.exec_module = exec_module
        return spec


def watch():
    """Registers now, and after each import of a package that is still to come."""
    if not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())
    register()
