"""Bridge: the kernels that this worker serves, out of all on this host."""

from __future__ import annotations

import asyncio
import logging
import socket

from aiohttp import ClientSession

from rtstore.errors import RTStoreError
from rtstore.kernel_bridge.afar import Afar, Reach, is_at_hand
from rtstore.kernel_bridge.ear import Ear
from rtstore.kernel_bridge.sent_runs import SentRuns
from rtstore.kernel_bridge.service import Desk, Service
from rtstore.redis_backend.kernel_index import RING, KernelIndex, Meta, capture_of
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import feed
from rtstore.schema.feed import FeedNotice
from rtstore.settings import Settings
from rtstore.tasks import cause_of, until_set

logger = logging.getLogger(__name__)

SEEK_S = 0.5
"""Leases of others are tried this often: with their 3 s, a takeover is done within 5."""
AGAIN_S = 1.0
"""A kernel whose service failed is tried again after this."""
PUT_BACK_WITHIN_S = 30.0
"""A store that forgot even which kernels there are is told within this by their servers."""
POLITE_S, POLITE_MAX_S = 0.02, 0.3
"""Who serves many kernels waits a little, so that another takes the next."""


class Bridge:
    """Seeks kernels that nobody serves, and serves them."""

    def __init__(self, desk: Desk, afar: Afar, *, root_feed: str, host: str) -> None:
        self._desk, self._afar, self._root_feed, self._host = desk, afar, root_feed, host
        self._serving: set[str] = set()
        self._ears: dict[str, Ear] = {}
        self._sent_runs: dict[str, SentRuns] = {}
        self._must_put_back = False
        self._put_back_until_s = 0.0
        self._not_before: dict[str, float] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; then what is served is given back."""
        async with (
            self._desk.link.listen(self._root_feed, self._heard),
            self._desk.link.watch(self._store_changed),
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                await self._seek(tasks)
                await until_set(self._news, within_s=SEEK_S)
                self._news.clear()

    def _heard(self, data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedNotice) and message.told.get("type") == "kernel":
            self._news.set()

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._must_put_back = True
            self._put_back_until_s = asyncio.get_running_loop().time() + PUT_BACK_WITHIN_S
        self._news.set()

    async def _put_back(self) -> None:
        """Tell a store that came back what it may have forgotten: whoever serves the kernels."""
        while self._must_put_back:
            self._must_put_back = False
            unknown = []
            try:
                for kernel_id, sent_runs in list(self._sent_runs.items()):
                    keys = self._desk.index.keys_of(kernel_id)
                    if not await sent_runs.put_back(RunQueue(self._desk.link, keys)):
                        unknown.append(kernel_id)
            except RTStoreError:
                self._must_put_back = True
                raise
            if unknown and asyncio.get_running_loop().time() < self._put_back_until_s:
                self._must_put_back = True
                return  # until the next look
            for kernel_id in unknown:
                if kernel_id not in self._serving:
                    del self._sent_runs[kernel_id]

    async def _seek(self, tasks: asyncio.TaskGroup) -> None:
        if not self._desk.link.connected:
            return
        try:
            await self._put_back()
            hosts = await self._desk.index.hosts()
            ours = [kernel_id for kernel_id, host in hosts.items() if self._afar.reaches(host)]
            metas = {kernel_id: await self._desk.index.meta(kernel_id) for kernel_id in ours}
        except RTStoreError as error:
            logger.debug("kernels not listed: %s", error)
            return
        now = asyncio.get_running_loop().time()
        for kernel_id, meta in metas.items():
            is_heard = capture_of(meta) == RING and is_at_hand(meta, host=self._host)
            if is_heard and kernel_id not in self._ears:
                self._ears[kernel_id] = Ear(self._desk, kernel_id)
                tasks.create_task(self._listen(kernel_id, self._ears[kernel_id]))
            if kernel_id not in self._serving and now >= self._not_before.get(kernel_id, 0.0):
                self._serving.add(kernel_id)
                tasks.create_task(self._serve(kernel_id, meta))

    async def _listen(self, kernel_id: str, ear: Ear) -> None:
        """Hear a kernel that writes no journal, whoever writes what it says."""
        try:
            await ear.run()
        except Exception as error:  # the edge of one kernel: others go on
            self._failed(kernel_id, cause_of(error))
            await asyncio.sleep(AGAIN_S)
        finally:
            self._ears.pop(kernel_id, None)

    async def _serve(self, kernel_id: str, meta: Meta) -> None:
        keys = self._desk.index.keys_of(kernel_id)
        lease = Lease.of_kernel(self._desk.link, keys, owner=self._desk.worker)
        await asyncio.sleep(min(POLITE_MAX_S, POLITE_S * (len(self._serving) - 1)))
        try:
            ring = afar = None
            if not is_at_hand(meta, host=self._host):
                if not await self._afar.may_take(keys, meta):
                    return
                afar = self._afar
            elif capture_of(meta) == RING:
                ear = self._ears.get(kernel_id)
                if ear is None or not await ear.may_take():
                    return
                ring = ear.ring
            if await lease.acquire():
                logger.info("serving kernel=%s", kernel_id)
                sent_runs = self._sent_runs.setdefault(kernel_id, SentRuns())
                await Service(self._desk, kernel_id, lease, ring, afar, sent_runs).run()
                if (await self._desk.index.meta(kernel_id)).get("state") == "dead":
                    del self._sent_runs[kernel_id]  # else the store forgot it, for a while
        except Exception as error:  # the edge of one kernel: others go on
            self._failed(kernel_id, cause_of(error))
        finally:
            self._serving.discard(kernel_id)
            if lease.holding and self._desk.link.connected:
                await _release(lease)

    def _failed(self, kernel_id: str, error: BaseException) -> None:
        self._not_before[kernel_id] = asyncio.get_running_loop().time() + AGAIN_S
        if isinstance(error, RTStoreError):
            logger.warning("service ended kernel=%s why=%s", kernel_id, error)
        else:
            logger.error("service failed kernel=%s", kernel_id, exc_info=error)


async def _release(lease: Lease) -> None:
    try:
        await lease.release()
    except RTStoreError as error:
        logger.debug("lease not released: %s", error)


async def run(
    link: Link, keys: Keys, settings: Settings, *, worker: str, contents_id: str
) -> None:
    """Serve this contents root's kernels of this host, and those that nobody has at hand, until
    cancelled. `settings` name the secret.
    """
    desk = Desk(link, KernelIndex(link, keys, contents_id), worker)
    root, host = keys.root(contents_id), socket.gethostname()
    async with ClientSession(trust_env=False) as http:
        reach = Reach(host, settings.jupyter_url, settings.secret or "")
        afar = Afar(link, keys, http, contents_id=contents_id, reach=reach)
        await Bridge(desk, afar, root_feed=root.feed, host=host).run()
