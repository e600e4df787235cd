"""Keeper: one document in the care of this worker, from taking the lease to giving it back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn

from rtstore.errors import (
    JupyterUnavailable,
    LeaseLost,
    RTStoreError,
    StaleEpoch,
)
from rtstore.keeper import importer
from rtstore.keeper.charge import Charge
from rtstore.keeper.compactor import KEEP_ENTRIES, Compactor
from rtstore.keeper.contents import Stat
from rtstore.keeper.drafts import Drafts
from rtstore.keeper.form import NOTEBOOK
from rtstore.keeper.kernels import Kernels
from rtstore.keeper.outside import NotTaken, Outside
from rtstore.keeper.saver import NotSaved, Saver
from rtstore.keeper.sweeper import Sweeper
from rtstore.keeper.viewer import Viewer
from rtstore.redis_backend.lease import RENEW_S
from rtstore.schema import feed, session_events
from rtstore.schema.feed import FeedEntry, FeedNotice
from rtstore.schema.ids import new_gen

logger = logging.getLogger(__name__)

LOOK_S = 5.0
PENDING_S = 5.0
"""Updates whose causes are missing for this long: the rooms ask their members."""
DRAIN_S = 5.0
JUPYTER_RETRY_S = 0.5
SAID_WITHIN_S = 2.0
"""For outputs to reach the notebook that somebody saves; then it is saved without them."""
HEAL_WITHIN_S = 5.0
"""A worker said that it holds what a lost store had; after this the file is taken instead."""


class Released(Exception):
    """It is not ours to keep any more; the message says why."""


class Keeper:
    """See the module."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._outside = Outside(charge)
        self._saver = Saver(charge, self._outside)
        self._compactor = Compactor(charge)
        self._drafts = Drafts(charge)
        self._sweeper = Sweeper(charge, kept_days=charge.office.settings.outputs_kept_days)
        self._notices: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._stats: asyncio.Queue[Stat | None] = asyncio.Queue(1)
        self._kernels: Kernels | None = None
        self._is_loaded = False

    @property
    def path(self) -> str | None:
        """The file to watch; None while it is not loaded."""
        return self._charge.where.path if self._is_loaded else None

    def seen(self, stat: Stat | None) -> None:
        """What the file looks like now."""
        if self._stats.empty():
            self._stats.put_nowait(stat)

    def jupyter_is_back(self) -> None:
        """It did not answer, and does now: save what waits for it, without the usual delay."""
        self._charge.replica.edited.set()

    async def run(self) -> None:
        """Keep it until it is idle, gone, or another's. The lease is ours when this is called.

        Raises Released, importer.Refused, and any RTStoreError that ended it.
        """
        charge = self._charge
        async with (
            charge.office.link.listen(charge.keys.feed, self._heard),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._renew())
            tasks.create_task(self._keep())

    def _heard(self, data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedEntry):
            self._charge.replica.follower.heard(message)
        elif isinstance(message, FeedNotice):
            self._notices.put_nowait(message.told)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await self._charge.lease.renew():
                raise LeaseLost(f"the lease of {self._charge.document_id}")

    async def _keep(self) -> None:
        charge = self._charge
        await charge.replica.follower.start()
        await charge.open()
        await self._sweeper.begin()
        await self._wait_for_heal()
        was_read = await self._load()
        self._is_loaded = True
        jobs = self._jobs(was_read=was_read)
        charge.replica.edited.set()  # what the one before us did not come to save
        try:
            async with asyncio.TaskGroup() as tasks:
                for job in jobs:
                    tasks.create_task(job)
        except asyncio.CancelledError:
            await self._finish()
            raise

    def _jobs(self, *, was_read: bool) -> list[Coroutine[Any, Any, None]]:
        """What is done for as long as it is kept."""
        charge = self._charge
        jobs = [
            charge.replica.follower.run(),
            self._saver.run(),
            self._compactor.run(),
            self._drafts.run(),
            self._sweeper.run(),
            self._answer(),
            self._watch(),
            self._look_after(),
            self._tell_opened(was_read=was_read),
        ]
        if charge.office.settings.view:
            jobs.append(Viewer(charge).run())
        if charge.where.kind == NOTEBOOK:
            self._kernels = Kernels(charge)
            jobs.append(self._kernels.run())
        return jobs

    async def _load(self) -> bool:
        """Whether the file was read, as soon as there is a Jupyter server to ask."""
        charge, is_told = self._charge, False
        while True:
            try:
                return await importer.load(charge)
            except JupyterUnavailable as error:
                level = logging.DEBUG if is_told else logging.INFO
                logger.log(level, "Jupyter awaited document=%s why=%s", charge.document_id, error)
                is_told = True
                await asyncio.sleep(JUPYTER_RETRY_S)

    async def _tell_opened(self, *, was_read: bool) -> None:
        """For other extensions (chats), which take the document when they hear of it."""
        charge, path = self._charge, self._charge.where.path
        if was_read:
            await charge.event(session_events.NEWS, "load", f"{path} was read")
        await charge.event(session_events.NEWS, "initialize", f"{path} is open together")

    async def _wait_for_heal(self) -> None:
        charge = self._charge
        meta = await charge.log.meta()
        if not meta.get("held") or not charge.replica.is_empty:
            return
        try:
            async with asyncio.timeout(HEAL_WITHIN_S):
                while charge.replica.is_empty:
                    await asyncio.sleep(0.1)
                    await charge.replica.follower.catch_up()
        except TimeoutError:
            # Were the file taken into this history, who comes late would double all of it.
            if await charge.begin_again(new_gen()):
                raise StaleEpoch("nobody put it back: begun again from the file") from None

    async def _finish(self) -> None:
        """This worker goes: save what can be saved in a moment."""
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._saver.save()
        except (RTStoreError, NotSaved, TimeoutError) as error:
            logger.info("left to the next keeper document=%s: %s", self._charge.document_id, error)

    # -- what is asked ---------------------------------------------------------------------

    async def _answer(self) -> None:
        charge = self._charge
        while True:
            told = await self._notices.get()
            match told.get("type"):
                case "save":
                    await self._save(self._with_others(told))
                case "run asked" if self._kernels is not None:
                    self._kernels.ring()
                case "path":
                    await charge.moved(str(told.get("path") or charge.where.path))
                case "replaced":
                    try:
                        await self._outside.look(is_replaced=True)
                    except (JupyterUnavailable, NotTaken) as error:
                        logger.warning("not taken document=%s: %s", charge.document_id, error)
                case "draft":
                    self._drafts.came.set()
                case "deleted":
                    await self._release("its file was deleted")

    def _with_others(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        """The request, and those that came right after it while we did something else."""
        asked = {(told.get("by"), told.get("id")): told}
        left = [self._notices.get_nowait() for _ in range(self._notices.qsize())]
        for one in left:
            if one.get("type") == "save":
                asked[one.get("by"), one.get("id")] = one  # it may have been said again
            else:
                self._notices.put_nowait(one)
        return list(asked.values())

    async def _save(self, asked: list[dict[str, Any]]) -> None:
        """One save for all of them: it has what was there when the last of them asked."""
        status, why = "success", ""
        if self._kernels is not None:  # who ran a cell and saves means its outputs, too
            with suppress(TimeoutError):
                async with asyncio.timeout(SAID_WITHIN_S):
                    await self._kernels.until_written()
        try:
            await self._saver.save(is_asked=not all(one.get("to_read") for one in asked))
        except (NotSaved, JupyterUnavailable) as error:
            status, why = "failed", str(error)
        for one in asked:
            await self._charge.notice(
                "saved", by=one.get("by"), id=one.get("id"), status=status, why=why
            )

    async def _watch(self) -> None:
        while True:
            await self._outside.told(await self._stats.get())

    async def _look_after(self) -> None:
        """See to pending updates, to a store that came back, and to when nobody is here."""
        charge, loop = self._charge, asyncio.get_running_loop()
        used, idle_s = loop.time(), 2 * charge.office.settings.linger_s
        pending_since: float | None = None
        while True:
            await asyncio.sleep(min(LOOK_S, idle_s))
            now = loop.time()
            if charge.replica.follower.position.epoch > charge.epoch:
                await charge.open()
            elif not await charge.is_made():
                await charge.notice("unmade")  # rooms make it again with all that they hold
            elif not await charge.log.is_whole():
                await self._make_whole()
            async with charge.lock:
                await charge.settle()
            if not charge.replica.lacks_causes:
                pending_since = None
            elif pending_since is None:
                pending_since = now
            elif now - pending_since >= PENDING_S:
                await charge.notice("ask")
            if await charge.is_used() or (self._kernels is not None and self._kernels.is_busy):
                used = now
            elif now - used >= idle_s:
                await self._let_go()
                used = now  # it could not be

    async def _make_whole(self) -> None:
        """The snapshot is gone, or entries after it: put back what we have."""
        charge = self._charge
        await charge.replica.follower.start()
        async with charge.lock:
            await charge.settle()
        if not charge.replica.lacks_causes:
            await self._compactor.compact(keep=KEEP_ENTRIES)

    async def _let_go(self) -> None:
        charge = self._charge
        if not await self._put_away():
            return
        await self._sweeper.sweep()  # so long counts from now on that nothing needs what it left
        await self._compactor.compact(keep=0)
        await charge.office.registry.unmark(charge.document_id)
        if await charge.is_used():  # somebody came between
            await charge.office.registry.mark(charge.document_id)
            return
        await self._sweeper.let_go()
        await self._release("nobody has it open")

    async def _put_away(self) -> bool:
        """Whether all of it is where it is to be while nobody keeps it."""
        try:
            await self._drafts.write()
            await self._saver.save()
        except (NotSaved, JupyterUnavailable) as error:
            logger.warning("kept, not saved document=%s why=%s", self._charge.document_id, error)
            return False
        return True

    async def _release(self, why: str) -> NoReturn:
        await self._charge.event(
            session_events.NEWS, "clean", f"{self._charge.where.path} is let go: {why}"
        )
        raise Released(why)
