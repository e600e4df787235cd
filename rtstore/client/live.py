"""Live rooms: what the server knows of itself, as it is now, and each change of it.

The server alone writes it; to have it do something, see `rtstore.client.actions`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast

from rtstore.client.changes import Changes
from rtstore.client.records import (
    Action,
    DirectoryState,
    Entry,
    Kernel,
    KernelSpec,
    Record,
    Session,
    Status,
    Terminal,
    record,
)
from rtstore.client.room import Room
from rtstore.errors import BadFrame, JupyterUnavailable

OPEN_S = 30.0
R = TypeVar("R", bound=Record)
Tables = dict[str, dict[str, Record]]


@dataclass(frozen=True, slots=True)
class RecordChange:
    """Something came, is another now, or is gone."""

    what: Literal["added", "changed", "removed"]
    table: str
    id: str
    record: Record
    """As it is now; of what is gone, as it was."""


class LiveRoom:
    """A room of records. Not thread-safe: use it on its event loop."""

    def __init__(self, room: Room, what: str) -> None:
        self._room, self._what = room, what
        self._tables: Tables = {}
        self._version = -1
        self._is_synced = False

    @property
    def is_connected(self) -> bool:
        """Whether changes come now. If not, what is here is as it was, and they come later."""
        return self._room.connected and self._is_synced

    @property
    def tables(self) -> Mapping[str, Mapping[str, Record]]:
        """All that this user may read: table → id → record."""
        return MappingProxyType(self._tables)

    def table(self, kind: type[R]) -> Mapping[str, R]:
        """One table; empty if this user may not read it. It stays as it is when things change."""
        return cast("Mapping[str, R]", MappingProxyType(self._tables.get(kind.TABLE, {})))

    @property
    def news(self) -> Changes:
        """Told at each change."""
        return self._room.changes

    def check(self) -> None:
        """Raises the error for which the room was closed, if it was."""
        self._room.check()

    async def until(self, met: Callable[[], bool]) -> None:
        """Return once `met()` is true; it is asked after each change.

        Bound it with ``asyncio.timeout``. Raises the error for which the room was closed.
        """
        while True:
            count = self._room.changes.count
            if met():
                return
            self._room.check()
            await self._room.changes.after(count)

    def changes(self) -> AsyncIterator[RecordChange]:
        """Each change from this call on, without end.

        What changes faster than this is read is seen as it is at last. Raises the error for
        which the room was closed.
        """
        return self._changes(self._tables)

    async def _changes(self, before: Tables) -> AsyncIterator[RecordChange]:
        while True:
            count, now = self._room.changes.count, self._tables
            for change in _differences(before, now):
                yield change
            before = now
            self._room.check()
            await self._room.changes.after(count)

    # -- the room's side -------------------------------------------------------------------

    def joined(self) -> None:
        """A socket is open: the server begins with a snapshot. (Peer)"""

    def lost(self) -> None:
        """The socket is gone. (Peer)"""
        self._is_synced = False

    def heard(self, message: bytes) -> None:
        """A message of the server's. Raises BadFrame. (Peer)"""
        try:
            told = json.loads(message)
            match told.get("type"):
                case "snapshot":
                    self._tables = {
                        table: {key: record(table, one) for key, one in rows.items()}
                        for table, rows in told["tables"].items()
                    }
                    self._version, self._is_synced = int(told["version"]), True
                case "changes" if int(told["version"]) > self._version:
                    self._tables = _changed(self._tables, told["changes"])
                    self._version = int(told["version"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadFrame(f"not what a live room says: {error!r}") from error
        self._room.changes.tell()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Be in the room while the body runs; entered when the state is here.

        Raises NoSuchDocument (no such directory), NotAllowed, JupyterUnavailable.
        """
        async with self._room.running(self):
            try:
                async with asyncio.timeout(OPEN_S):
                    await self.until(lambda: self._is_synced)
            except TimeoutError:
                why = "no answer" if self._room.connected else self._room.last_why
                raise JupyterUnavailable(f"{self._what}: {why}") from None
            yield


class ServerState(LiveRoom):
    """A Jupyter server: what runs there. Its mappings are of the moment: ask again for news."""

    @property
    def kernels(self) -> Mapping[str, Kernel]:
        """By id."""
        return self.table(Kernel)

    @property
    def sessions(self) -> Mapping[str, Session]:
        """By id."""
        return self.table(Session)

    @property
    def terminals(self) -> Mapping[str, Terminal]:
        """By name; by ``<name>@<server>`` one whose name another server's has."""
        return self.table(Terminal)

    @property
    def kernelspecs(self) -> Mapping[str, KernelSpec]:
        """By name."""
        return self.table(KernelSpec)

    @property
    def status(self) -> Status | None:
        """The server itself; None if this user may not know."""
        return next(iter(self.table(Status).values()), None)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What was asked for lately, and how it went, by id."""
        return self.table(Action)


class Directory(LiveRoom):
    """A directory: what is in it."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Files and directories, by name."""
        return self.table(Entry)

    @property
    def state(self) -> DirectoryState | None:
        """The directory itself."""
        return next(iter(self.table(DirectoryState).values()), None)


def _changed(tables: Tables, changes: list[dict[str, Any]]) -> Tables:
    """New tables; those without a change are the same objects."""
    told = dict(tables)
    for change in changes:
        table, id_ = change["table"], change["id"]
        if told.get(table) is tables.get(table):
            told[table] = dict(told.get(table, {}))
        if change["record"] is None:
            told[table].pop(id_, None)
        else:
            told[table][id_] = record(table, change["record"])
    return told


def _differences(before: Tables, now: Tables) -> list[RecordChange]:
    found = []
    for table in [*now, *(table for table in before if table not in now)]:
        was, rows = before.get(table, {}), now.get(table, {})
        if was is rows:
            continue
        found += [
            RecordChange("removed", table, id_, one) for id_, one in was.items() if id_ not in rows
        ]
        for id_, one in rows.items():
            if id_ not in was:
                found.append(RecordChange("added", table, id_, one))
            elif was[id_] is not one and was[id_].told != one.told:
                found.append(RecordChange("changed", table, id_, one))
    return found
