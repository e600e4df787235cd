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
from rtstore.keeper import form, giants
from rtstore.keeper.base import Base
from rtstore.keeper.charge import INVALID, Charge
from rtstore.keeper.contents import Written
from rtstore.keeper.failures import Failures
from rtstore.keeper.outside import NotTaken, Outside
from rtstore.schema import notebook, session_events

logger = logging.getLogger(__name__)

TRIES = 5
"""A file that changes from outside at each try is left for the next round."""


class NotSaved(Exception):
    """The file has not what the document has; the message says why, if `is_told` to the person."""

    def __init__(self, why: str, *, is_told: bool = False) -> None:
        super().__init__(why)
        self.is_told = is_told


class Saver:
    """Saves one charge."""

    def __init__(self, charge: Charge, outside: Outside) -> None:
        self._charge, self._outside = charge, outside
        self._refused = ""
        """Digest of the content that was not saved, and was told of or put beside."""
        self._said = ""
        self._failures = Failures()

    async def run(self) -> None:
        """Save when people pause, or after a while if they never do. Never returns.

        A save that failed is tried again, less and less often.
        """
        while True:
            await self._until_due()
            if not await self._charge.autosaves():
                self._failures.again_at = None
                continue
            try:
                await self.save()
            except (NotSaved, JupyterUnavailable) as error:
                logger.debug("autosave failed document=%s: %s", self._charge.document_id, error)

    async def _until_due(self) -> None:
        edited, settings = self._charge.replica.edited, self._charge.office.settings
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(self._failures.again_at):
                await edited.wait()
        except TimeoutError:
            return
        latest = loop.time() + settings.save_latest_s
        while loop.time() < latest:
            edited.clear()
            try:
                async with asyncio.timeout_at(min(loop.time() + settings.save_after_s, latest)):
                    await edited.wait()
            except TimeoutError:
                return

    async def save(self, *, is_asked: bool = False) -> None:
        """Return when the file has all that the document has now.

        `is_asked`: a person wants it, so a file that is gone is made again, and a notebook that
        has lost its cells is saved over a full one. Raises NotSaved, JupyterUnavailable,
        LeaseLost, StoreUnavailable, StoreRefused.
        """
        try:
            await self._until_saved(is_asked=is_asked)
        except (NotSaved, JupyterUnavailable) as error:
            await self._failed(error)
            raise
        self._failures.clear()
        self._said = ""

    async def _failed(self, error: NotSaved | JupyterUnavailable) -> None:
        charge, why = self._charge, str(error)
        if why != self._said:
            logger.warning("not saved document=%s why=%s", charge.document_id, why)
        self._said = why
        is_told = isinstance(error, NotSaved) and error.is_told
        if self._failures.note(asyncio.get_running_loop().time(), is_told=is_told):
            told = f"{charge.where.path} has not been saved for a while: {why}"
            self._failures.is_told = await charge.event(session_events.ALARM, "save", told)

    async def _until_saved(self, *, is_asked: bool) -> None:
        charge, is_news = self._charge, False
        for _ in range(TRIES):
            await charge.replica.follower.catch_up()
            async with charge.lock:
                await charge.settle()
                if not charge.replica.is_content_new and not is_asked:
                    return
                if charge.replica.lacks_causes and not charge.replica.is_whole:
                    raise NotSaved("the store has lost a part of it; whoever has it open is asked")
                try:
                    await self._save(is_asked=is_asked)
                except FileChanged:
                    pass  # merge, and try again
                except NoSuchDocument:
                    is_news, charge.is_missing = not charge.is_missing, True
                else:
                    return
            if charge.is_missing:
                if not await charge.find_path() and not (is_asked and is_news):
                    why = "the file was deleted; saving it by hand makes it again"
                    raise NotSaved(why, is_told=self._outside.is_gone_told)
            else:
                try:
                    await self._outside.look()
                except NotTaken as error:
                    raise NotSaved(str(error), is_told=error.is_told) from error
        raise NotSaved("the file keeps changing from outside")

    async def _save(self, *, is_asked: bool) -> None:
        charge, where = self._charge, self._charge.where
        try:
            content = charge.content()
        except BadDocument as error:
            raise NotSaved(f"not a valid {where.kind}: {error}") from error
        charge.replica.is_content_new = False
        digest = form.digest(where.kind, content)
        if charge.base is not None and digest == charge.base.digest and not charge.is_missing:
            metrics.SAVES.labels(outcome="skipped").inc()
            await charge.agreed(charge.base, charge.stat)
            return
        try:
            told = form.to_file(where.kind, await giants.put_back(charge, content))
        except BadDocument as error:
            await self._aside(content, digest, f"not a valid notebook: {error}")
            raise NotSaved(str(error), is_told=digest == self._refused) from error
        if not is_asked and self._has_lost_its_cells(content):
            raise await self._not_emptied(digest)
        try:
            written = await self._write(told, digest, may_create=is_asked and charge.is_missing)
        except NotAllowed as error:
            charge.replica.is_content_new = True
            if not charge.is_read_only:
                why = f"{where.path} is read-only: not saved"
                charge.is_read_only = await charge.event(session_events.ALARM, "save", why)
            raise NotSaved(f"{where.path} is read-only", is_told=charge.is_read_only) from error
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
        if digest != self._refused and await charge.event(session_events.ALARM, "save", why):
            self._refused = digest
        return NotSaved(why, is_told=digest == self._refused)

    async def _aside(self, content: object, digest: str, why: str) -> None:
        self._charge.replica.is_content_new = True
        metrics.SAVES.labels(outcome=INVALID).inc()
        if digest == self._refused:
            return
        whole = await giants.put_back(self._charge, content)
        if await self._charge.beside(whole, INVALID, why):
            self._refused = digest
