"""Typist: a model browser that types words which nobody else types, and knows which are saved.

It speaks the room's protocol as any client does, keeps what it typed while it is away, and counts
a word as acknowledged when the server has said that the document has it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rtstore.client import Notebook, NotSent, connect
from rtstore.tasks import background

WORD = re.compile(r"<(\w+)\.(\d+)>")
BATCH = 5
PAUSE_S = 0.02
OPEN_S = 60.0


class Typist:
    """See the module. `words` is all it typed, in order; the first `acked` of them are saved."""

    def __init__(self, name: str, notebook: Notebook, rng: random.Random) -> None:
        self.name, self.notebook, self._rng = name, notebook, rng
        self.words: list[str] = []
        self.acked = 0
        self.is_gone = False
        self._pause = asyncio.Event()
        self._quiet = asyncio.Event()
        self._pause.set()

    async def run(self) -> None:
        """Type until cancelled, with pauses where it is asked to."""
        while True:
            self._quiet.set()
            await self._pause.wait()
            self._quiet.clear()
            for _ in range(self._rng.randint(1, BATCH)):
                if self.is_gone:
                    break
                self._type()
                await asyncio.sleep(self._rng.uniform(0, 2 * PAUSE_S))
            await self._acknowledge()

    def _type(self) -> None:
        word = f"<{self.name}.{len(self.words)}>"
        self.words.append(word)
        if self._rng.random() < 0.05:
            self.notebook.append_cell(word)
        else:
            self._rng.choice(self.notebook.cells).append(word)

    async def _acknowledge(self) -> None:
        count = len(self.words)
        try:
            await self.notebook.flush()
        except NotSent:
            return  # it goes on; the next time covers these too
        if not self.is_gone:
            self.acked = count

    async def stop(self) -> None:
        """Type nothing more; what was typed is acknowledged when this returns."""
        self._pause.clear()
        await self._quiet.wait()
        while self.acked < len(self.words):
            await self._acknowledge()

    def go_on(self) -> None:
        """Type again."""
        self._pause.set()

    def vanish(self) -> None:
        """Be gone at once, with all that is in this process: nothing is said any more."""
        self.is_gone = True
        self._pause.clear()
        self.notebook._unconfirmed.clear()  # nothing is waited for at the end
        room = self.notebook._room
        room._unsent.clear()
        socket = room._socket
        if socket is not None and (connection := socket._response.connection) is not None:
            assert connection.transport is not None
            connection.transport.abort()
        room.send = lambda message: None  # type: ignore[method-assign]
        room._connect = _never  # type: ignore[method-assign]

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(id, source) of each cell, as this browser has them."""
        return [(cell.id, cell.source) for cell in self.notebook.cells]


async def _never(peer: object) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def typing(url: str, token: str, path: str, name: str, seed: int) -> AsyncIterator[Typist]:
    """Somebody who types in the notebook at `path` through `url` while the body runs."""
    async with connect(url, token=token) as server, server.notebook(path) as notebook:
        typist = Typist(name, notebook, random.Random(seed))
        async with background(typist.run()):
            yield typist
