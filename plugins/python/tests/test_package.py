"""The wheel as a package: what it says of itself, what it needs, and the examples of its README."""

import importlib.metadata
import pathlib
import re
import struct
import sys

import pytest

import catena_hdf5

HERE = pathlib.Path(__file__).parent
METADATA = importlib.metadata.metadata("catena-hdf5")
WHEEL = importlib.metadata.distribution("catena-hdf5").read_text("WHEEL")
of_the_wheel = pytest.mark.skipif(WHEEL is None, reason="put together from what cargo test has built; ./nightly builds the wheel")


@of_the_wheel
def test_metadata_is_complete():
    assert METADATA["Version"] == catena_hdf5.__version__
    assert METADATA["Summary"] and METADATA["Keywords"]
    assert METADATA["Requires-Python"] == ">=3.9"
    assert (METADATA["License-Expression"] or METADATA["License"]) == "MIT OR Apache-2.0"
    assert {"LICENSE-MIT", "LICENSE-APACHE"} <= {pathlib.PurePath(name).name for name in METADATA.get_all("License-File")}
    kinds = METADATA.get_all("Classifier")
    assert "Programming Language :: Python :: 3" in kinds and any(kind.startswith("Topic ::") for kind in kinds)
    assert METADATA["Description-Content-Type"].startswith("text/markdown")
    assert "HDF5_PLUGIN_PATH" in (METADATA["Description"] or METADATA.get_payload())


@of_the_wheel
def test_requirements_are_bounded():
    for line in METADATA.get_all("Requires-Dist"):
        requirement = line.split(";")[0]
        if "xarray" not in requirement:
            # xarray's versions are dates.
            assert ">=" in requirement and "<" in requirement, line


def test_the_readme_s_examples(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (HERE.parent / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def needed(path):
    """The versions of symbols that a library of ELF's 64 bits needs, as texts like GLIBC_2.17; and the libraries."""
    data = pathlib.Path(path).read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    (at,) = struct.unpack_from("<Q", data, 40)
    size, n = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + size * i) for i in range(n)]
    text = lambda table, at: data[sections[table][4] + at:data.index(b"\0", sections[table][4] + at)].decode()
    versions, libraries = set(), set()
    for _, kind, _, _, offset, length, link, count, _, _ in sections:
        # SHT_GNU_verneed: records of a library each, with a list of versions.
        if kind == 0x6FFFFFFE:
            for _ in range(count):
                _, aux_n, name, aux, step = struct.unpack_from("<HHIII", data, offset)
                libraries.add(text(link, name))
                place = offset + aux
                for _ in range(aux_n):
                    _, _, _, version, further = struct.unpack_from("<IHHII", data, place)
                    versions.add(text(link, version))
                    place += further
                offset += step
    return versions, libraries


@of_the_wheel
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF")
def test_the_tag_tells_what_the_libraries_need():
    """manylinux_2_28 or older, and both files need no newer C library than the tag says."""
    tag = re.search(r"^Tag: .*manylinux_2_(\d+)", WHEEL, re.MULTILINE)
    assert tag, WHEEL
    folder = pathlib.Path(catena_hdf5.__file__).parent
    files = [*folder.glob("_native*.so"), *(folder / "plugins").iterdir()]
    assert len(files) == 2
    for file in files:
        versions, libraries = needed(file)
        newest = max(int(version.split(".")[1]) for version in versions if re.fullmatch(r"GLIBC_2\.\d+(\.\d+)?", version))
        assert newest <= int(tag[1]) <= 28, (file.name, sorted(versions))
        assert not any("python" in name or "hdf5" in name for name in libraries), libraries
