"""Records: what a server says of its kernels, sessions, terminals, files and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table, as the server knows it now; whole, and never changed by us."""

    TABLE: ClassVar[str] = ""
    """What the server calls the table."""
    told: Mapping[str, Any]
    """All that the server says, as it says it."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From the server's JSON; what this version does not know is only in `told`."""
        names = {one.name for one in fields(cls)} - {"told"}
        return cls(told=told, **{name: told[name] for name in names & told.keys()})


@dataclass(frozen=True, slots=True)
class KernelSpec(Record):
    """A kind of kernel that can be started."""

    TABLE = "kernelspecs"
    name: str = ""
    is_default: bool = False
    spec: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kernel(Record):
    """A kernel, and what it is at."""

    TABLE = "kernels"
    id: str = ""
    name: str = ""
    """Of its kernelspec."""
    state: str = ""
    """``starting``, ``idle``, ``busy``, ``restarting``, ``ending``, ``dead`` …"""
    connections: int = 0
    last_activity: str = ""
    starts: int = 1
    """1: never restarted."""
    path: str = ""
    """The document whose it is; '' if none's."""
    user: str = ""
    """Whose own it is; '' if everybody's."""
    run: Mapping[str, Any] | None = None
    """Which cell it runs: ``id``, ``document``, ``cell``, ``user``, ``name``."""
    waiting: int = 0
    """How many runs are not over."""


@dataclass(frozen=True, slots=True)
class Session(Record):
    """Which document has which kernel."""

    TABLE = "sessions"
    id: str = ""
    path: str = ""
    name: str = ""
    type: str = ""
    kernel_id: str = ""


@dataclass(frozen=True, slots=True)
class Terminal(Record):
    """A terminal."""

    TABLE = "terminals"
    name: str = ""
    server: str = ""
    """Which Jupyter server has it, where several are on one contents root."""
    last_activity: str = ""


@dataclass(frozen=True, slots=True)
class Status(Record):
    """The Jupyter server itself."""

    TABLE = "status"
    server: str = ""
    """Which one this is, where several are on one contents root."""
    started: str = ""
    last_activity: str = ""
    connections: int = 0
    kernels: int = 0
    is_up: bool = False


@dataclass(frozen=True, slots=True)
class Action(Record):
    """Something that was asked for, and how it went."""

    TABLE = "actions"
    id: str = ""
    action: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    name: str = ""
    state: str = ""
    """``requested``, ``in progress``, ``ok``, ``error``, ``lost``."""
    requested: int | None = None
    began: int | None = None
    ended: int | None = None
    """Milliseconds since 1970."""
    result: Any = None
    error: Mapping[str, Any] | None = None
    """``status`` as of HTTP, and ``message``."""

    @property
    def is_over(self) -> bool:
        """Whether it does not change any more."""
        return self.state in ("ok", "error", "lost")


@dataclass(frozen=True, slots=True)
class Entry(Record):
    """A file or directory."""

    TABLE = "contents"
    name: str = ""
    path: str = ""
    type: str = ""
    """``file``, ``directory``, ``notebook``."""
    size: int | None = None
    mimetype: str | None = None
    writable: bool = False
    created: str = ""
    last_modified: str = ""
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class DirectoryState(Record):
    """The directory itself."""

    TABLE = "directory"
    path: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Which server this is, and who we are to it."""

    id: str
    version: str
    """Of rtstore there."""
    user: Mapping[str, Any]
    """``username``, ``name``, ``display_name``, ``initials``, ``avatar_url``, ``color``."""


KINDS: dict[str, type[Record]] = {
    kind.TABLE: kind
    for kind in (
        *(KernelSpec, Kernel, Session, Terminal, Status, Action),
        *(Entry, DirectoryState),
    )
}


def record(table: str, told: Mapping[str, Any]) -> Record:
    """The record of a table's row; of a table that this version does not know a bare one."""
    return KINDS.get(table, Record).of(told)
