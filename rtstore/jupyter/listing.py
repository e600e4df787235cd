"""Listing: what a directory of this host holds, as the contents manager would say it.

Jupyter's asynchronous manager goes to another thread four times for each file; this takes one
thread for all of them, and is asked only where the files are Jupyter's own to describe.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from pathlib import Path
from typing import Any

from jupyter_core.paths import is_file_hidden, is_hidden
from tornado.web import HTTPError

from rtstore.jupyter import disk

Model = dict[str, Any]


def of(manager: Any, path: str) -> list[Model]:  # noqa: ANN401 -- a FileContentsManager
    """Models without content, as the manager's listing has them. Raises HTTPError 404."""
    found = disk.os_path(manager, path)
    if found is None or not Path(found).is_dir() or _is_hidden(manager, found):
        raise HTTPError(404, f"directory does not exist: {path!r}")
    with os.scandir(found) as entries:
        told = [_model(manager, path, entry) for entry in entries]
    return [one for one in told if one is not None]


def _model(manager: Any, directory: str, entry: os.DirEntry[str]) -> Model | None:  # noqa: ANN401
    try:
        if not _is_shown(manager, entry):
            return None
        path = f"{directory}/{entry.name}".strip("/")
        model: Model = manager._base_model(path)  # noqa: SLF001 -- what all its models are made of
    except (OSError, HTTPError, UnicodeError):
        return None  # gone meanwhile, a link to nothing, or not for us
    if entry.is_dir():
        return model | {"type": "directory", "size": None}
    if entry.name.endswith(".ipynb"):
        return model | {"type": "notebook"}
    return model | {"type": "file", "mimetype": mimetypes.guess_type(entry.path)[0]}


def _is_shown(manager: Any, entry: os.DirEntry[str]) -> bool:  # noqa: ANN401
    told = entry.stat(follow_symlinks=False)
    if not (stat.S_ISLNK(told.st_mode) or stat.S_ISREG(told.st_mode) or entry.is_dir()):
        return False
    is_hidden_file = not manager.allow_hidden and is_file_hidden(entry.path, stat_res=told)
    return bool(manager.should_list(entry.name)) and not is_hidden_file


def _is_hidden(manager: Any, found: str) -> bool:  # noqa: ANN401
    return not manager.allow_hidden and bool(is_hidden(found, manager.root_dir))
