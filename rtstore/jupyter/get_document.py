"""``settings["jupyter_server_ydoc"]``: open documents for other server extensions.

Source: ``jupyter_server_ydoc.app.YDocExtension.get_document``, whose signature this has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc, Map

from rtstore.errors import NoSuchDocument, StoreUnavailable
from rtstore.jupyter.backend import Backend
from rtstore.pubsub.content import content_of
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.update_log import Meta, UpdateLog
from rtstore.replica.live_document import LiveDocument
from rtstore.schema import feed, kinds, updates
from rtstore.schema.ids import BEGINNING, new_worker_id

logger = logging.getLogger(__name__)

IMPORT_WITHIN_S = 30.0
USER = "jupyter-server"
"""Who edits that other extensions make are attributed to."""


@dataclass(slots=True)
class _Attached:
    """A document that was handed out live."""

    live: LiveDocument
    running: asyncio.Task[None]
    document: YBaseDoc | None = None
    """The one that everybody gets: some kinds observe themselves and answer with edits of their
    own, which two of them would do twice.
    """


class Documents:
    """What jupyterlab-chat, jupyter-ai and others call."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._worker = new_worker_id()
        self._attached_to: dict[str, _Attached] = {}

    async def get_document(
        self,
        *,
        path: str | None = None,
        content_type: str | None = None,
        file_format: str | None = None,
        room_id: str | None = None,
        copy: bool = True,
        create: bool = False,
    ) -> YBaseDoc | None:
        """The document at `path` (with its type and format) or in the room `room_id`.

        `copy`: one of its own, as it is now; else the live one: it changes as people type, and
        what is done to it everybody sees. None if nobody has the document open, unless `create`.
        Raises ValueError on missing arguments, NoSuchDocument if there is no such file,
        StoreUnavailable while there is no store.
        """
        form, kind, document_id = await self._named(path, content_type, file_format, room_id)
        log = self._log(document_id)
        meta = await log.meta()
        if not meta and not create:
            return None
        if (meta.get("type", kind), meta.get("format", form)) != (kind, form):
            raise ValueError(
                f"it is open as {meta['type']} ({meta['format']}), not {kind} ({form})"
            )
        link = self._backend.connected.link
        if not create and not await link.command("EXISTS", log.keys.who, log.keys.lease("keep")):
            return None
        await self._announce(document_id, meta, kind, form)
        return await (self._copied(log, kind) if copy else self._attached(log, kind, document_id))

    async def _named(
        self, path: str | None, kind: str | None, form: str | None, room_id: str | None
    ) -> tuple[str, str, str]:
        if room_id is not None:
            parts = room_id.split(":", 2)
            if len(parts) != 3:
                raise ValueError(f"room_id {room_id!r} is not <format>:<type>:<file id>")
            return parts[0], parts[1], parts[2]
        if not path or not kind or not form:
            raise ValueError("give room_id, or path, content_type and file_format")
        stats = await self._backend.files.stats([path.strip("/")])
        if stats[path.strip("/")] is None:
            raise NoSuchDocument(f"no file at {path}")
        document_id, _ = await self._backend.connected.index.index(path)
        return form, kind, document_id

    def _log(self, document_id: str) -> UpdateLog:
        keys = self._backend.keys.document(document_id)
        return UpdateLog(self._backend.connected.link, keys, worker=self._worker)

    async def _announce(self, document_id: str, meta: Meta, kind: str, form: str) -> None:
        """Have a keeper import it, if none has, and save what is done to it."""
        connected = self._backend.connected
        if not meta:
            path = await connected.index.path_of(document_id) or ""
            place = {
                "server": self._backend.contents_id,
                "path": path,
                "type": kind,
                "format": form,
            }
            await self._log(document_id).open(BEGINNING, gen=new_worker_id(), place=place)
        await Registry(connected.link, self._backend.keys).mark(document_id)
        root = self._backend.keys.root(self._backend.contents_id)
        note = feed.notice("opened", document=document_id)
        await connected.link.command("SPUBLISH", root.feed, note)

    async def _copied(self, log: UpdateLog, kind: str) -> YBaseDoc:
        doc: Doc[Any] = Doc()
        async with _in_time(log):
            # Looked at now and then: for one read a subscription would cost more.
            while not (told := content_of(await log.load())):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        doc.apply_update(updates.merge(told))
        return kinds.make(kind, doc)

    async def _attached(self, log: UpdateLog, kind: str, document_id: str) -> YBaseDoc:
        known = self._attached_to.get(document_id)
        if known is None or known.running.done():
            known = self._attach(log, document_id)
        async with _in_time(log):
            await known.live.has_content.wait()
        if known.running.done():
            raise StoreUnavailable("the live document ended; the server's log says why")
        if known.document is None:
            known.document = made_clean(kind, known.live.doc)
        return known.document

    def _attach(self, log: UpdateLog, document_id: str) -> _Attached:
        async def announce() -> None:
            await self._announce(document_id, {"": ""}, "", "")

        live = LiveDocument(self._backend.connected.link, log, user=USER, announce=announce)
        running = self._backend.connected.tasks.create_task(_guarded(live, document_id))
        self._attached_to[document_id] = _Attached(live, running)
        return self._attached_to[document_id]


def made_clean(kind: str, doc: Doc[Any]) -> YBaseDoc:
    """The document of `kind` in `doc`, no dirtier than it was: chats call themselves dirty when
    they are made, which browsers would show as unsaved changes of nobody's.
    """
    was_dirty = bool(doc.get("state", type=Map).get("dirty"))
    document = kinds.make(kind, doc)
    if document.dirty and not was_dirty:
        document.dirty = False
    return document


async def _guarded(live: LiveDocument, document_id: str) -> None:
    try:
        await live.run()
    except Exception:
        logger.exception("live document ended id=%s", document_id)
    finally:
        live.has_content.set()  # nobody need wait any more


@asynccontextmanager
async def _in_time(log: UpdateLog) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(IMPORT_WITHIN_S):
            yield
    except TimeoutError:
        raise NoSuchDocument(f"{log.keys.meta}: no keeper has loaded it in time") from None
