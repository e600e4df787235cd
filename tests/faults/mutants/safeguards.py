"""Each safeguard, and how a worker is without it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from hashlib import sha1
from typing import Any

from rtstore.errors import StaleEpoch
from rtstore.gateway import writer
from rtstore.keeper import compactor
from rtstore.pubsub import follower
from rtstore.redis_backend import update_log
from rtstore.redis_backend.link import Script
from rtstore.schema import frames


def _changed(script: Script, *changes: tuple[str, str]) -> Script:
    source = script.source
    for before, after in changes:
        assert before in source, f"{script.name} has no {before!r}"
        source = source.replace(before, after)
    return Script(script.name, source, sha1(source.encode()).hexdigest())


def compacts_often() -> None:
    """No safeguard is out: compaction, all the time, and slow between its steps."""
    compactor.CHECK_S = 0.05
    compactor.KEEP_ENTRIES = 5
    compactor.Compactor._is_long = lambda self: True  # type: ignore[method-assign]
    compact = update_log.UpdateLog.compact

    async def slowly(self: update_log.UpdateLog, *given: Any, **more: Any) -> int:
        await asyncio.sleep(0.2)
        return await compact(self, *given, **more)

    update_log.UpdateLog.compact = slowly  # type: ignore[method-assign]


def trims_by_length() -> None:
    """Compaction keeps so many entries, whatever the snapshot holds."""
    compacts_often()
    update_log._COMPACT = _changed(
        update_log._COMPACT, ("'XTRIM', log, 'MINID', keep", "'XTRIM', log, 'MAXLEN', 1")
    )


def compacts_late() -> None:
    """No safeguard is out: a compactor that stood still since the first comes after each other."""
    compacts_often()
    compact = update_log.UpdateLog.compact
    first: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}

    async def and_the_first(self: update_log.UpdateLog, *given: Any, **more: Any) -> int:
        late = first.setdefault(self.keys.log, (given, more))
        trimmed = await compact(self, *given, **more)
        with suppress(StaleEpoch):
            await compact(self, *late[0], **late[1])
        return trimmed

    update_log.UpdateLog.compact = and_the_first  # type: ignore[method-assign]


def compares_nothing() -> None:
    """A compactor replaces the snapshot, whoever was there meanwhile."""
    compacts_late()
    update_log._COMPACT = _changed(
        update_log._COMPACT,
        ("if current ~= base then", "if false then"),
        ("if not older(current, id) then", "if false then"),
        ("if #redis.call('XRANGE', log, id, id) == 0 then", "if false then"),
    )


def asks_for_no_epoch() -> None:
    """An append goes to whatever log is there, and makes one if there is none."""
    newest = (
        "local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]\n"
        "epoch = last and string.match(last[1], '^(%d+)-') or epoch\n"
        "local id = redis.call('XADD', log, epoch .. '-*'"
    )
    update_log._APPEND = _changed(
        update_log._APPEND,
        ("local id = redis.call('XADD', log, 'NOMKSTREAM', epoch .. '-*'", newest),
    )


def sees_no_gaps() -> None:
    """Whatever the feed says is the next entry."""
    follower.Follower._is_next = lambda self, entry: entry.id > self.position  # type: ignore[method-assign]


def echoes_before_it_appends() -> None:
    """What a browser says counts as said at once, and is appended a moment later."""
    take = writer.Writer.take

    async def early(self: writer.Writer, member: Any, update: bytes, *, is_reply: bool) -> bool:
        if update != frames.NOTHING:
            self._content.add(update)

        async def later() -> None:
            await asyncio.sleep(1.0)
            await take(self, member, update, is_reply=is_reply)

        self._later = getattr(self, "_later", [])  # type: ignore[attr-defined]
        self._later.append(asyncio.ensure_future(later()))  # type: ignore[attr-defined]
        return True

    writer.Writer.take = early  # type: ignore[method-assign]


OUT = {
    one.__name__: one
    for one in (
        compacts_often,
        compacts_late,
        trims_by_length,
        compares_nothing,
        asks_for_no_epoch,
        sees_no_gaps,
        echoes_before_it_appends,
    )
}
