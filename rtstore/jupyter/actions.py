"""Actions: does what people asked the server to do, each at most once.

Whatever process a request came to may die: the record is in the store, and this server alone
takes it. A server that died while it did something is followed by one that finishes what has a
name fixed beforehand, and says of the rest that it is lost. A store that was killed may forget
what it was told last: what is done here, or was, is known here as well, and told again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from rtstore.errors import RTStoreError
from rtstore.jupyter.deeds import ASKED_OF_KERNELS, FIXED, Deeds
from rtstore.jupyter.ends import Ends
from rtstore.jupyter.failed import Failed
from rtstore.redis_backend.action_book import ActionBook, Record
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.live_state import SERVER
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

LOOK_S = 2.0
ADOPT_S = 5.0
HEARD_S = 5.0
"""When the store is back, nobody has been heard for a moment; none is called gone before this."""
AT_ONCE = 32
QUESTIONS_AT_ONCE = 128
"""A kernel that is busy answers none of them for half a minute; each has a channel of its own."""
RETRY_S = 0.5
STALE_MS = 60_000
"""What waited longer is not done any more: who asked has gone another way by now."""
KEPT, KEPT_MIN, KEPT_BYTES = 500, 10, 2**21
"""So many that have ended are remembered."""
RESULT_BYTES_MAX = 2**20

IsAlive = Callable[[str], Awaitable[bool]]
IsElsewhere = Callable[[Record], Awaitable[bool]]


def too_many(ended: Sequence[Record]) -> list[Record]:
    """Of records, the newest first, those that are forgotten: more than KEPT, or than KEPT_BYTES
    of what was asked and answered. The newest ten stay whatever they take.
    """
    taken = 0
    for number, one in enumerate(ended):
        taken += len(json.dumps([one["params"], one["result"]]))
        if number >= KEPT or (number >= KEPT_MIN and taken > KEPT_BYTES):
            return list(ended[number:])
    return []


class Actions:
    """See the module. `instance` names this process; `is_alive` tells of others, and
    `is_elsewhere` whether an action is for one of them.
    """

    def __init__(
        self,
        book: ActionBook,
        deeds: Deeds,
        *,
        instance: str,
        is_alive: IsAlive,
        is_elsewhere: IsElsewhere,
    ) -> None:
        self._book, self._deeds, self._is_elsewhere = book, deeds, is_elsewhere
        self._instance, self._is_alive = instance, is_alive
        self._news = asyncio.Event()
        self._doing: dict[str, Record] = {}
        self._ends = Ends()
        self._connected_s = float("-inf")
        self._places = asyncio.Semaphore(AT_ONCE)
        self._questions = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def run(self, link: Link, feed: str) -> None:
        """Take and do, for ever."""
        adopted, connections = float("-inf"), -1
        async with link.listen(feed, self._heard), asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                if link.connections != connections:
                    connections, self._connected_s = link.connections, time.monotonic()
                try:
                    if time.monotonic() - adopted > ADOPT_S:
                        await self._adopt(tasks)
                        adopted = time.monotonic()
                    for action_id in await self._book.waiting():
                        await self._take(action_id, tasks)
                except RTStoreError as error:
                    logger.debug("actions not taken: %s", error)
                await until_set(self._news, within_s=LOOK_S)

    def _heard(self, data: bytes) -> None:
        if b'"requested"' in data and json.loads(data).get("room") == SERVER:
            self._news.set()

    async def _take(self, action_id: str, tasks: asyncio.TaskGroup) -> None:
        seen = await self._book.get(action_id)
        if seen is None or seen["state"] != "requested" or await self._told_again(seen):
            return
        now = int(time.time() * 1000)
        if now - int(seen["requested"]) > STALE_MS:
            error = {"status": 504, "message": "no server took it within a minute"}
            await self._book.swap(seen, seen | {"state": "error", "ended": now, "error": error})
            return
        if await self._is_elsewhere(seen):
            return
        taken = seen | {"state": "in progress", "began": now, "by": self._instance}
        if await self._book.swap(seen, taken):
            self._begin(taken, tasks)

    async def _told_again(self, seen: Record) -> bool:
        """Whether we do this already, or did, which the store forgot; it is told once more."""
        known = self._ends.get(seen["id"]) or self._doing.get(seen["id"])
        if known is None:
            return False
        await self._book.swap(seen, known)
        return True

    def _begin(self, taken: Record, tasks: asyncio.TaskGroup) -> None:
        self._doing[taken["id"]] = taken
        tasks.create_task(self._do(taken))

    async def _do(self, taken: Record) -> None:
        try:
            async with self._place_of(taken["action"]):
                ended = await self._done(taken)
            ended |= {"ended": int(time.time() * 1000)}
            self._ends.add(ended)
            await self._end(ended)
        finally:
            self._doing.pop(taken["id"], None)

    def _place_of(self, action: str) -> AbstractAsyncContextManager[None]:
        """What may wait for a cell that runs keeps nobody else waiting: not who interrupts it."""
        if action == "cell.run":
            return nullcontext()  # `CellRuns` has places for what takes more than waiting
        return self._questions if action in ASKED_OF_KERNELS else self._places

    async def _done(self, taken: Record) -> Record:
        """Do it; how its record ends."""
        try:
            result: Any = await self._deeds.do(taken)
        except Failed as error:
            told = {"status": error.status, "message": str(error)}
            return taken | {"state": "error", "error": told}
        except Exception:  # the edge of one action: others go on
            logger.exception("action failed id=%s action=%s", taken["id"], taken["action"])
            told = {"status": 500, "message": "internal error; see the server's log"}
            return taken | {"state": "error", "error": told}
        if len(json.dumps(result)) > RESULT_BYTES_MAX:
            why = f"done, but its result has more than {RESULT_BYTES_MAX} bytes"
            return taken | {"state": "error", "error": {"status": 413, "message": why}}
        return taken | {"state": "ok", "result": result}

    async def _end(self, ended: Record) -> None:
        """Say how it ended, however long the store is away, and whatever it has of it by now."""
        while True:
            try:
                if not await self._is_ended(ended):
                    continue
                await self._forget_old()
            except RTStoreError as error:
                logger.info("action's end not told id=%s: %s", ended["id"], error)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _is_ended(self, ended: Record) -> bool:
        """Whether the store has its end now; False if somebody else wrote meanwhile."""
        seen = await self._book.get(ended["id"])
        if seen is not None and seen["state"] in ("ok", "error"):
            return True  # ours, or of the server that took us for dead
        return await self._book.swap(seen, ended)

    async def _forget_old(self) -> None:
        records = [one for one in await self._book.all() if one["ended"] is not None]
        for one in too_many(sorted(records, key=lambda one: -int(one["ended"]))):
            await self._book.forget(one)

    async def _is_gone(self, instance: str) -> bool:
        if time.monotonic() - self._connected_s < HEARD_S:
            return False
        return not await self._is_alive(instance)

    async def _adopt(self, tasks: asyncio.TaskGroup) -> None:
        """Take over what a server began that is gone."""
        for seen in await self._book.all():
            if seen["state"] != "in progress" or seen["id"] in self._doing:
                continue
            if seen["by"] != self._instance and not await self._is_gone(seen["by"]):
                continue
            if await self._told_again(seen):
                continue
            taken = seen | {"by": self._instance}
            if seen["action"] not in FIXED:
                why = "the server went down while it did this; it may have been done"
                told = {"status": 500, "message": why}
                now = int(time.time() * 1000)
                await self._book.swap(seen, taken | {"state": "lost", "ended": now, "error": told})
            elif taken == seen or await self._book.swap(seen, taken):
                self._begin(taken, tasks)
