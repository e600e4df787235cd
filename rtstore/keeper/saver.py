"""Saver: the document's content goes to its file, not too often and never blindly."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from rtstore import metrics
from rtstore.errors import (
    BadDocument,
    FileChanged,
    JupyterUnavailable,
    LeaseLost,
    LoadFailed,
    NoSuchDocument,
    NotAllowed,
)
from rtstore.keeper import form
from rtstore.keeper.base import Base
from rtstore.keeper.charge import INVALID, Charge
from rtstore.keeper.contents import Written
from rtstore.keeper.outside import NotTaken, Outside
from rtstore.schema import notebook

logger = logging.getLogger(__name__)

RETRY_S = 2.0
TRIES = 5
"""A file that changes from outside at each try is left for the next round."""


class NotSaved(Exception):
    """The file has not what the document has; the message says why."""


class Saver:
    """Saves one charge."""

    def __init__(self, charge: Charge, outside: Outside) -> None:
        self._charge, self._outside = charge, outside
        self._refused = ""
        """Digest of the content that was not saved, and was told of or put beside."""
        self._told = ""

    async def run(self) -> None:
        """Save when people pause, or after a while if they never do. Never returns."""
        charge, settings = self._charge, self._charge.office.settings
        loop = asyncio.get_running_loop()
        edited = charge.replica.edited
        while True:
            await edited.wait()
            latest = loop.time() + settings.save_latest_s
            while True:
                edited.clear()
                try:
                    async with asyncio.timeout_at(
                        min(loop.time() + settings.save_after_s, latest)
                    ):
                        await edited.wait()
                except TimeoutError:
                    break
                if loop.time() >= latest:
                    break
            if not await charge.autosaves():
                continue
            try:
                await self.save()
            except (NotSaved, JupyterUnavailable) as error:
                self._say(str(error))
                if isinstance(error, JupyterUnavailable):
                    await asyncio.sleep(RETRY_S)
                    edited.set()

    def _say(self, why: str) -> None:
        if why != self._told:
            logger.warning("not saved document=%s why=%s", self._charge.document_id, why)
        self._told = why

    async def save(self, *, is_asked: bool = False) -> None:
        """Return when the file has all that the document has now.

        `is_asked`: a person wants it, so a file that is gone is made again, and a notebook that
        has lost its cells is saved over a full one. Raises NotSaved, JupyterUnavailable,
        LeaseLost, StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        for _ in range(TRIES):
            await charge.replica.follower.catch_up()
            async with charge.lock:
                await charge.settle()
                if not charge.replica.is_content_new and not is_asked:
                    return
                try:
                    await self._save(is_asked=is_asked)
                except FileChanged:
                    pass  # merge, and try again
                except NoSuchDocument:
                    charge.is_missing = True
                else:
                    self._told = ""
                    return
            if charge.is_missing:
                if not await charge.find_path():
                    raise NotSaved("the file was deleted; saving it by hand makes it again")
            else:
                try:
                    await self._outside.look()
                except NotTaken as error:
                    raise NotSaved(str(error)) from error
        raise NotSaved("the file keeps changing from outside")

    async def _save(self, *, is_asked: bool) -> None:
        charge, where = self._charge, self._charge.where
        charge.replica.is_content_new = False
        content = charge.content()
        digest = form.digest(where.kind, content)
        if charge.base is not None and digest == charge.base.digest and not charge.is_missing:
            metrics.SAVES.labels(outcome="skipped").inc()
            await charge.agreed(charge.base, charge.stat)
            return
        try:
            told = form.to_file(where.kind, content)
        except BadDocument as error:
            await self._aside(content, digest, f"not a valid notebook: {error}")
            raise NotSaved(str(error)) from error
        if not is_asked and self._has_lost_its_cells(content):
            raise await self._not_emptied(digest)
        try:
            written = await self._write(told, digest, may_create=is_asked and charge.is_missing)
        except NotAllowed as error:
            charge.replica.is_content_new = True
            if not charge.is_read_only:
                charge.is_read_only = True
                await charge.event("WARNING", "save", f"{where.path} is read-only: not saved")
            raise NotSaved(f"{where.path} is read-only") from error
        except (BadDocument, LoadFailed) as error:
            charge.replica.is_content_new = True
            metrics.SAVES.labels(outcome="failed").inc()
            raise NotSaved(str(error)) from error
        except BaseException:
            charge.replica.is_content_new = True
            raise
        metrics.SAVES.labels(outcome="saved").inc()
        charge.is_read_only = False
        if written.stat is None:
            # What we wrote was there, so it is what both sides come from.
            charge.base, charge.file_hash = Base(content, "", digest), None
            raise FileChanged(f"{where.path} was changed right after it was saved")
        meta = {"saved_ts": str(int(time.time() * 1000)), "saved_by": charge.office.worker}
        await charge.agreed(Base(content, written.hash, digest), written.stat, meta)

    async def _write(self, told: object, digest: str, *, may_create: bool) -> Written:
        charge = self._charge
        is_news = await charge.will_save(digest)
        try:
            return await charge.office.contents.save(
                charge.where,
                told,
                document_id=charge.document_id,
                lease=charge.lease.holding,
                seen_hash=charge.file_hash,
                may_create=may_create,
            )
        except (FileChanged, LeaseLost, NoSuchDocument, NotAllowed):
            # Certainly not written, this time. After any other failure the file may have it.
            if is_news:
                charge.pending.remove(form.on_disk(digest))
            raise

    def _has_lost_its_cells(self, content: dict[str, Any]) -> bool:
        base = self._charge.base
        if self._charge.where.kind != form.NOTEBOOK or base is None:
            return False
        return notebook.has_lost_its_cells(base.content, content)

    async def _not_emptied(self, digest: str) -> NotSaved:
        """Leave the file as it is, tell so once, and return what to raise."""
        charge = self._charge
        charge.replica.is_content_new = True
        metrics.SAVES.labels(outcome="empty").inc()
        why = (
            f"all cells are gone from the open {charge.where.path}; the file keeps them until"
            " somebody saves it by hand"
        )
        if digest != self._refused and await charge.event("WARNING", "save", why):
            self._refused = digest
        return NotSaved(why)

    async def _aside(self, content: object, digest: str, why: str) -> None:
        self._charge.replica.is_content_new = True
        metrics.SAVES.labels(outcome=INVALID).inc()
        if digest != self._refused and await self._charge.beside(content, INVALID, why):
            self._refused = digest
