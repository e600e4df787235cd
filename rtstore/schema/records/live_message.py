"""LiveMessage: what a live room says, and what a client may say there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from rtstore.schema.records.live_action import LiveAction
from rtstore.schema.records.live_contents import LiveContents, LiveDirectory
from rtstore.schema.records.live_kernel import LiveKernel
from rtstore.schema.records.live_kernelspec import LiveKernelspec
from rtstore.schema.records.live_session import LiveSession
from rtstore.schema.records.live_status import LiveStatus
from rtstore.schema.records.live_terminal import LiveTerminal
from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape, Value


class ServerTables(Part):
    """The tables of ``server:<S>``; one is missing if the user may not read it."""

    kernelspecs: dict[str, LiveKernelspec] | None = None
    kernels: dict[str, LiveKernel] | None = None
    sessions: dict[str, LiveSession] | None = None
    terminals: dict[str, LiveTerminal] | None = None
    status: dict[Literal["server"], LiveStatus] | None = None
    actions: dict[str, LiveAction] | None = None


class DirectoryTables(Part):
    """The tables of ``dir:<S>:<path>``."""

    contents: dict[str, LiveContents]
    directory: dict[Literal["directory"], LiveDirectory]


class LiveSnapshot(Record):
    """All of a room; it replaces whatever was known."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("server:<S>", Shape.ROOM),
            Place("dir:<S>:<path>", Shape.ROOM),
            Place("GET rtstore/live/<room>", Shape.REST),
        ),
    )

    type: Literal["snapshot"]
    room: str
    version: int
    tables: ServerTables | DirectoryTables


class LiveChange(Part):
    """One record, whole, or that it is gone."""

    table: str
    id: str
    record: dict[str, Any] | None
    """As the table's records are; null: removed."""


class LiveNews(Record):
    """What changed in a live room, between workers; or that somebody wants a directory."""

    about = About(
        Kind.UPKEEP,
        "the script that writes the records, in one step; workers that want a directory",
        (Place("rt:{S}:live:feed", Shape.CHANNEL),),
    )

    room: str
    """``server`` or ``dir:<path>``."""
    version: int | None = None
    changes: list[LiveChange] = Field(default_factory=list)
    wanted: bool = False


class LiveChanges(Record):
    """What changed from the version before to this one."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (Place("server:<S>", Shape.ROOM), Place("dir:<S>:<path>", Shape.ROOM)),
    )

    type: Literal["changes"]
    version: int
    changes: list[LiveChange]


class ActionAnswer(Record):
    """The action as it was taken; its table says how it goes on."""

    about = About(Kind.ACTION, "the server side", (Place("server:<S>", Shape.ROOM),))

    type: Literal["action"]
    record: LiveAction


class LiveError(Record):
    """What was sent was refused."""

    about = About(
        Kind.ACTION,
        "the server side",
        (Place("server:<S>", Shape.ROOM), Place("dir:<S>:<path>", Shape.ROOM)),
    )

    type: Literal["error"]
    message: str
    id: str | None = None
    """Of the request that is meant, if it had one."""


class ActionRequest(Record):
    """What a client may send: the only thing. By POST it has no `type`."""

    about = About(
        Kind.ACTION,
        "clients with the action's right",
        (
            Place("server:<S>", Shape.ROOM),
            Place("dir:<S>:<path>", Shape.ROOM),
            Place("POST rtstore/actions", Shape.REST),
        ),
    )

    type: Literal["action"] = "action"
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    """The client's own: asked for again under it, the action is done once."""
    action: str
    params: dict[str, Any]


class LiveMessage(
    Value[
        Annotated[
            LiveSnapshot | LiveChanges | ActionAnswer | LiveError, Field(discriminator="type")
        ]
    ]
):
    """What the server may say in a live room: JSON text frames."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (Place("server:<S>", Shape.ROOM), Place("dir:<S>:<path>", Shape.ROOM)),
    )
