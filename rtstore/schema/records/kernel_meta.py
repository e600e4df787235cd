"""KernelMeta: what workers know of a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from rtstore.schema.records.record import About, Kind, Open, Place, Shape, Word
from rtstore.schema.records.words import Digits, EntryIdText


class KernelMeta(Open):
    """What workers know of a kernel; goes a week after its end."""

    about = About(
        Kind.PROJECTION,
        "the Jupyter server; counters: the kernel's bridge",
        (Place("rt:{K}:meta", Shape.HASH),),
        "kernel model of Jupyter Server's REST API",
    )
    more: ClassVar[Mapping[str, str]] = {
        "epoch:.+": "the epoch under which a source of its messages is written",
        "given:.+": "where what can still be read of a source begins",
    }
    __pydantic_extra__: dict[str, Digits]

    kernel_id: str = ""
    server: str = ""
    """The contents root."""
    name: str = ""
    """Of its kernelspec."""
    path: str = ""
    """Its session's."""
    user: str = ""
    """Whose it is, where each user has one of their own."""
    state: str = ""
    """``execution_state``, and restarting, ending, dead."""
    by: str = ""
    """Who restarts or ends it."""
    why: str = ""
    """Why it ended."""
    generation: Digits | None = None
    """Which start of it this is."""
    host: str = ""
    instance: str = ""
    """The process of the Jupyter server whose kernel it is."""
    jupyter_url: str = ""
    pid: str = ""
    connection_file: str = ""
    capture: Literal["journal", "ring", "ws", ""] = ""
    """How what it says is captured: it writes it down; bridges listen; its server is asked."""
    capture_why: str = ""
    """Why it is not its journal."""
    journal: str = ""
    """The journal's file."""
    repeats: Literal["refused", ""] = ""
    """Whether it refuses a request that it has, as IPython's does: then one that may be lost is
    sent again."""
    ordered: Digits | None = None
    """When somebody last ordered a restart (unix, ms)."""
    afar: str = ""
    """The start that is served as "ws" for want of a bridge."""
    owner: str = ""
    """The bridge that serves it."""
    fence: Digits = "0"
    """The newest token of its lease."""
    epoch: Digits | None = None
    """The newest of its log."""
    seq: Digits = "0"
    """How many runs were queued."""
    held: Digits = "0"
    """Bytes of its log, about."""
    dropped: EntryIdText | None = None
    """The newest entry that was dropped from its log."""


class KernelEar(Word[Literal["synced", "listening"]]):
    """Whether a bridge that hears the kernel has heard all: it could take over then."""

    about = About(
        Kind.UPKEEP,
        "each bridge for itself",
        (Place("rt:{K}:ears", Shape.FIELDS, "worker"),),
    )
