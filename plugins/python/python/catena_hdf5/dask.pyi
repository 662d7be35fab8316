import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

@dataclass(frozen=True)
class Packed:
    source: str
    target: str
    error: str | None = None
    skipped: bool = False
    source_bytes: int = 0
    target_bytes: int = 0
    seconds: float = 0.0
    @property
    def ok(self) -> bool: ...

def pack(files: Iterable[str | os.PathLike[str]], out_dir: str | os.PathLike[str], client: Any | None = None, *, level: int = 3, retries: int = 3, overwrite: bool = False, progress: bool | Callable[[int, int, Packed], None] = True, command: str | None = None) -> list[Packed]: ...
def pack_one(source: str, target: str, level: int = 3, command: str | None = None) -> Packed: ...
