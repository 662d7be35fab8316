"""Many HDF5 files on Dask's distributed scheduler: each is packed by a worker, read back, and put in place.

    from dask.distributed import Client
    from catena_hdf5.dask import pack
    results = pack(glob("runs/*.h5"), "packed", Client("scheduler:8786"), level=3)

Workers need the wheel, and see files and folder under the same names. A file appears in the folder whole and checked, or not at all: it is written under a
hidden temporary name beside it and renamed. So a task may be run again at any time: Dask does so when a worker dies, and pack itself when it fails. Needs `catena-hdf5[dask]`.
"""

import glob
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass

from .filter import check_level
from .repack import compare, repack

#: What a temporary name has in its middle: `.NAME.catena-ID.part`.
_MARK = ".catena-"


@dataclass(frozen=True)
class Packed:
    """What became of a file. `error` is None if it was packed, or was there already (`skipped`). Sizes are those of the files."""

    source: str
    target: str
    error: "str | None" = None
    skipped: bool = False
    source_bytes: int = 0
    target_bytes: int = 0
    seconds: float = 0.0

    @property
    def ok(self):
        return self.error is None


def pack(files, out_dir, client=None, *, level=3, retries=3, overwrite=False, progress=True, command=None):
    """Packs files into a folder, under their own names, and returns a `Packed` for each, in their order.

    client: a `distributed.Client`; without it the current one, or processes on this machine for this call. retries: how often a file that failed, or whose
    worker died, is tried again; then it is reported and the others go on. overwrite: packs also what is there already; else that is skipped. progress: a line on
    standard error, or a function of the number done, the number in all, and the latest `Packed`. command: a `catena` program with `h5` to pack and verify with, instead of h5py.

    Two calls must not write to the same folder at once.
    """
    import distributed

    sources = [os.path.abspath(os.fspath(file)) for file in files]
    out_dir = os.path.abspath(os.fspath(out_dir))
    targets = [os.path.join(out_dir, os.path.basename(source)) for source in sources]
    _check(sources, targets, level, retries)
    os.makedirs(out_dir, exist_ok=True)
    own = None
    if client is None:
        try:
            client = distributed.get_client()
        except ValueError:
            client = own = distributed.Client(processes=True, threads_per_worker=1, dashboard_address=None)
    try:
        return _run(client, sources, targets, level, retries, overwrite, _progress(progress), command)
    finally:
        if own is not None:
            own.close()


def _check(sources, targets, level, retries):
    check_level(level)
    if retries < 0:
        raise ValueError(f"{retries} retries")
    seen = {}
    for source, target in zip(sources, targets):
        if seen.setdefault(target, source) != source:
            raise ValueError(f"{seen[target]} and {source} would both become {target}")
        if os.path.realpath(source) == os.path.realpath(target):
            raise ValueError(f"{source} would be packed onto itself")


def _run(client, sources, targets, level, retries, overwrite, report, command):
    import distributed

    results, waiting, tries = {}, {}, {}

    def submit(source, target):
        tries[source] = tries.get(source, 0) + 1
        # A key of its own: the file's content is not in its name.
        key = f"catena-pack-{os.path.basename(source)}-{uuid.uuid4().hex}"
        future = client.submit(pack_one, source, target, level, command, key=key, pure=False)
        waiting[future] = (source, target)
        return future

    def done(result):
        results[result.source] = result
        report(len(results), len(set(sources)), result)

    first = []
    for source, target in dict(zip(sources, targets)).items():
        if not overwrite and os.path.exists(target):
            _remove_leftovers(target)
            done(_described(source, target, skipped=True))
        else:
            first.append(submit(source, target))
    queue = distributed.as_completed(first)
    for future in queue:
        source, target = waiting.pop(future)
        # An error of the task, or of Dask when the workers that tried it have died.
        error = future.exception() if future.status == "error" else RuntimeError("it was cancelled") if future.status == "cancelled" else None
        if error is None:
            done(future.result())
        elif tries[source] <= retries:
            queue.add(submit(source, target))
        else:
            _remove_leftovers(target)
            done(Packed(source, target, error=f"{type(error).__name__}: {error} (tried {tries[source]} times)"))
        future.release()
    return [results[source] for source in sources]


def pack_one(source, target, level=3, command=None):
    """Packs one file and checks it, as a worker does; idempotent. What an attempt before has left of itself is removed."""
    begun = time.monotonic()
    folder, name = os.path.split(target)
    _remove_leftovers(target)
    part = os.path.join(folder, f".{name}{_MARK}{uuid.uuid4().hex}.part")
    try:
        if command is None:
            repack(source, part, level)
            compare(source, part)
        else:
            _call(command, "pack", f"-{level}", "-T", "1", "-q", source, part)
            _call(command, "verify", "-T", "1", "-q", source, part)
        _sync(part)
        os.replace(part, target)
        _sync(folder)
    finally:
        if os.path.exists(part):
            os.remove(part)
    return _described(source, target, seconds=time.monotonic() - begun)


def _described(source, target, **more):
    sizes = [os.path.getsize(path) if os.path.exists(path) else 0 for path in (source, target)]
    return Packed(source, target, source_bytes=sizes[0], target_bytes=sizes[1], **more)


def _call(command, *arguments):
    done = subprocess.run([command, "h5", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} h5 {arguments[0]}: {(done.stderr or done.stdout).strip() or f'status {done.returncode}'}")


def _remove_leftovers(target):
    folder, name = os.path.split(target)
    for path in glob.glob(os.path.join(glob.escape(folder), glob.escape(f".{name}{_MARK}") + "*.part")):
        try:
            os.remove(path)
        except FileNotFoundError:
            pass


def _sync(path):
    """Waits until a file, or a folder's entries, are on disk."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no folders.
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _progress(asked):
    if callable(asked):
        return asked
    if not asked:
        return lambda done, total, latest: None

    def line(done, total, latest):
        full = 24 * done // total
        failed = f"; failed: {latest.source}: {latest.error}\n" if latest.error else ""
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r[{'#' * full}{'.' * (24 - full)}] {done} of {total} files{failed}{end}")
        sys.stderr.flush()

    return line
