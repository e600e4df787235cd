"""LiveDirectories: mirrors in the store the directories that somebody looks at.

A directory is listed through the contents manager, once; then it is kept current by what the
contents manager says it did, and by watching the file system for what others do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_events import EventLogger
from jupyter_server._tz import isoformat
from tornado.web import HTTPError
from watchfiles import awatch

from rtstore.errors import RTStoreError
from rtstore.jupyter import disk, listing
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.live_state import CONTENTS, DIRECTORY, SERVER, LiveState, of_directory
from rtstore.tasks import background, until_set

logger = logging.getLogger(__name__)

LOOK_S = 2.0
RELIST_S = 5.0
"""Where the file system can't be watched, and where there is none."""
RECONCILE_S = 60.0
DEBOUNCE_MS = 100
RELIST_NAMES = 500
"""So many changes at once are a new listing."""


class _Mirror:
    """One directory, while it is wanted."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.must_list = True
        self.news = asyncio.Event()

    def touch(self, names: Iterable[str]) -> None:
        """These may be another now."""
        self.changed.update(names)
        self.news.set()


class LiveDirectories:
    """See the module."""

    def __init__(self, manager: Callable[[], Any], id_of: Callable[[str], str | None]) -> None:
        """`manager` is asked each time; `id_of` tells the file id of a path, at no cost."""
        self._manager, self._id_of = manager, id_of
        self._mirrors: dict[str, _Mirror] = {}
        self._wanted = asyncio.Event()

    async def heard(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        """Jupyter's event listener for contents events; its signature is Jupyter's."""
        if data.get("action") == "get":
            return  # nothing changed, and we ourselves get what we describe
        for path in (data.get("path"), data.get("source_path")):
            if path is not None:
                parent, _, name = str(path).strip("/").rpartition("/")
                if name and (mirror := self._mirrors.get(parent)) is not None:  # '': the root
                    mirror.touch([name])

    async def run(self, link: Link, state: LiveState) -> None:
        """Mirror what is wanted, for ever."""
        async with link.listen(state.feed, self._heard), asyncio.TaskGroup() as tasks:
            jobs: dict[str, asyncio.Task[None]] = {}
            is_first = True
            while True:
                self._wanted.clear()
                try:
                    wanted = await state.wanted()
                    if is_first:
                        await _forget_others(state, wanted)
                        is_first = False
                except RTStoreError as error:
                    logger.debug("live directories not known: %s", error)
                else:
                    for path in jobs.keys() - wanted:
                        jobs.pop(path).cancel()
                    for path in wanted - jobs.keys():
                        jobs[path] = tasks.create_task(self._mirror(path, state))
                await until_set(self._wanted, within_s=LOOK_S)

    def _heard(self, data: bytes) -> None:
        if b'"wanted"' in data[-32:]:
            self._wanted.set()

    async def _mirror(self, path: str, state: LiveState) -> None:
        """Keep one directory current until cancelled."""
        mirror = self._mirrors[path] = _Mirror()
        try:
            async with background(self._watch(path, mirror)):
                while True:
                    mirror.news.clear()
                    try:
                        await self._tell(path, mirror, state)
                    except RTStoreError as error:
                        logger.debug("directory not told path=%s why=%s", path, error)
                        mirror.must_list = True
                        await asyncio.sleep(LOOK_S)
                        continue
                    await until_set(mirror.news, within_s=RECONCILE_S)
                    mirror.must_list = mirror.must_list or not mirror.news.is_set()
        finally:
            self._mirrors.pop(path, None)
            try:
                await state.forget(of_directory(path))
            except RTStoreError as error:
                logger.debug("directory not forgotten path=%s why=%s", path, error)

    async def _tell(self, path: str, mirror: _Mirror, state: LiveState) -> None:
        names, mirror.changed = mirror.changed, set()
        if mirror.must_list or len(names) > RELIST_NAMES:
            mirror.must_list = False
            await self._tell_all(path, state)
            return
        found = [(CONTENTS, name, _text(await self._record(path, name))) for name in sorted(names)]
        await state.write(of_directory(path), found)

    async def _tell_all(self, path: str, state: LiveState) -> None:
        room = of_directory(path)
        told = {"path": path, "state": "ok"}
        models: list[dict[str, Any]] = []
        try:
            models = await self._listed(path)
        except HTTPError as error:
            is_missing = error.status_code in {400, 404}
            told |= {"state": "missing" if is_missing else "refused"}
            told |= {"why": error.log_message or error.reason or ""}
        except Exception as error:  # any contents manager
            logger.warning("directory not listed path=%s why=%s", path, error)
            told |= {"state": "refused", "why": f"{type(error).__name__}: {error}"}
        now = {one["name"]: _text(self._of_model(one)) for one in models}
        before = (await state.read(room)).tables[CONTENTS]
        changes = [(CONTENTS, name, "") for name in before if name not in now]
        changes += [(CONTENTS, name, one) for name, one in now.items() if before.get(name) != one]
        changes.append((DIRECTORY, DIRECTORY, _text(told)))
        await state.write(room, changes)

    async def _listed(self, path: str) -> list[dict[str, Any]]:
        """Models of all that is there. Raises HTTPError, and what a contents manager raises."""
        manager = self._manager()
        if disk.is_plain(manager):
            return await asyncio.to_thread(listing.of, manager, path)
        model = await ensure_async(manager.get(path, content=True, type="directory"))
        return list(model["content"])

    async def _record(self, directory: str, name: str) -> dict[str, Any] | None:
        """What there is under a name; None if nothing that is to be shown."""
        manager, path = self._manager(), f"{directory}/{name}".strip("/")
        if not getattr(manager, "should_list", lambda _: True)(name):
            return None
        try:
            if not manager.allow_hidden and await ensure_async(manager.is_hidden(path)):
                return None
            return self._of_model(await ensure_async(manager.get(path, content=False)))
        except (HTTPError, OSError):
            return None

    def _of_model(self, model: dict[str, Any]) -> dict[str, Any]:
        path = str(model["path"]).strip("/")
        return {
            "name": model["name"],
            "path": path,
            "type": model["type"],
            "size": model.get("size"),
            "mimetype": model.get("mimetype"),
            "writable": bool(model.get("writable")),
            "created": _time(model.get("created")),
            "last_modified": _time(model.get("last_modified")),
            "file_id": self._id_of(path) if model["type"] != "directory" else None,
        }

    async def _watch(self, path: str, mirror: _Mirror) -> None:
        """Hear of what others do there. Never returns."""
        manager = self._manager()
        found = disk.os_path(manager, path) if disk.is_below(manager) else None
        while True:
            try:
                if found is None:
                    raise FileNotFoundError(path)
                changes = awatch(
                    found, watch_filter=None, recursive=False, debounce=DEBOUNCE_MS, step=20
                )
                async for batch in changes:
                    paths = [Path(changed) for _, changed in batch]
                    mirror.touch(one.name for one in paths if str(one) != found)
                    mirror.must_list |= any(str(one) == found for one in paths)
            except (OSError, RuntimeError) as error:
                logger.debug("directory not watched path=%s why=%s", path, error)
            await asyncio.sleep(RELIST_S)
            mirror.must_list = True
            mirror.news.set()


async def _forget_others(state: LiveState, wanted: set[str]) -> None:
    """What a server before this one mirrored, and nobody wants."""
    for room in await state.rooms():
        if room != SERVER and room.removeprefix("dir:") not in wanted:
            await state.forget(room)


def _time(at: Any) -> str | None:  # noqa: ANN401 -- a datetime, or what a manager has
    return at if at is None or isinstance(at, str) else str(isoformat(at))


def _text(record: dict[str, Any] | None) -> str:
    return json.dumps(record, separators=(",", ":")) if record is not None else ""
