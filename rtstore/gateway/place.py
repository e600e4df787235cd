"""Place: one document as this deployment knows it: names, log, type, generation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtstore.errors import JupyterUnavailable, StaleEpoch
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.pubsub.follower import Follower
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import MARK_EVERY_S, Registry
from rtstore.redis_backend.update_log import SCHEMA, Meta, Opened, UpdateLog
from rtstore.schema import feed
from rtstore.schema.app_document import APP, is_app, path_of
from rtstore.schema.ids import BEGINNING, new_gen

logger = logging.getLogger(__name__)

HELD_S = 2.0
"""So long it is waited for those who hold what the store has forgotten."""
HELD_AGAIN_S = 0.05

Later = Callable[[Coroutine[Any, Any, object]], None]
"""Run something in the background; its errors are logged."""


def session_id(contents_id: str, gen: str) -> str:
    """What the front end is given and brings back with each socket: opaque to it."""
    return f"{contents_id}.{SCHEMA}.{gen}"


def is_of_other_gen(session: str, contents_id: str, gen: str) -> bool:
    """Whether `session` was given out here, for another history of the document."""
    begins, _, told = session.rpartition(".")
    return begins == f"{contents_id}.{SCHEMA}" and bool(told) and told != gen


@dataclass(frozen=True, slots=True)
class Deployment:
    """What all rooms of one worker share."""

    link: Link
    keys: Keys
    worker: str
    contents_id: str
    files: FileIndex
    registry: Registry
    jupyter: JupyterServer
    later: Later
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a large update is looked through: one at a time, as each takes a thread that
    competes with the event loop for the interpreter."""


class Place:
    """One document's names and what `rt:{D}:meta` says of it."""

    announce_every_s = MARK_EVERY_S

    def __init__(self, deployment: Deployment, document_id: str, *, kind: str, form: str) -> None:
        self._all = deployment
        self.document_id = document_id
        self.link: Link = deployment.link
        self.keys: DocumentKeys = deployment.keys.document(document_id)
        self.log = UpdateLog(deployment.link, self.keys, worker=deployment.worker)
        self.checking = deployment.checking
        self.kind, self.format = kind, form
        self.path = ""
        self.gen = ""
        self.is_displaced = False
        """Whether a store that forgot us has given our path to another document."""

    @property
    def session_id(self) -> str:
        """The session id of this document's present history."""
        return session_id(self._all.contents_id, self.gen)

    def is_earlier(self, session: str) -> bool:
        """Whether `session` is of a history that the document had before."""
        return is_of_other_gen(session, self._all.contents_id, self.gen)

    def later(self, job: Coroutine[Any, Any, object]) -> None:
        """See Later."""
        self._all.later(job)

    def known(self, meta: Mapping[str, str]) -> None:
        """Take what the store says; the generation stays what it was first."""
        if meta:
            self.gen = self.gen or meta.get("gen", "")
            self.kind = meta.get("type") or self.kind
            self.format = meta.get("format") or self.format
            self.path = meta.get("path") or self.path

    def is_other_history(self, meta: Mapping[str, str]) -> bool:
        """Whether the store has the document under another generation than ours."""
        gen = meta.get("gen")  # a lease's owner may have written to what somebody had deleted
        return bool(gen and self.gen and gen != self.gen)

    def moved(self, path: str) -> None:
        """The file has another path now."""
        self.path = path or self.path

    async def has_file(self) -> bool:
        """Whether the id still stands for a file, or needs none; learns its path."""
        if is_app(self.document_id):
            self.moved(path_of(self.document_id))
            return True
        path = await self._all.files.path_of(self.document_id)
        self.moved(path or "")
        return path is not None

    @property
    def _where(self) -> Meta:
        return {
            "server": self._all.contents_id,
            "path": self.path,
            "type": self.kind,
            "format": self.format,
        }

    async def open(self, follower: Follower, *, is_held: bool) -> Opened:
        """Open the log for writing at the follower's position."""
        gen = self.gen or new_gen()
        opened = await follower.open(gen=gen, is_held=is_held, place=self._where)
        self.gen = self.gen or opened.meta["gen"]
        if opened.verdict != "ok" and self.path and self.kind != APP:
            files = self._all.files
            if opened.verdict == "new" or await files.path_of(self.document_id) is None:
                self.is_displaced = not await files.adopt(self.document_id, self.path)
        return opened

    async def begin(self) -> Opened:
        """Open the log for somebody who has nothing of the document; it is made if need be.

        Should the store have forgotten one that is open somewhere, who has its content makes it
        again: they are waited for. Raises StoreUnavailable, StoreRefused.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + HELD_S
        while True:
            try:
                return await self.log.open(BEGINNING, gen="", place=self._where)
            except StaleEpoch:
                heard = await self.link.command("SPUBLISH", self.keys.feed, feed.notice("unmade"))
            if not heard or loop.time() > until:
                return await self.log.open(BEGINNING, gen=new_gen(), place=self._where)
            await asyncio.sleep(HELD_AGAIN_S)

    async def successor(self) -> Place | None:
        """The document that has our path now; None if none has."""
        other = await self._all.files.id_of(self.path) if self.path else None
        if other in {None, self.document_id}:
            return None
        place = Place(self._all, str(other), kind=self.kind, form=self.format)
        place.moved(self.path)
        return place

    async def announce(self) -> None:
        """Tell the keepers that this document is in use."""
        await self._all.registry.mark(self.document_id)
        note = feed.notice("opened", document=self.document_id)
        await self.link.command("SPUBLISH", self._all.keys.root(self._all.contents_id).feed, note)

    async def tell_people(self, level: str, message: str) -> None:
        """An event for everybody who is signed in; needs no store. See `session_events`."""
        event = {
            "level": level,
            "room": f"{self.format}:{self.kind}:{self.document_id}",
            "path": self.path,
            "msg": message,
        }
        try:
            await self._all.jupyter.tell_people(event)
        except JupyterUnavailable as error:
            logger.warning("not told document=%s %r why=%s", self.document_id, message, error)
