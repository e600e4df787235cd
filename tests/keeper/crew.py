"""Workers that keep documents of a real Jupyter server, and people with notebooks."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.update_log import UpdateLog
from tests.gateway.team import Person, Worker, joined, running_worker
from tests.jupyter.conftest import ROOT, SECRET, Jupyter

_names = itertools.count(1)


def a_worker(jupyter: Jupyter, name: str, **given: object) -> AbstractAsyncContextManager[Worker]:
    """Gateway and keeper of the server's contents root."""
    settings = {"save_after_s": 0.2, "save_latest_s": 1.0} | given
    return running_worker(
        jupyter.store_url,
        f"{name}n{next(_names)}",  # a worker's name is never used again
        keeps=True,
        secret=SECRET,
        contents_id=ROOT,
        key_prefix=jupyter.prefix,
        **settings,
    )


def notebook(*sources: str, **more: Any) -> dict[str, Any]:
    """A valid notebook of code cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for i, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def write(jupyter: Jupyter, content: dict[str, Any] | str, name: str = "") -> str:
    """A file that nobody has opened before; returns its path."""
    path = name or f"n{next(_names)}" + (".ipynb" if isinstance(content, dict) else ".txt")
    file = jupyter.files / path
    file.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)
    return path


def sources(file: Path) -> list[str]:
    """Of a notebook on disk; none while it is being written."""
    try:
        cells = json.loads(file.read_text())["cells"]
    except ValueError:
        return []
    return ["".join(cell["source"]) for cell in cells]


class Author:
    """A person in a notebook or a text."""

    def __init__(self, person: Person, keys: DocumentKeys, log: UpdateLog) -> None:
        self.person, self.keys, self.log = person, keys, log
        self.notebook = YNotebook(person.doc)

    @property
    def sources(self) -> list[str]:
        return [str(cell["source"]) for cell in self.notebook.ycells]

    @property
    def text(self) -> str:
        return self.person.text

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.notebook.ystate.to_py() or {})

    async def insert(self, cell: int, text: str, at: int = 0) -> None:
        """Type into a cell."""
        await self.change(lambda: self.notebook.ycells[cell]["source"].insert(at, text))

    async def change(self, change: Callable[[], object]) -> None:
        """Edit, and send it as the front end does."""
        before = self.person.doc.get_state()
        change()
        await self.person.socket.send_bytes(_update(self.person.doc, before))

    async def until(self, met: Callable[[], bool], *, within_s: float = 30.0) -> None:
        """Until something is true here or on disk."""
        async with asyncio.timeout(within_s):
            while not met():
                await self.person.hear_for(0.02)

    async def save(self, number: int) -> str:
        """Ctrl+S; the status."""
        await self.person.socket.send_bytes(b"\x02\x04save" + bytes((number,)))
        before = len(self.person.raw)
        await self.person.until(lambda: len(self.person.raw) > before, within_s=30.0)
        return str(json.loads(self.person.raw[-1][2:])["status"])


def _update(doc: Doc[Any], before: bytes) -> bytes:
    from rtstore.schema import frames

    return frames.update(doc.get_update(before))


@asynccontextmanager
async def opened(
    worker: Worker, path: str, name: str = "ada", *, kind: str = "notebook", form: str = "json"
) -> AsyncIterator[Author]:
    """Somebody who has opened a file, and sees it."""
    room, session = await worker.session(path, kind, form)
    document_id = room.rpartition(":")[2]
    deployment = worker.gateway.rooms.deployment
    keys = deployment.keys.document(document_id)
    async with joined(worker, name, room=room, session=session) as person:
        await person.until(lambda: person.synced)
        yield Author(person, keys, UpdateLog(worker.link, keys, worker="test"))
