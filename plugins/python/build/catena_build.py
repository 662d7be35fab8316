"""How the wheel is built: the HDF5 plugin by cargo, put beside the Python modules, the licences of what both have in them, then all by maturin. The hooks that pip calls (PEP 517, 660), and a program:

    python catena_build.py FOLDER [--manylinux 2_28]

With --manylinux the wheel runs wherever the C library is as old as that: both libraries are linked by zig against it, which needs the packages ziglang and cargo-zigbuild.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile

import maturin

from notices import notices

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
#: Where the plugin goes: a folder with nothing else in it, because libhdf5 looks into every file.
_PLUGINS = os.path.join(_HERE, "python", "catena_hdf5", "plugins")
#: Of the workspace's profiles the one for what goes into the wheel.
_PROFILE = "wheel"


def _prepare(glibc=None):
    """Builds the plugin and puts it beside the Python modules, and the licences where maturin looks for them."""
    how = ["--profile", _PROFILE, "--locked", "--manifest-path", os.path.join(_ROOT, "hdf5-plugin", "Cargo.toml"), "--lib", "--crate-type", "cdylib", "--message-format", "json-render-diagnostics"]
    cargo = [os.environ.get("CARGO", "cargo"), "rustc"]
    if glibc is not None:
        cargo = [shutil.which("cargo-zigbuild", path=_path()), "rustc"]
        how += ["--target", f"{platform.machine()}-unknown-linux-gnu.{glibc.replace('_', '.')}"]
    done = subprocess.run([*cargo, *how, "--", "-C", "strip=symbols"], stdout=subprocess.PIPE, check=True, env={**os.environ, "PATH": _path()})
    messages = map(json.loads, done.stdout.splitlines())
    built = [name for of in messages if of.get("reason") == "compiler-artifact" and of["target"]["name"] == "h5catena" for name in of["filenames"] if not name.endswith(".rlib")]
    shutil.rmtree(_PLUGINS, ignore_errors=True)
    os.makedirs(_PLUGINS)
    # The library alone: import libraries and debug symbols of other systems stay where they are.
    for name in built:
        if name.endswith((".so", ".dylib", ".dll")):
            shutil.copy(name, _PLUGINS)
    with open(os.path.join(_HERE, "LICENSE-THIRD-PARTY"), "w", encoding="utf-8") as file:
        file.write(notices(["catena-python", "catena-hdf5"]))


def _path():
    """Programs of this interpreter's environment come first: zig among them."""
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _prepare()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _prepare()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


build_sdist = maturin.build_sdist
get_requires_for_build_wheel = maturin.get_requires_for_build_wheel
get_requires_for_build_editable = maturin.get_requires_for_build_editable
get_requires_for_build_sdist = maturin.get_requires_for_build_sdist
prepare_metadata_for_build_wheel = maturin.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = maturin.prepare_metadata_for_build_editable


def main():
    parser = argparse.ArgumentParser(description="Builds the wheel into a folder and prints its path.")
    parser.add_argument("folder")
    parser.add_argument("--manylinux", metavar="2_28", help="the oldest C library that it is to run with")
    asked = parser.parse_args()
    _prepare(asked.manylinux)
    how = ["--zig", "--compatibility", f"manylinux_{asked.manylinux}"] if asked.manylinux else []
    os.makedirs(asked.folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        command = ["maturin", "build", "-q", "--profile", _PROFILE, "--locked", "-m", os.path.join(_HERE, "Cargo.toml"), "-i", sys.executable, "-o", fresh, "--compression-level", "9", *how]
        # The path alone goes to standard output.
        subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "PATH": _path()})
        (wheel,) = os.listdir(fresh)
        print(shutil.copy(os.path.join(fresh, wheel), asked.folder))


if __name__ == "__main__":
    main()
