"""Pages of the unmodified JavaScript client (yjs, y-websocket), each a node process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rtstore.tasks import background
from tests.gateway.team import PATIENCE_S
from tests.support import npm
from tests.support.npm import NODE

HERE = Path(__file__).parent / "js"


def install() -> None:
    """Have y-websocket; skips, or fails, the test."""
    npm.install(HERE, whose="pages of y-websocket")


class Page:
    """One page. `seen` is what it showed last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self._news = asyncio.Event()
        self.seen: dict[str, Any] = {"text": "", "synced": False, "people": [], "closed": []}

    @property
    def text(self) -> str:
        return str(self.seen["text"])

    @property
    def names(self) -> list[str]:
        """Of the others that it shows."""
        return sorted(one.get("user", {}).get("name", "?") for one in self.seen["people"])

    def do(self, deed: str, *given: object) -> None:
        """One of the deeds of ``page.js``."""
        self._stdin.write(json.dumps([deed, *given]).encode() + b"\n")

    async def until(self, met: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Until it shows something. Raises AssertionError with what it shows instead."""
        try:
            async with asyncio.timeout(within_s):
                while not met():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"the page shows {self.seen}") from None

    async def hear(self) -> None:
        """Read what it says, until it ends."""
        async for line in self._stdout:
            self.seen = json.loads(line)
            self._news.set()


@asynccontextmanager
async def page(server: str, room: str, **params: str) -> AsyncIterator[Page]:
    """A page that y-websocket connects to `room` of `server`, with `params` in the URL."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(HERE / "page.js"),
        f"{server.replace('http', 'ws', 1)}/api/collaboration/room",
        room,
        json.dumps(params),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Page(process)
    try:
        async with background(made.hear()):
            yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
