"""Keepers: the documents that this worker keeps, out of all that are in use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiohttp import ClientSession

from rtstore.errors import (
    BadDocument,
    JupyterUnavailable,
    RTStoreError,
    SettingsError,
    StaleEpoch,
)
from rtstore.keeper.app_keeper import AppKeeper
from rtstore.keeper.charge import Charge, Office
from rtstore.keeper.contents import Contents, Where
from rtstore.keeper.importer import Refused
from rtstore.keeper.keeper import Keeper, Released
from rtstore.keeper.own_root import OwnRoot
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.update_log import Meta, UpdateLog
from rtstore.replica.replica import Replica
from rtstore.schema import feed
from rtstore.schema.app_document import APP, is_app, path_of
from rtstore.schema.feed import FeedNotice
from rtstore.settings import Settings
from rtstore.tasks import cause_of

logger = logging.getLogger(__name__)

SEEK_S = 1.0
"""Leases of others are tried this often: with their 3 s, a takeover is done within 5."""
SCAN_S = 5.0
STAT_S = 1.0
AGAIN_S = 5.0
"""A document whose keeper failed, or that could not be loaded, is tried again after this."""


class Keepers:
    """Seeks documents without an owner, and owns them."""

    def __init__(self, office: Office, keys: Keys, *, contents_id: str) -> None:
        self._office, self._keys, self._contents_id = office, keys, contents_id
        self._root = OwnRoot(office.link, keys, contents_id)
        self._kept: dict[str, Keeper] = {}
        self._taking: set[str] = set()
        self._wanted: set[str] = set()
        self._refused: set[str] = set()
        self._again: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._opened: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        """Until cancelled; then what is kept is saved and given back."""
        root = self._keys.root(self._contents_id)
        async with (
            self._office.link.listen(root.feed, self._heard),
            asyncio.TaskGroup() as tasks,
        ):
            self._tasks = tasks
            tasks.create_task(self._scan())
            tasks.create_task(self._seek())
            tasks.create_task(self._watch())
            while True:
                document_id = await self._opened.get()
                self._wanted.add(document_id)
                self._refused.discard(document_id)
                self._not_before.pop(document_id, None)
                if document_id in self._taking:
                    self._again.add(document_id)
                self._take([document_id])

    def _heard(self, data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedNotice) and message.told.get("type") == "opened":
            self._opened.put_nowait(str(message.told.get("document", "")))

    async def _scan(self) -> None:
        while True:
            try:
                self._wanted = set(await self._office.registry.in_use())
            except* RTStoreError as errors:
                logger.debug("documents not listed: %s", cause_of(errors))
            await asyncio.sleep(SCAN_S)

    async def _seek(self) -> None:
        while True:
            await asyncio.sleep(SEEK_S)
            if self._office.link.connected:
                self._take(sorted(self._wanted))

    def _take(self, ids: Sequence[str]) -> None:
        now = asyncio.get_running_loop().time()
        for document_id in ids:
            if document_id in self._taking or document_id in self._refused:
                continue
            if self._root.is_foreign(document_id):
                continue
            if now < self._not_before.get(document_id, 0.0):
                continue
            self._taking.add(document_id)
            self._tasks.create_task(self._own(document_id))

    async def _own(self, document_id: str) -> None:
        """Try to be the owner, and be it for as long as it goes."""
        lease = Lease.of_document(
            self._office.link, self._keys.document(document_id), "keep", owner=self._office.worker
        )
        self._again.discard(document_id)
        try:
            if await self._root.has(document_id) and await lease.acquire():
                await self._keep(document_id, lease)
        except Exception as error:  # the edge of one document: others go on
            self._failed(document_id, cause_of(error))
        finally:
            self._taking.discard(document_id)
            self._kept.pop(document_id, None)
            if lease.holding and self._office.link.connected:
                await _release(lease)
        if document_id in self._again:  # somebody opened it while we let go of it
            self._again.discard(document_id)
            self._opened.put_nowait(document_id)

    def _failed(self, document_id: str, error: BaseException) -> None:
        now = asyncio.get_running_loop().time()
        self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        self._not_before[document_id] = now + AGAIN_S
        if isinstance(error, Released):
            self._wanted.discard(document_id)
            logger.info("released document=%s why=%s", document_id, error)
        elif isinstance(error, Refused):
            self._refused.add(document_id)
        elif isinstance(error, RTStoreError):
            self._not_before[document_id] = now + SEEK_S
            logger.warning("keeper ended document=%s why=%s", document_id, error)
        else:
            logger.error("keeper failed document=%s", document_id, exc_info=error)

    async def _keep(self, document_id: str, lease: Lease) -> None:
        office, keys = self._office, self._keys.document(document_id)
        log = UpdateLog(office.link, keys, worker=office.worker)
        meta: Meta = await log.meta()
        if not (meta.get("gen") and meta.get("type")):
            await office.link.command("SPUBLISH", keys.feed, feed.notice("unmade"))
            raise StaleEpoch("nothing says what it is; who has it open will")
        path = path_of(document_id)
        if not is_app(document_id):
            path = await office.files.path_of(document_id) or ""
        if not path:
            raise Released("its file was deleted")
        where = Where(path, meta["type"], meta.get("format", ""))
        try:
            replica = Replica(log, where.kind)
        except BadDocument as error:
            note = feed.notice("refused", code=4400, reason=str(error))
            await office.link.command("SPUBLISH", keys.feed, note)
            raise Refused(str(error)) from error
        charge = Charge(office, document_id, keys, log, lease, where, meta["gen"], replica)
        keeper = AppKeeper(charge) if where.kind == APP else Keeper(charge)
        self._kept[document_id] = keeper
        logger.info("keeping document=%s path=%s", document_id, path)
        await office.link.command("HSET", keys.meta, "owner", office.worker)
        await keeper.run()

    async def _watch(self) -> None:
        """Look at all files kept here, in one request."""
        is_away = False
        while True:
            await asyncio.sleep(STAT_S)
            watched = {k: keeper.path for k, keeper in self._kept.items() if keeper.path}
            if not watched:
                continue
            try:
                stats, moved = await self._office.contents.stat(sorted(set(watched.values())))
            except RTStoreError as error:
                is_away = isinstance(error, JupyterUnavailable)
                if not is_away:
                    logger.warning("files not looked at: %s", error)
                continue
            for document_id, path in watched.items():
                keeper = self._kept.get(document_id)
                if keeper is not None and is_away:
                    keeper.jupyter_is_back()
                if keeper is not None and path not in moved and path in stats:
                    keeper.seen(stats[path])
            is_away = False


async def _release(lease: Lease) -> None:
    try:
        await lease.release()
    except RTStoreError as error:
        logger.debug("lease not released: %s", error)


async def run(
    link: Link, keys: Keys, settings: Settings, *, worker: str, contents_id: str
) -> None:
    """Keep documents of this contents root until cancelled."""
    if not settings.secret:
        raise SettingsError("RTSTORE_SECRET is not set: it must be that of the Jupyter extension")
    root = keys.root(contents_id)
    async with ClientSession(trust_env=False) as http:
        contents = Contents(http, link, root, url=settings.jupyter_url, secret=settings.secret)
        office = Office(
            link,
            settings,
            contents,
            FileIndex(link, root),
            Registry(link, keys),
            worker,
            keys,
            contents_id,
        )
        await Keepers(office, keys, contents_id=contents_id).run()
