"""Saver: has the keeper of an open document write its file now, and waits for it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable

from tornado.web import HTTPError

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed

logger = logging.getLogger(__name__)

WAIT_S = 2.0
"""A reader is not kept longer than this; it then gets the file as it is."""
KNOWN_S = 0.5
"""A browser needs two requests to know the hash of what was saved."""
LOOK_S = 0.05
AT_ONCE = 20
"""Documents that are saved side by side when all are."""


class Saver:
    """See the module."""

    def __init__(self, link: Link, keys: Keys) -> None:
        self._link = link
        self._keys = keys
        self._me = f"jupyter-{secrets.token_hex(4)}.0"
        self._numbers = itertools.count(1)

    async def is_open(self, file_id: str) -> bool:
        """Whether a keeper has this document now. One command."""
        lease = self._keys.document(file_id).lease("keep")
        return bool(await self._link.command("EXISTS", lease))

    async def save_if_open(self, file_id: str, *, wait_s: float = WAIT_S) -> None:
        """Return when the file has all that the document had at the call, or when that can't be
        had in time; the log tells then.
        """
        try:
            if not await self.is_open(file_id):
                return
            async with asyncio.timeout(wait_s):
                status, why = await self._ask(file_id)
            if status != "success":
                logger.info("document not saved before it was read id=%s why=%s", file_id, why)
        except TimeoutError:
            logger.info(
                "document not saved within %.0f s before it was read id=%s", wait_s, file_id
            )
        except (StoreUnavailable, StoreRefused) as error:
            logger.info("document not saved before it was read id=%s why=%s", file_id, error)

    async def until_hash_is_known(
        self, file_id: str, hash_now: Callable[[], Awaitable[str | None]]
    ) -> None:
        """Return when the file is as last saved and that was told KNOWN_S ago, or after WAIT_S."""
        meta = self._keys.document(file_id).meta
        try:
            if not await self.is_open(file_id):
                return
            async with asyncio.timeout(WAIT_S):
                while True:
                    saved = await self._link.command("HMGET", meta, "saved_hash", "saved_ts")
                    now = await hash_now()
                    age_s = time.time() - int(saved[1] or 0) / 1000
                    if saved[0] is None or (saved[0].decode() == now and age_s >= KNOWN_S):
                        return
                    is_told = saved[0].decode() == now and age_s >= 0
                    await asyncio.sleep(KNOWN_S - age_s if is_told else LOOK_S)
        except (TimeoutError, StoreUnavailable, StoreRefused, HTTPError) as error:
            logger.debug("hash not awaited id=%s why=%s", file_id, error)

    async def save_all(self, ids: Iterable[str], *, wait_s: float) -> None:
        """`save_if_open` for each of `ids`, for at most `wait_s` altogether."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(file_id: str) -> None:
            async with turn:
                await self.save_if_open(file_id, wait_s=wait_s)

        try:
            async with asyncio.timeout(wait_s), asyncio.TaskGroup() as tasks:
                for file_id in ids:
                    tasks.create_task(one(file_id))
        except TimeoutError:
            logger.warning(
                "not all documents were saved within %.0f s; the store has them", wait_s
            )

    async def _ask(self, file_id: str) -> tuple[str, str]:
        number = next(self._numbers)
        answered: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

        def heard(payload: bytes) -> None:
            match feed.parse(payload):
                case feed.FeedNotice({"type": "saved", "by": self._me, "id": int(said)} as told):
                    if said == number and not answered.done():
                        answered.set_result((str(told.get("status")), str(told.get("why", ""))))

        channel = self._keys.document(file_id).feed
        async with self._link.listen(channel, heard):
            # For who reads the file: what only a person may have done is not done for them.
            note = feed.notice("save", by=self._me, id=number, to_read=True)
            await self._link.command("SPUBLISH", channel, note)
            return await answered
