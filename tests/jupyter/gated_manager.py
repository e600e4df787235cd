"""A contents manager whose saves of some content wait, half way, until they are let through."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

SLOW = "slow"


class GatedManager(AsyncLargeFileManager):  # type: ignore[misc] # untyped
    """Content SLOW: makes ``<path>.gate``, and writes when somebody has removed it."""

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        if model.get("content") == SLOW:
            gate = Path(self.root_dir, path.strip("/") + ".gate")
            gate.touch()
            while gate.exists():
                await asyncio.sleep(0.01)
        return dict(await super().save(model, path))
