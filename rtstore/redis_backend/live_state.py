"""LiveState: what a Jupyter server has, as records that only it writes.

The rooms ``server:<S>`` and ``dir:<S>:<path>`` show it. There is no history: a record says what is
so now, a room has a version, and whoever misses one reads all of the room again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link, Script

_READ = Script.load("live_read")
_WRITE = Script.load("live_write")

SERVER = "server"
"""The room of what is not in a directory."""
TABLES = ("kernelspecs", "kernels", "sessions", "terminals", "status", "actions")
"""Of that room."""
CONTENTS, DIRECTORY = "contents", "directory"
"""Tables of a directory's room; the second has one record, once the first is complete."""
WANTED_MS = 15_000
"""A directory is mirrored for this long after somebody last wanted it."""
AT_ONCE = 500

Change = tuple[str, str, str]
"""Table, id, and the record as JSON; '' for none."""
Tables = dict[str, dict[str, str]]
"""Table → id → record as JSON."""


def of_directory(path: str) -> str:
    """The room's name here."""
    return f"dir:{path}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A room as it stood."""

    version: int
    tables: Tables


class LiveState:
    """``rt:{S}:live:…``."""

    def __init__(self, link: Link, keys: RootKeys) -> None:
        self._link, self._keys = link, keys

    @property
    def feed(self) -> str:
        """Channel: ``{"room", "version", "changes": [{"table", "id", "record"}]}``."""
        return self._keys.live("feed")

    async def read(self, room: str) -> Snapshot:
        """All of a room. Raises StoreUnavailable."""
        names = _tables_of(room)
        keys = [self._keys.live("versions"), *(self._key(room, name) for name in names)]
        version, *told = await self._link.call(_READ, keys, (room,))
        tables = {name: _paired(flat) for name, flat in zip(names, told, strict=True)}
        return Snapshot(int(version), tables)

    async def write(self, room: str, changes: Sequence[Change]) -> None:
        """Change records; what is so already is not told again. Raises StoreUnavailable,
        StoreRefused: then some of it may have been written.
        """
        names = _tables_of(room)
        keys = [self._keys.live("versions"), self.feed]
        keys += [self._key(room, name) for name in names]
        for at in range(0, len(changes), AT_ONCE):
            args: list[str | int] = [room]
            for table, name, record in changes[at : at + AT_ONCE]:
                args += (1 + names.index(table), table, name, record)
            await self._link.call(_WRITE, keys, args)

    async def want(self, path: str) -> None:
        """Have a directory mirrored for WANTED_MS from now."""
        until = int(time.time() * 1000) + WANTED_MS
        await self._link.command("ZADD", self._keys.live("dirs"), until, path)
        note = json.dumps({"room": of_directory(path), "wanted": True})
        await self._link.command("SPUBLISH", self.feed, note)

    async def wanted(self) -> set[str]:
        """Paths of the directories that somebody wants."""
        key, now = self._keys.live("dirs"), int(time.time() * 1000)
        await self._link.command("ZREMRANGEBYSCORE", key, "-inf", now)
        return {path.decode() for path in await self._link.command("ZRANGE", key, 0, -1)}

    async def rooms(self) -> list[str]:
        """Rooms that there is something of."""
        return [
            room.decode()
            for room in await self._link.command("HKEYS", self._keys.live("versions"))
        ]

    async def forget(self, room: str) -> None:
        """A directory that nobody wants."""
        snapshot = await self.read(room)
        gone = [(DIRECTORY, name, "") for name in snapshot.tables[DIRECTORY]]
        await self.write(room, gone)  # whoever is there after all is told
        await self._link.command("DEL", *(self._key(room, name) for name in _tables_of(room)))
        await self._link.command("HDEL", self._keys.live("versions"), room)

    def _key(self, room: str, table: str) -> str:
        if room == SERVER:
            return self._keys.live(table)
        path = room.removeprefix("dir:")
        return self._keys.live(f"{'directory' if table == DIRECTORY else 'dir'}:{path}")


def _tables_of(room: str) -> tuple[str, ...]:
    return TABLES if room == SERVER else (CONTENTS, DIRECTORY)


def _paired(flat: list[bytes]) -> dict[str, str]:
    told = [one.decode("utf-8", "replace") for one in flat]
    return dict(zip(told[::2], told[1::2], strict=True))
