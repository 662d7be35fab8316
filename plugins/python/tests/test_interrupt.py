"""Ctrl-C takes effect while the codec works: the call ends with KeyboardInterrupt within 0.3 s, and the process goes on or ends as it likes."""

import signal
import subprocess
import sys
import threading
import time

import pytest

SETUP = """
import io, signal, time, numpy as np, catena_hdf5
# Where tests run in a script's background it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
data = np.random.default_rng(1).normal(size=3_000_000).astype("f4").cumsum().tobytes()
"""
LONG = {
    "compress": "catena_hdf5.compress(data, 7, dtype='<f4', threads={threads})",
    "decompress": "catena_hdf5.decompress(coded, threads={threads})",
    # Closed by its block: Python drops what is raised while it collects an object.
    "write": "with catena_hdf5.open(io.BytesIO(), 'wb', level=7, dtype='<f4', threads={threads}) as file: file.write(data)",
    "read": "catena_hdf5.open(io.BytesIO(coded), threads={threads}).read()",
}


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("call", LONG)
def test_an_interrupt_takes_effect(tmp_path, call, threads):
    # Decoding takes as long as encoding: a short stream, again and again.
    coded = "coded = catena_hdf5.compress(data[:1 << 19], 7, dtype='<f4') * 24\n" if call in ("decompress", "read") else ""
    program = SETUP + coded + f"""
print("ready", flush=True)
try:
    # Again and again, so that it is under way on the fastest machine.
    while True:
        {LONG[call].format(threads=threads)}
except KeyboardInterrupt:
    print("interrupted", flush=True)
# It is still good for something.
assert catena_hdf5.decompress(catena_hdf5.compress(b"abc" * 1000)) == b"abc" * 1000
print("alive", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # An interrupt that is lost must not hold up the tests.
    patience = threading.Timer(60, process.kill)
    patience.start()
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    line = process.stdout.readline()
    seconds = time.monotonic() - sent
    rest = process.communicate(timeout=60)[0]
    patience.cancel()
    assert line == "interrupted\n" and seconds < 0.3, (seconds, line, rest)
    assert rest == "alive\n" and process.returncode == 0, rest


def test_what_was_interrupted_says_so(tmp_path):
    program = SETUP + """
import threading
out = catena_hdf5.Compressor(7, "<f4", None, False, 1)
threading.Timer(0.4, lambda: signal.raise_signal(signal.SIGINT)).start()
try:
    while True:
        out.compress(data)
except KeyboardInterrupt:
    pass
try:
    out.finish()
except catena_hdf5.CatenaError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "an earlier call was interrupted\n", done.stdout + done.stderr


def test_a_handler_that_returns_lets_the_work_go_on():
    program = SETUP + """
import threading
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
begun = time.monotonic()
threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGUSR1)).start()
while not seen:
    coded = catena_hdf5.compress(data[:1 << 18], 7, dtype="<f4")
    assert catena_hdf5.decompress(coded) == data[:1 << 18]
print(seen[0] - begun < 0.5)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "True\n", done.stdout + done.stderr
