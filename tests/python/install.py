"""Installs the Python package around the extension and the HDF5 plugin that cargo has built, as the wheel would: python install.py EXTENSION PLUGIN

Both come from the profile of the tests, so CI compiles them once; ./nightly builds the wheel itself.
"""

import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tomllib

root = pathlib.Path(__file__).resolve().parents[2]
source = root / "plugins/python"
project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
version = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
name = project["name"].replace("-", "_")
sys.path.insert(0, str(source / "build"))
from notices import notices  # noqa: E402: it lies beside what builds the wheel

site = pathlib.Path(sysconfig.get_path("platlib"))

subprocess.run([sys.executable, "-m", "pip", "uninstall", "-q", "-y", project["name"]], check=True, stderr=subprocess.DEVNULL)
shutil.rmtree(site / name, ignore_errors=True)
shutil.copytree(source / "python" / name, site / name, ignore=shutil.ignore_patterns("__pycache__"))
shutil.copy(sys.argv[1], site / name / "_native.abi3.so")
shutil.rmtree(site / name / "plugins", ignore_errors=True)
(site / name / "plugins").mkdir()
shutil.copy(sys.argv[2], site / name / "plugins/libh5catena.so")

info = site / f"{name}-{version}.dist-info"
info.mkdir()
(info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n")
(info / "licenses").mkdir()
(info / "licenses/LICENSE-THIRD-PARTY").write_text(notices(["catena-python", "catena-hdf5"]))
groups = project["entry-points"].items()
(info / "entry_points.txt").write_text("".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups))
# What pip removes when another one is installed.
files = [path for folder in (site / name, info) for path in folder.rglob("*") if path.is_file()]
(info / "RECORD").write_text("".join(f"{path.relative_to(site)},,\n" for path in [*files, info / "RECORD"]))
