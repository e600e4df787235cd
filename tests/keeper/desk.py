"""One document's keeper taken apart: its steps are made one by one, with others in between."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.keeper import importer
from rtstore.keeper.charge import Charge, Office
from rtstore.keeper.contents import Contents, Where
from rtstore.keeper.outside import Outside
from rtstore.keeper.saver import Saver
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.update_log import Entry, Origin, UpdateLog
from rtstore.replica.replica import Replica
from rtstore.schema.ids import BEGINNING
from rtstore.settings import Settings
from tests.jupyter.conftest import ROOT, SECRET, Jupyter, server_url

_names = itertools.count(1)
Rival = Callable[[], Awaitable[object]]


class Interleaved(Contents):
    """Jupyter's files; others act between an answer and who asked, or no answer comes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.after: dict[str, Rival] = {}
        """Endpoint → what is done, once, when it has answered; what that raises is the answer."""
        self.refusals: dict[str, Exception] = {}
        """Endpoint → what it says instead of doing anything."""
        self.asked: Counter[str] = Counter()
        self.events: list[dict[str, Any]] = []

    async def _ask(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked[name] += 1
        if refusal := self.refusals.get(name):
            raise refusal
        if name == "event":
            self.events.append(body["data"])
        answer = await super()._ask(name, body)
        if rival := self.after.pop(name, None):
            await rival()
        return answer


@dataclass
class Desk:
    """A charge, and what is done to it."""

    jupyter: Jupyter
    charge: Charge
    contents: Interleaved
    outside: Outside
    saver: Saver

    @property
    def file(self) -> Path:
        return self.jupyter.files / self.charge.where.path

    async def typed(self, text: str, *, cell: int = 0) -> None:
        """Somebody types at the beginning of a cell."""

        def insert(notebook: YNotebook) -> None:
            notebook.ycells[cell]["source"].insert(0, text)

        await self.changed(insert)

    async def changed(self, change: Callable[[YNotebook], None]) -> None:
        """Somebody does something to the notebook."""
        doc: Doc[Any] = Doc()
        peer = Replica(self.charge.log, "notebook")
        await peer.follower.start()
        await peer.settle()
        doc.apply_update(peer.doc.get_update())
        before = doc.get_state()
        change(YNotebook(doc))
        log = self.charge.log
        await log.append(
            doc.get_update(before), Origin(user="ada"), epoch=self.charge.epoch, tag=log.next_tag()
        )

    async def sources(self) -> list[str]:
        """Of the live document."""
        await self.charge.replica.follower.catch_up()
        await self.charge.settle()
        return [cell["source"] for cell in self.charge.content()["cells"]]

    async def entries(self, kind: str) -> list[Entry]:
        """Of the log."""
        return [entry for entry in await self.charge.log.read() if entry.kind == kind]

    def beside(self, label: str) -> list[dict[str, Any]]:
        """What was put beside the file under this label."""
        found = self.jupyter.files.glob(f"{self.file.stem}.{label}-*")
        return [json.loads(file.read_text()) for file in sorted(found)]

    def told(self, level: str) -> list[str]:
        """Messages of the events so far."""
        return [event["msg"] for event in self.contents.events if event["level"] == level]


@asynccontextmanager
async def at_desk(jupyter: Jupyter, path: str, *, kind: str = "notebook") -> AsyncIterator[Desk]:
    """The document at `path`, imported or taken over; its lease is ours for as long as it goes."""
    worker = f"desk{next(_names)}"
    keys, root = jupyter.keys, jupyter.root
    settings = Settings.load(key_prefix=jupyter.prefix, secret=SECRET, save_after_s=0.05)
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(connect(jupyter.store_url, name=worker, keys=keys))
        await server_url(jupyter, link)  # it answers before it has its store
        http = await stack.enter_async_context(ClientSession())
        contents = Interleaved(http, link, root, url=None, secret=SECRET)
        files = FileIndex(link, root)
        registry = Registry(link, keys)
        office = Office(link, settings, contents, files, registry, worker, keys, ROOT)
        document_id, _ = await files.index(path)
        own = keys.document(document_id)
        log = UpdateLog(link, own, worker=worker)
        form = "json" if kind == "notebook" else "text"
        place = {"server": ROOT, "path": path, "type": kind, "format": form}
        await log.open(BEGINNING, gen="gen1", place=place)
        lease = Lease.of_document(link, own, "keep", owner=worker)
        await link.command("DEL", own.lease("keep"))  # whoever had it is dead
        assert await lease.acquire()
        await link.command("PERSIST", own.lease("keep"))
        where = Where(path, kind, form)
        charge = Charge(office, document_id, own, log, lease, where, "gen1", Replica(log, kind))
        await charge.replica.follower.start()
        await charge.open()
        await importer.load(charge)
        outside = Outside(charge)
        yield Desk(jupyter, charge, contents, outside, Saver(charge, outside))
        await lease.release()


async def rewritten(desk: Desk, text: str) -> None:
    """Somebody replaces the whole source of the first cell."""

    def rewrite(notebook: YNotebook) -> None:
        source = notebook.ycells[0]["source"]
        del source[:]
        source.insert(0, text)

    await desk.changed(rewrite)
