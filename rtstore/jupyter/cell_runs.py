"""CellRuns: runs cells of a notebook that an action names, and waits for their end."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from rtstore.errors import StoreUnavailable
from rtstore.jupyter.failed import Failed
from rtstore.redis_backend.action_book import Record
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import feed
from rtstore.schema.feed import FeedNotice
from rtstore.schema.ids import BEGINNING, EntryId, new_worker_id
from rtstore.schema.kinds import NOTEBOOK
from rtstore.schema.run import LOST, OK, OVER, Run
from rtstore.tasks import until_set

KernelOf = Callable[[str, str | None], Awaitable[str]]
LOOK_S = 1.0
ASK_AGAIN_S = 5.0
"""The store may have forgotten that it was asked; the same runs are asked for again."""
SETTLED_WITHIN_S = 60.0
"""A keeper that died is replaced within 5 s, and all workers of a machine within some more."""
SHOWN_WITHIN_S, AGAIN_S = 2.0, 0.05
"""For outputs to reach the notebook; whoever asked may read it, or save it, next."""
KNOWN_WITHIN_S = 5.0
STARTS_AT_ONCE = 32


class CellRuns:
    """See the module."""

    def __init__(self, link: Link, keys: Keys, index: FileIndex, *, contents_id: str) -> None:
        self._link, self._keys, self._index = link, keys, index
        self._contents_id, self._worker = contents_id, new_worker_id()
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)

    async def kind_of(self, path: str) -> str | None:
        """As what a file is open, or was last; None if it never was. Raises StoreUnavailable."""
        document = await self._index.id_of(path)
        if document is None:
            return None
        kind = await self._link.command("HGET", self._keys.document(document).meta, "type")
        return kind.decode() if kind else None

    async def run(self, record: Record, kernel_of: KernelOf) -> dict[str, Any]:
        """Run the cells; what became of each. The same record again runs nothing twice.

        Raises Failed, StoreUnavailable, StoreRefused.
        """
        params, path = record["params"], str(record["params"]["path"]).strip("/")
        async with self._starts:
            kernel_id = await kernel_of(path, params.get("kernel_name"))
        # Just started, it is in the store a moment later, if the store is there.
        kernels = KernelIndex(self._link, self._keys, self._contents_id)
        await kernels.known(kernel_id, within_s=KNOWN_WITHIN_S)
        document, _ = await self._index.index(path)
        place = {"server": self._contents_id, "path": path, "type": NOTEBOOK, "format": "json"}
        log = UpdateLog(self._link, self._keys.document(document), worker=self._worker)
        await log.open(BEGINNING, gen=new_worker_id(), place=place)
        runs = [
            Run(
                id=uuid.uuid5(uuid.NAMESPACE_URL, f"rtstore:run:{record['id']}:{at}").hex,
                document=document,
                cell=cell,
                user=record["user"],
                name=record["name"],
                kernel=kernel_id,
                requested=str(record["requested"]),
            )
            for at, cell in enumerate(params["cells"])
        ]
        states = await self._until_over(runs)
        await self._until_shown(runs[0])
        told = [{"run": one.id, "cell": one.cell, "state": states[one.id]} for one in runs]
        return {"kernel_id": kernel_id, "runs": told}

    async def _until_over(self, runs: list[Run]) -> dict[str, str]:
        keys = self._keys.document(runs[0].document)
        book = RunBook(self._link, keys)
        queue = RunQueue(self._link, self._keys.kernel(self._contents_id, runs[0].kernel))
        settled: dict[str, dict[str, Any]] = {}
        news = asyncio.Event()

        def heard(data: bytes) -> None:
            message = feed.parse(data)
            if not isinstance(message, FeedNotice):
                return
            told = message.told
            if told.get("type") == "run settled":
                settled[str(told.get("run"))] = told
            elif told.get("type") == "refused":  # the keeper can't read the file
                why = {"status": 400, "why": told.get("reason")}
                settled.update({run.id: why for run in runs})
            news.set()

        async with self._link.listen(keys.feed, heard):
            asking = _Asking(lambda: self._ask(book, runs))
            while True:
                news.clear()
                try:
                    states = await _states(queue, runs, settled)
                    if len(states) == len(runs) and set(states.values()) <= OVER:
                        return states
                    if len(states) < len(runs) and await self._is_dead(runs[0].kernel):
                        return {run.id: states.get(run.id, LOST) for run in runs}
                    if await asking.is_in_vain(missing=len(runs) - len(states)):
                        await book.settled(*(run.id for run in runs))  # not when it is too late
                        why = f"not queued within {SETTLED_WITHIN_S:.0f} s: no worker keeps it"
                        raise Failed(504, why)
                except StoreUnavailable:
                    asking.starts_anew()  # cells go on in their kernel meanwhile
                await until_set(news, within_s=LOOK_S)

    async def _until_shown(self, run: Run) -> None:
        """Until the notebook has what the kernel said, or for a while."""
        book = RunBook(self._link, self._keys.document(run.document))
        log = OutputLog(self._link, self._keys.kernel(self._contents_id, run.kernel))
        with suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(SHOWN_WITHIN_S):
                end = await log.end()
                while await _shown_to(book, run) < end:  # noqa: ASYNC110 -- the news may be lost
                    await asyncio.sleep(AGAIN_S)

    async def _ask(self, book: RunBook, runs: list[Run]) -> None:
        document = runs[0].document
        await book.ask([(run, {}) for run in runs])
        await Registry(self._link, self._keys).mark(document)
        note = feed.notice("opened", document=document)
        await self._link.command("SPUBLISH", self._keys.root(self._contents_id).feed, note)

    async def _is_dead(self, kernel_id: str) -> bool:
        meta = self._keys.kernel(self._contents_id, kernel_id).meta
        return bool(await self._link.command("HGET", meta, "state") == b"dead")


class _Asking:
    """Has runs queued: asks again and again, but not for ever."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._missing = 0
        self.starts_anew()

    def starts_anew(self) -> None:
        """The store was away: it may have forgotten all."""
        self._asked_s, self._since_s = float("-inf"), time.monotonic()

    async def is_in_vain(self, *, missing: int) -> bool:
        """Ask if it is time to; whether nothing came of it for too long."""
        now = time.monotonic()
        if not missing or missing < self._missing:
            self._since_s = now
        self._missing = missing
        if now - self._since_s > SETTLED_WITHIN_S:
            return True
        if missing and now - self._asked_s > ASK_AGAIN_S:
            self._asked_s = now
            await self._ask()
        return False


async def _shown_to(book: RunBook, run: Run) -> EntryId:
    """The last entry of the kernel's log that the notebook has."""
    cursor, _ = await book.cursor(run.kernel)
    return EntryId.parse(cursor or "0-0")


async def _states(
    queue: RunQueue, runs: list[Run], settled: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Of those that are known. Raises Failed if the keeper refused them."""
    states = {}
    for run in runs:
        told = settled.get(run.id, {})
        if (status := int(told.get("status", 0))) >= 400:
            raise Failed(status, str(told.get("why")))
        if (known := await queue.get(run.id)) is not None:
            states[run.id] = known.state
        elif status:  # a cell without code is not run
            states[run.id] = OK
    return states
