"""Real files below a contents manager: stat, hash and line ends, without its help.

Synchronous: callers run it in a thread, since a network disk may take its time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from tornado.web import HTTPError

SEARCH_ENTRIES_MAX = 50_000
SEARCH_S_MAX = 2.0
"""A moved file is looked for no further than this; beyond it counts as deleted."""
_NOT_SEARCHED = {"__pycache__", "node_modules"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is on disk now."""

    hash: str | None
    has_crlf: bool
    writable: bool
    stat: dict[str, Any] | None = None
    """From before it was read, where it is a plain file."""


def is_below(manager: Any) -> bool:  # noqa: ANN401 -- any contents manager
    """Whether its paths are files of this host."""
    return isinstance(manager, FileContentsManager)


def is_plain(manager: Any) -> bool:  # noqa: ANN401
    """Whether a path's content and hash are those of one file: not so for paired notebooks."""
    return is_below(manager) and type(manager).get.__module__.startswith("jupyter_server.")


def os_path(manager: Any, path: str) -> str | None:  # noqa: ANN401
    """The file's path on this host; None if `path` leads out of the root."""
    try:
        return str(manager._get_os_path(path.strip("/")))  # noqa: SLF001 -- the only way to ask
    except HTTPError:
        return None


def stats(manager: Any, paths: list[str]) -> dict[str, dict[str, Any] | None]:  # noqa: ANN401
    """For each path: mtime_ns, size, ino, writable; None where there is no file.

    A paired notebook counts as its files together, so that a change of either is seen.
    """
    return {path: _stat(manager, path) for path in paths}


def _stat(manager: Any, path: str) -> dict[str, Any] | None:  # noqa: ANN401
    own = _file_stat(os_path(manager, path))
    if own is None:
        return None
    others = [_file_stat(os_path(manager, other)) for other in _paired_with(manager, path)]
    all_files = [own, *(other for other in others if other is not None)]
    return {
        "mtime_ns": max(one.st_mtime_ns for one in all_files),
        "size": sum(one.st_size for one in all_files),
        "ino": own.st_ino,
        "writable": bool(manager.is_writable(path)),
    }


def _file_stat(found: str | None) -> os.stat_result | None:
    try:
        told = Path(found).stat() if found else None
    except (OSError, ValueError):
        return None
    return told if told and stat.S_ISREG(told.st_mode) else None


def _paired_with(manager: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    """Jupytext's other files of this notebook, as far as it knows them (once it was read)."""
    known = getattr(manager, "paired_notebooks", {}).get(path.strip("/"))
    if not known:
        return
    # Only there when Jupytext's contents manager is in use.
    from jupytext.paired_paths import InconsistentPath, paired_paths  # type: ignore[import-untyped]

    try:
        pairs = paired_paths(path.strip("/"), *known)
    except InconsistentPath:
        return
    yield from (other for other, _ in pairs if other != path.strip("/"))


def hash_of(manager: Any, path: str) -> tuple[str | None, str | None]:  # noqa: ANN401
    """The hash that the contents manager tells, and its algorithm. Raises HTTPError 404."""
    found = os_path(manager, path)
    try:
        data = Path(found or "").read_bytes()
    except OSError as error:
        raise HTTPError(404, f"file does not exist: {path}") from error
    return _digest(manager, data), manager.hash_algorithm


def look(manager: Any, path: str, *, is_text: bool) -> Seen | None:  # noqa: ANN401
    """Hash, line ends, mode and stat of the file; None if there is none."""
    stat_before = _stat(manager, path)
    if stat_before is None:
        return None
    try:
        data = Path(os_path(manager, path) or "").read_bytes()
    except FileNotFoundError:
        return None
    return Seen(
        _digest(manager, data),
        has_crlf=is_text and is_crlf(data),
        writable=bool(manager.is_writable(path)),
        stat=stat_before,
    )


def _digest(manager: Any, data: bytes) -> str:  # noqa: ANN401
    return hashlib.new(manager.hash_algorithm, data, usedforsecurity=False).hexdigest()


def is_crlf(data: bytes) -> bool:
    """Whether most lines end with CRLF (a mixed file becomes what it mostly is)."""
    return data.count(b"\r\n") * 2 > data.count(b"\n")


def find_inode(manager: Any, path: str, *, ino: int) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    """API paths and mtimes of files with this inode, in the directory of `path` first, then in
    the whole tree. Bounded in entries and time; hidden directories are left out.
    """
    root = str(Path(manager.root_dir).absolute())
    near = str(Path(os_path(manager, path) or root).parent)
    until, left = time.monotonic() + SEARCH_S_MAX, SEARCH_ENTRIES_MAX
    waiting, seen = deque([near, root]), set()
    while waiting and left > 0 and time.monotonic() < until:
        directory = waiting.popleft()
        if directory in seen:
            continue
        seen.add(directory)
        for entry in _entries(directory):
            left -= 1
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NOT_SEARCHED and not entry.name.startswith("."):
                    waiting.append(entry.path)
            elif entry.inode() == ino and (told := _file_stat(entry.path)) is not None:
                yield os.path.relpath(entry.path, root).replace(os.sep, "/"), told.st_mtime_ns


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []  # unreadable, or gone meanwhile
