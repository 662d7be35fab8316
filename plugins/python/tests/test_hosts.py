"""What an import does to other libraries and to the environment: the filter is there, and nothing is gone. Each case is a process of its own."""

import itertools
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import catena_hdf5

#: Another filter, of hdf5plugin's, which is found by the plugin path alone.
OTHER = 32015


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file with our filter, one with zstd by another plugin, and a folder with that plugin alone."""
    h5py = pytest.importorskip("h5py")
    hdf5plugin = pytest.importorskip("hdf5plugin")
    folder = tmp_path_factory.mktemp("hosts")
    data = np.arange(3000, dtype="f4")
    with h5py.File(folder / "ours.h5", "w", libver=("earliest", "v110")) as file:
        file.create_dataset("a", data=data, chunks=(1000,), **catena_hdf5.Catena(level=3))
    with h5py.File(folder / "other.h5", "w", libver=("earliest", "v110")) as file:
        file.create_dataset("a", data=data, chunks=(1000,), compression=hdf5plugin.Zstd())
    with h5py.File(folder / "plain.h5", "w", libver=("earliest", "v110")) as file:
        file.create_dataset("a", data=data)
    (folder / "plugins").mkdir()
    name = next(name for name in os.listdir(hdf5plugin.PLUGIN_PATH) if name.startswith("libh5zstd"))
    shutil.copy(os.path.join(hdf5plugin.PLUGIN_PATH, name), folder / "plugins")
    return folder


READ = {
    "h5py": "h5py.File({0!r})['a'][()].sum()",
    "tables": "tables.open_file({0!r}).root.a[:].sum()",
    "netCDF4": "netCDF4.Dataset({0!r})['a'][:].sum()",
}


def run(program, **environment):
    env = {name: value for name, value in os.environ.items() if name != "HDF5_PLUGIN_PATH"}
    done = subprocess.run([sys.executable, "-c", program], env={**env, **environment}, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("order", [*itertools.permutations(["catena_hdf5", "h5py", "tables", "netCDF4"])], ids="-".join)
def test_every_order_of_imports(files, order):
    for name in order:
        if name != "catena_hdf5":
            pytest.importorskip(name)
    reads = "\n".join(f"assert {READ[name].format(str(files / 'ours.h5'))} == 4498500, {name!r}" for name in READ)
    status, out = run(f"import {', '.join(order)}\n{reads}\nprint('all')")
    assert status == 0 and "all" in out, out


@pytest.mark.parametrize("package", READ)
@pytest.mark.parametrize("first", [True, False], ids=["catena first", "catena last"])
def test_other_plugins_are_found_as_before(files, package, first):
    """By HDF5_PLUGIN_PATH, set before the start, or in the process before the library looks for plugins."""
    pytest.importorskip(package)
    imports = f"import catena_hdf5, {package}" if first else f"import {package}, catena_hdf5"
    read = READ[package].format(str(files / "other.h5"))
    status, out = run(f"{imports}\nassert {read} == 4498500\nprint('read')", HDF5_PLUGIN_PATH=str(files / "plugins"))
    assert "read" in out, out
    late = f"import os\nos.environ['HDF5_PLUGIN_PATH'] = {str(files / 'plugins')!r}\n"
    alone = run(f"import {package}\n{late}assert {read} == 4498500\nprint('read')")
    assert run(f"{imports}\n{late}assert {read} == 4498500\nprint('read')")[0] == alone[0]


def test_the_filters_that_netcdf4_brings(tmp_path):
    pytest.importorskip("netCDF4")
    program = f"""
import netCDF4
with netCDF4.Dataset({str(tmp_path / 'x.nc')!r}, "w") as file:
    file.createDimension("x", 100)
    print([name for name in ("zlib", "zstd", "bzip2", "blosc_lz4") if file.has_blosc_filter() or name == "zlib"], file.has_zstd_filter(), file.has_bzip2_filter(), file.has_blosc_filter())
"""
    alone = run(program)
    assert alone[0] == 0, alone
    assert run("import catena_hdf5\n" + program) == alone
    assert run(program.replace("import netCDF4", "import netCDF4, catena_hdf5")) == alone


@pytest.mark.parametrize("value", [None, "", "::", "/usr/local/hdf5/lib/plugin", "/nowhere:/usr/local/hdf5/lib/plugin"])
def test_the_environment_and_that_of_children_stay(value):
    given = {} if value is None else {"HDF5_PLUGIN_PATH": value}
    program = """
import os, subprocess, sys
before = dict(os.environ)
import catena_hdf5
assert dict(os.environ) == before
import h5py
assert dict(os.environ) == before
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ.get('HDF5_PLUGIN_PATH'))"], capture_output=True, text=True)
print(child.stdout.strip())
print(sorted(name for name in sys.modules if name in ("tables", "netCDF4", "zarr", "numcodecs")))
"""
    status, out = run(program, **given)
    assert status == 0 and out.split() == [str(value), "[]"] if value else status == 0, out


def test_plugins_that_are_switched_off_stay_off(files):
    """A path of `::` forbids plugins: ours is read all the same, because it was asked for by name; others are not."""
    program = f"import catena_hdf5, h5py\nassert {READ['h5py'].format(str(files / 'ours.h5'))} == 4498500\n"
    status, out = run(program + f"{READ['h5py'].format(str(files / 'other.h5'))}", HDF5_PLUGIN_PATH="::")
    assert status != 0 and "OSError" in out and "4498500" not in out, out


def test_nothing_is_imported_that_was_not_asked_for():
    status, out = run("import sys, catena_hdf5\nprint([name for name in ('h5py', 'tables', 'netCDF4', 'zarr', 'numcodecs', 'dask') if name in sys.modules])")
    assert status == 0 and out.strip() == "[]", out


def test_modules_look_as_they_did(files):
    """The loaders of the packages are their own again after the import."""
    program = """
import importlib, importlib.resources, pickle
import h5py
print(type(h5py.__loader__).__name__, type(h5py.__spec__.loader).__name__, sorted(vars(h5py.__loader__)), importlib.resources.files("h5py").is_dir())
importlib.reload(h5py)
"""
    alone = run(program)
    assert alone[0] == 0, alone
    with_ours = run("import catena_hdf5\n" + program)
    assert with_ours == alone


def test_a_plugin_that_is_gone_takes_no_package_with_it(files):
    program = f"import catena_hdf5.hosts\ncatena_hdf5.hosts.PLUGIN_PATH = '/nowhere'\nimport h5py\nassert h5py.File({str(files / 'plain.h5')!r})['a'][2] == 2\nprint('read')"
    status, out = run(program)
    assert status == 0 and "read" in out and "RuntimeWarning: h5py does not get the filter catena" in out, out


@pytest.mark.parametrize("tool", ["h5dump", "ncdump", "h5repack"])
def test_programs_without_python(files, tmp_path, tool):
    """Debian's tools, by PLUGIN_PATH."""
    if shutil.which(tool) is None:
        pytest.skip(tool + " is not installed")
    name = str(files / "ours.h5")
    command = {"h5dump": ["h5dump", "-d", "/a", name], "ncdump": ["ncdump", name], "h5repack": ["h5repack", "-f", "NONE", name, str(tmp_path / "plain.h5")]}[tool]
    done = subprocess.run(command, env={**os.environ, "HDF5_PLUGIN_PATH": catena_hdf5.PLUGIN_PATH}, capture_output=True, text=True)
    assert done.returncode == 0 and (tool == "h5repack" or "2999" in done.stdout), done.stderr


def test_the_plugin_is_alone_in_its_folder():
    assert [name.split(".")[0] for name in os.listdir(catena_hdf5.PLUGIN_PATH)] == ["libh5catena"]


def test_spawned_and_forked_processes(files):
    """multiprocessing: a child that imports the package has the filter, however it was started."""
    program = f"""
import multiprocessing, sys
import catena_hdf5, h5py
def total(_):
    import catena_hdf5, h5py
    return {READ['h5py'].format(str(files / 'ours.h5'))}
if __name__ == "__main__":
    assert total(0) == 4498500
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(total, range(4)) == [4498500] * 4
    print("all")
"""
    path = files / "children.py"
    path.write_text(program)
    for how in ("fork", "spawn", "forkserver"):
        done = subprocess.run([sys.executable, str(path), how], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and "all" in done.stdout, done.stderr
