"""Live state, without await: see the classes of the same names in `rtstore.client`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from rtstore import client
from rtstore.client.blocking.facade import Opened
from rtstore.client.live import LiveRoom
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
)

L = TypeVar("L", bound=LiveRoom)


class Live(Opened[L]):
    """A room of records. Mappings are of the moment."""

    @property
    def is_connected(self) -> bool:
        """Whether changes come now."""
        return self.on_loop(lambda it: it.is_connected)

    @property
    def tables(self) -> Mapping[str, Mapping[str, Record]]:
        """Table → id → record."""
        return self.on_loop(lambda it: it.tables)

    def until(self, met: Callable[[], bool], timeout: float | None = None) -> None:
        """Return once `met()` is true; it is asked after each change. Raises TimeoutError."""
        self._loop.until(self._inner, met, timeout)

    def changes(self, timeout: float | None = None) -> Iterator[client.RecordChange]:
        """Each change from this call on. TimeoutError if none comes for so long."""
        return self._loop.each(self._inner.changes, timeout)


class ServerState(Live[client.ServerState]):
    """A Jupyter server: what runs there."""

    @property
    def kernels(self) -> Mapping[str, Kernel]:
        """By id."""
        return self.on_loop(lambda it: it.kernels)

    @property
    def sessions(self) -> Mapping[str, Session]:
        """By id."""
        return self.on_loop(lambda it: it.sessions)

    @property
    def terminals(self) -> Mapping[str, Terminal]:
        """By name."""
        return self.on_loop(lambda it: it.terminals)

    @property
    def kernelspecs(self) -> Mapping[str, KernelSpec]:
        """By name."""
        return self.on_loop(lambda it: it.kernelspecs)

    @property
    def status(self) -> Status | None:
        """The server itself."""
        return self.on_loop(lambda it: it.status)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What was asked for lately."""
        return self.on_loop(lambda it: it.actions)


class Directory(Live[client.Directory]):
    """A directory: what is in it."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Files and directories, by name."""
        return self.on_loop(lambda it: it.entries)

    @property
    def state(self) -> DirectoryState | None:
        """The directory itself."""
        return self.on_loop(lambda it: it.state)
