"""What the tests of the plugin share. HDF5_PLUGIN_PATH is where libh5catena.so lies; ../check sets it."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

CATENA = 51838


def records(n, seed=1):
    """Jets of a kind: a compound of several widths, with a relation between its members."""
    rng = np.random.default_rng(seed)
    kind = np.dtype([("event", "<u8"), ("pt", "<f4"), ("eta", "<f4"), ("hits", "u1"), ("flag", "?"), ("charge", "<i2")], align=True)
    data = np.zeros(n, kind)
    data["event"] = 1000 + np.arange(n) // 3
    data["pt"] = rng.exponential(40, n).astype("f4")
    data["eta"] = rng.normal(0, 1.4, n).astype("f4")
    data["hits"] = rng.integers(0, 14, n)
    data["flag"] = rng.random(n) < 0.1
    data["charge"] = rng.integers(-1, 2, n)
    return data


def field(shape, seed=2):
    """A smooth grid."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(0, 3, n) for n in shape], indexing="ij")
    return (sum(np.sin(a * (i + 1)) for i, a in enumerate(axes)) + rng.normal(0, 0.01, shape)).astype("f4")


@pytest.fixture
def python():
    """Runs a program in a process of its own; returns what it printed and its exit status."""

    def run(program, **environment):
        env = dict(os.environ, **environment)
        env["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), env.get("PYTHONPATH", "")])
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=env, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    return run
