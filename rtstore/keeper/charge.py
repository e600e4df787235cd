"""Charge: one document in our keeping: its replica, its lease, and what we know of its file."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rtstore.errors import BadDocument, LoadFailed, RTStoreError
from rtstore.keeper import base as bases
from rtstore.keeper import form
from rtstore.keeper.base import Base
from rtstore.keeper.contents import Contents, Stat, Where
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.update_log import Meta, Origin, UpdateLog
from rtstore.replica.replica import Hand, Replica
from rtstore.schema import feed, live, session_events
from rtstore.schema.frames import NOTHING
from rtstore.schema.ids import BEGINNING
from rtstore.settings import Settings

logger = logging.getLogger(__name__)

PENDING_MAX = 50
"""Saves without an answer that are remembered; the file holds one of the last."""
INVALID = "invalid"
"""Label of a copy beside that is no valid notebook."""


@dataclass(frozen=True, slots=True)
class Office:
    """What all charges of one worker share."""

    link: Link
    settings: Settings
    contents: Contents
    files: FileIndex
    registry: Registry
    worker: str
    keys: Keys
    contents_id: str


@dataclass(slots=True, eq=False)
class Charge:
    """See the module. Changes of the document and of the file are made under `lock`."""

    office: Office
    document_id: str
    keys: DocumentKeys
    log: UpdateLog
    lease: Lease
    where: Where
    gen: str
    replica: Replica
    epoch: int = 0
    base: Base | None = None
    file_hash: str | None = None
    """Hash of the file as we last read or wrote it; None: there is no file."""
    stat: Stat | None = None
    pending: list[str] = field(default_factory=list)
    """Digests of what we, or who kept it before, set out to save; the file may hold any."""
    is_missing: bool = False
    is_read_only: bool = False
    not_beside: str = ""
    """Why a copy was to be made that could not be, as the person was told."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def hand(self) -> Hand:
        """Under what we write."""
        return Hand(self.epoch, self.lease.holding)

    async def open(self) -> None:
        """Open the log for writing. Raises StoreUnavailable, StoreRefused."""
        opened = await self.replica.follower.open(gen=self.gen, is_held=False, place=self._place)
        self.epoch = opened.epoch

    async def begin_again(self, gen: str) -> bool:
        """Begin another history where nobody puts back what they said they hold; False if there
        is content after all. This charge is of the old one then.
        """
        if not await self.log.unmake(holding=self.lease.holding):
            return False
        await self.log.open(BEGINNING, gen=gen, place=self._place)
        return True

    @property
    def _place(self) -> Meta:
        where = self.where
        return {
            "server": self.office.contents_id,
            "path": where.path,
            "type": where.kind,
            "format": where.form,
        }

    async def is_made(self) -> bool:
        """Whether the store says what the document is, and has a log: somebody may have deleted
        either.
        """
        link, keys = self.office.link, self.keys
        return bool(
            await link.command("HEXISTS", keys.meta, "gen")
            and await link.command("EXISTS", keys.log, keys.snap)
        )

    async def settle(self) -> None:
        """Bring the replica up to date; what can't be applied is put into quarantine, and what
        the log has lost is put back.

        Raises LoadFailed when the document has another history by now, StoreUnavailable,
        StoreRefused, LeaseLost.
        """
        if self.replica.is_over:
            raise LoadFailed("the document was begun again; what is kept here is of the old one")
        failed = await self.replica.settle()
        if self.replica.unhealed != NOTHING:
            await self._heal()
        for bad in failed:
            logger.error("entry quarantined document=%s id=%s", self.document_id, bad)
            await self.log.append_owned(
                str(bad).encode(), Origin(kind="q"), epoch=self.epoch, holding=self.lease.holding
            )
            await self.event(
                session_events.ALARM, "load", f"entry {bad} can't be applied and was set aside"
            )

    async def _heal(self) -> None:
        update = self.replica.unhealed
        logger.warning("heal document=%s bytes=%d", self.document_id, len(update))
        if self.replica.follower.position.epoch > self.epoch:
            await self.open()
        await self.log.append_owned(
            update, Origin(kind="h"), epoch=self.epoch, holding=self.lease.holding
        )
        self.replica.unhealed = NOTHING

    def content(self) -> Any:  # noqa: ANN401 -- by kind
        """The document's content as far as it is settled. Raises BadDocument if it is no JSON."""
        return live.content(self.replica.document)

    def digest(self) -> str:
        """Of the content; of one that is no JSON, no file's."""
        try:
            return form.digest(self.where.kind, self.content())
        except BadDocument:
            return "invalid"

    async def agreed(self, base: Base, stat: Stat | None, meta: Meta | None = None) -> None:
        """File and document say the same now: remember it, and tell the browsers.

        `state.dirty` is cleared only if nobody typed since.
        """
        self.base, self.file_hash, self.stat = base, base.hash, stat
        self.is_missing = False
        await self.settle()
        is_clean = not self.replica.is_content_new
        where = self.where
        if is_clean and not meta and self._says(base):
            # Nothing to tell anybody: the log is not written to.
            at = str(self.replica.follower.position)
            await self.office.link.command("HSET", self.keys.meta, "saved_id", at)
            return

        def tell(document: object) -> None:
            if getattr(document, "hash", None) != base.hash:
                document.hash = base.hash  # type: ignore[attr-defined]
            if getattr(document, "path", None) != where.path:
                document.path = where.path  # type: ignore[attr-defined]
            if is_clean and getattr(document, "dirty", None) is not False:
                document.dirty = False  # type: ignore[attr-defined]

        fields = {"saved_hash": base.hash, **_stat_fields(stat), **(meta or {})}
        if is_clean:
            fields["saved_id"] = "@id"
        entry_id = await self.replica.edit(tell, Origin(kind="s"), self.hand, meta=fields)
        await bases.store(self.office.link, self.keys, base, str(entry_id))
        self.pending.clear()

    def _says(self, base: Base) -> bool:
        told = self.replica.document
        return bool((told.hash, told.path, told.dirty) == (base.hash, self.where.path, False))

    async def will_save(self, digest: str) -> bool:
        """Note that content of this digest is about to be saved; whether that is news."""
        told = form.on_disk(digest)
        if told in self.pending:
            return False
        self.pending = [*self.pending, told][-PENDING_MAX:]
        await bases.store_pending(self.office.link, self.keys, self.pending)
        return True

    async def find_path(self) -> bool:
        """Ask the index where the file is now; whether that is news."""
        path = await self.office.files.path_of(self.document_id)
        if path is None or path == self.where.path:
            return False
        await self.moved(path)
        return True

    async def moved(self, path: str) -> None:
        """The file is at another path now: tell browsers by `state.path`."""
        async with self.lock:
            if path == self.where.path and not self.is_missing:
                return
            self.where = Where(path, self.where.kind, self.where.form)
            self.is_missing = False
            await self.settle()
            was_new = self.replica.is_content_new

            def tell(document: object) -> None:
                document.path = path  # type: ignore[attr-defined]

            await self.replica.edit(tell, Origin(kind="s"), self.hand, meta={"path": path})
            self.replica.is_content_new = was_new

    async def beside(self, content: object, label: str, why: str) -> str | None:
        """Put `content` into a file beside and say so; its path, None if that failed.

        That it failed is told once, however often it is tried again.
        """
        where = self.where
        if label == INVALID:  # Jupyter's writer of notebooks leaves an empty file of some
            where = Where(where.path, "file", "text")
            content = json.dumps(content, indent=1, ensure_ascii=False)
        try:
            path = await self.office.contents.beside(where, content, label)
        except RTStoreError as error:
            logger.warning("not saved beside document=%s why=%s", self.document_id, error)
            told = f"{why}; no copy could be saved beside: {error}"
            if why != self.not_beside and await self.event(session_events.ALARM, "save", told):
                self.not_beside = why
            return None
        self.not_beside = ""
        logger.warning("saved beside document=%s path=%s why=%s", self.document_id, path, why)
        await self.event(session_events.ALARM, "save", f"{why}; see {path}")
        return path

    async def event(self, level: str, action: str, why: str) -> bool:
        """Tell it on Jupyter's event bus; whether it got there. See `session_events`."""
        where = self.where
        data = {
            "level": level,
            "room": f"{where.form}:{where.kind}:{self.document_id}",
            "path": where.path,
            "action": action,
            "msg": why,
        }
        try:
            await self.office.contents.event(session_events.SCHEMA, data)
        except RTStoreError as error:
            logger.info("event not told document=%s why=%s", self.document_id, error)
            return False
        return True

    async def notice(self, kind: str, **told: object) -> None:
        """Say something on the feed."""
        note = feed.notice(kind, **told)
        await self.office.link.command("SPUBLISH", self.keys.feed, note)

    async def autosaves(self) -> bool:
        """Whether the people here want the file saved by itself; yes if nobody says no."""
        told = []
        for value in await self.office.link.command("HVALS", self.keys.who):
            try:
                told.append(json.loads(value).get("autosave"))
            except (ValueError, AttributeError):
                continue
        said = [flag for flag in told if flag is not None]
        return not said or any(said)

    async def base_url(self) -> str:
        """The path under which browsers see Jupyter, with a slash at its end."""
        office = self.office
        root = office.keys.root(office.contents_id)
        told = await office.link.command("HGET", root.server, "public_url")
        return urlsplit((told or b"").decode()).path.rstrip("/") + "/"

    async def is_used(self) -> bool:
        """Whether anybody is in the document."""
        return bool(await self.office.link.command("EXISTS", self.keys.who))


def _stat_fields(stat: Stat | None) -> dict[str, str]:
    if stat is None:
        return {}
    return {"saved_mtime": str(stat["mtime_ns"]), "saved_ino": str(stat["ino"])}


def is_same(stat: Stat | None, other: Stat | None) -> bool:
    """Whether a file did not change between two stats."""
    if stat is None or other is None:
        return stat is other
    return all(stat[name] == other[name] for name in ("mtime_ns", "size", "ino"))
