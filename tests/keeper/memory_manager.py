"""A contents manager that is no file system: files live in the server's memory."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.contents.checkpoints import (
    Checkpoints,
    GenericCheckpointsMixin,
)
from jupyter_server.services.contents.manager import ContentsManager
from tornado.web import HTTPError

FIRST = {
    "cells": [
        {
            "cell_type": "code",
            "id": "c0",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "in memory",
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


class NoCheckpoints(GenericCheckpointsMixin, Checkpoints):  # type: ignore[misc] # untyped
    """None are kept."""

    def list_checkpoints(self, path: str) -> list[dict[str, Any]]:
        return []

    def delete_checkpoint(self, checkpoint_id: str, path: str) -> None: ...

    def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None: ...


class MemoryManager(ContentsManager):  # type: ignore[misc] # untyped
    """One flat directory, which knows no hashes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._files = {"memory.ipynb": (FIRST, datetime.now(UTC))}

    def _checkpoints_class_default(self) -> type[NoCheckpoints]:
        return NoCheckpoints

    def get(
        self, path: str, content: bool = True, type: str | None = None, format: str | None = None
    ) -> dict[str, Any]:
        path = path.strip("/")
        model: dict[str, Any] = {
            "name": path,
            "path": path,
            "created": datetime.now(UTC),
            "last_modified": datetime.now(UTC),
            "writable": True,
            "mimetype": None,
            "size": None,
            "content": None,
            "format": None,
        }
        if not path:
            files = [self.get(name, content=False) for name in self._files] if content else None
            return model | {"type": "directory", "content": files, "format": "json"}
        if path not in self._files:
            raise HTTPError(404, f"no {path}")
        told, at = self._files[path]
        model |= {"type": "notebook", "last_modified": at}
        if content:
            from nbformat import from_dict

            model |= {"content": from_dict(copy.deepcopy(told)), "format": "json"}
        return model

    def save(self, model: dict[str, Any], path: str) -> dict[str, Any]:
        self._files[path.strip("/")] = (
            copy.deepcopy(model["content"]),
            datetime.now(UTC),
        )
        return self.get(path, content=False)

    def delete_file(self, path: str) -> None:
        del self._files[path.strip("/")]

    def rename_file(self, old_path: str, new_path: str) -> None:
        self._files[new_path.strip("/")] = self._files.pop(old_path.strip("/"))

    def file_exists(self, path: str) -> bool:
        return path.strip("/") in self._files

    def dir_exists(self, path: str) -> bool:
        return not path.strip("/")

    def is_hidden(self, path: str) -> bool:
        return False
