"""LiveRoom: one live room as this worker knows it, and the sockets that look at it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from rtstore.redis_backend.live_state import DIRECTORY, Snapshot, Tables
from rtstore.schema.identity import Identity

BEHIND_MAX = 200
"""Messages that wait for a slow socket; then it is told all anew instead."""
ANSWERS_MAX = 100
"""Answers of one socket's own that wait to be read, before it is heard again."""
READ_RIGHTS = {
    "kernelspecs": "kernelspecs:read",
    "kernels": "kernels:read",
    "sessions": "sessions:read",
    "terminals": "terminals:read",
    "status": "api:read",
    "contents": "contents:read",
    "directory": "contents:read",
}


class Viewer:
    """Somebody who looks at a live room; `news` gives the messages, in order."""

    def __init__(self, room: LiveRoom, who: Callable[[], Identity]) -> None:
        """`who` is asked each time: what somebody may see changes while they look."""
        self._room, self._who = room, who
        self._waiting: deque[str] = deque()
        self._answers: deque[str] = deque()
        self._answers_taken = asyncio.Event()
        self._is_behind = True
        self._more = asyncio.Event()
        self._more.set()

    async def answer(self, message: str) -> None:
        """Say something to this one alone, which comes whatever it misses else; waits while it
        does not read.
        """
        while len(self._answers) >= ANSWERS_MAX:
            self._answers_taken.clear()
            await self._answers_taken.wait()
        self._answers.append(message)
        self._more.set()

    def changed(self, version: int, changes: list[dict[str, Any]]) -> None:
        """The room has changed."""
        if self._is_behind:
            return
        who = self._who()
        mine = [one for one in changes if may_see(who, one["table"], one["record"])]
        if not mine:
            return
        if len(self._waiting) >= BEHIND_MAX:
            self.renew()
            return
        told = {"type": "changes", "version": version, "changes": mine}
        self._waiting.append(json.dumps(told, separators=(",", ":")))
        self._more.set()

    def renew(self) -> None:
        """It must be told all anew."""
        self._waiting.clear()
        self._is_behind = True
        self._more.set()

    async def news(self) -> str:
        """The next message; waits for one."""
        while True:
            await self._more.wait()
            if self._is_behind:
                self._is_behind = False
                return self._room.snapshot(self._who())
            if self._answers:
                self._answers_taken.set()
                return self._answers.popleft()
            if self._waiting:
                return self._waiting.popleft()
            self._more.clear()


class LiveRoom:
    """See the module. Its name is what clients call it: ``server:<S>``, ``dir:<S>:<path>``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.newest = 0
        """The highest version that the feed told of."""
        self._tables: dict[str, dict[str, Any]] = {}
        self.viewers: set[Viewer] = set()
        self.is_loaded = False
        self.is_complete = asyncio.Event()
        """Set once all of it is there: a directory is written in parts."""

    def load(self, snapshot: Snapshot) -> None:
        """Take all of it from the store, and tell everybody if that is news."""
        tables = _parsed(snapshot.tables)
        if self.is_loaded and (snapshot.version, tables) == (self.version, self._tables):
            return
        self.version, self._tables = snapshot.version, tables
        self.is_loaded = True
        self._see_whether_complete()
        for viewer in self.viewers:
            viewer.renew()

    def heard(self, version: int, changes: list[dict[str, Any]]) -> bool:
        """Take changes from the feed; False if some before them were missed."""
        self.newest = max(version, self.newest)
        if version <= self.version:
            return version > 1  # the first one of a store that was emptied
        if version != self.version + 1:
            return False
        self.version = version
        for change in changes:
            table = self._tables.setdefault(change["table"], {})
            if change["record"] is None:
                table.pop(change["id"], None)
            else:
                table[change["id"]] = change["record"]
        self._see_whether_complete()
        for viewer in self.viewers:
            viewer.changed(version, changes)
        return True

    def _see_whether_complete(self) -> None:
        if DIRECTORY not in self._tables or self._tables[DIRECTORY]:
            self.is_complete.set()
        else:
            self.is_complete.clear()

    def record(self, table: str, name: str) -> Any:  # noqa: ANN401 -- JSON
        """One record; None if there is none."""
        return self._tables.get(table, {}).get(name)

    def shown_to(self, identity: Identity) -> dict[str, Any]:
        """The snapshot message for somebody."""
        tables = {
            name: {key: one for key, one in table.items() if may_see(identity, name, one)}
            for name, table in self._tables.items()
            if may_read(identity, name)
        }
        return {
            "type": "snapshot",
            "room": self.name,
            "version": self.version,
            "tables": tables,
        }

    def snapshot(self, identity: Identity) -> str:
        """The same, as JSON."""
        return json.dumps(self.shown_to(identity), separators=(",", ":"))


def may_read(identity: Identity, table: str) -> bool:
    """Whether somebody may see a table at all."""
    right = READ_RIGHTS.get(table)
    return right is None or identity.may(right)


def may_see(identity: Identity, table: str, record: Mapping[str, Any] | None) -> bool:
    """Whether somebody may see a record. Of actions: their own, and what they might do too; of
    sessions: not other users' own.
    """
    if record is None:
        return may_read(identity, table)
    is_own = record.get("user") == identity.user.username
    if table == "actions":
        return is_own or identity.may(str(record.get("right", "")))
    is_anothers = table == "sessions" and bool(record.get("user")) and not is_own
    return may_read(identity, table) and not is_anothers


def _parsed(tables: Tables) -> dict[str, dict[str, Any]]:
    return {name: {k: json.loads(one) for k, one in told.items()} for name, told in tables.items()}
