"""A kind of document that rtstore knows nothing of: strokes by name, as JSON text in its file."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc, Map

KIND = "drawing"


class YDrawing(YBaseDoc):  # type: ignore[misc] # untyped
    """Root ``strokes``: name → points."""

    def __init__(self, ydoc: Doc[Any] | None = None, awareness: Any = None) -> None:
        super().__init__(ydoc, awareness)
        self.strokes = self._ydoc.get("strokes", type=Map)

    @property
    def version(self) -> str:
        return "1.0.0"

    def get(self) -> str:
        return json.dumps(self.strokes.to_py(), sort_keys=True)

    def set(self, value: str) -> None:
        told = json.loads(value)
        with self._ydoc.transaction():
            self.strokes.clear()
            self.strokes.update(told)

    def observe(self, callback: Callable[[str, Any], None]) -> None:
        self.unobserve()
        self._subscriptions[self._ystate] = self._ystate.observe(partial(callback, "state"))
        self._subscriptions[self.strokes] = self.strokes.observe(partial(callback, "strokes"))


def install(directory: Path) -> None:
    """Make `directory`, once it is on the path, a place where a package is installed that
    registers the kind.
    """
    info = directory / "drawing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drawing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[jupyter_ydoc]\n{KIND} = {__name__}:YDrawing\n")
