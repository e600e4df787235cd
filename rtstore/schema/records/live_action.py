"""LiveAction: what somebody asked the server to do, and what became of it."""

from __future__ import annotations

from typing import Any, Literal

from rtstore.schema.records.record import (
    About,
    Kind,
    Part,
    Place,
    Record,
    Shape,
    Text,
    Value,
    Word,
)
from rtstore.schema.records.words import Digits, Ms


class ActionFailure(Part):
    """Why an action failed, as the REST call that it stands for would say it."""

    status: int
    message: str


class LiveAction(Record):
    """What somebody asked the server to do, and what became of it."""

    about = About(
        Kind.ACTION,
        "a client asks; its state is the server side's to write",
        (
            Place("rt:{S}:live:actions", Shape.FIELDS, "action id"),
            Place("server:<S>", Shape.ROOM),
            Place("GET rtstore/actions/<id>", Shape.REST),
        ),
    )

    id: str
    action: str
    params: dict[str, Any]
    """As `ACTIONS` has them for the action; of contents.upload `bytes` and `sha256` of the content
    instead of it."""
    right: str
    """Which right it takes, ``resource:action``: who has its resource's may see it."""
    user: str
    """Username of who asked; stamped by the server."""
    name: str
    """Their name for people."""
    by: str
    """The process of the Jupyter server that does it; '' while none does."""
    state: Literal["requested", "in progress", "ok", "error", "lost"]
    """lost: whoever did it died, and nobody knows what became of it."""
    requested: Ms
    began: Ms | None
    ended: Ms | None
    result: Any
    """As `RESULTS` has it for the action; null while it is not ok."""
    error: ActionFailure | None


class WaitingAction(Text):
    """Id of an action that nobody has begun."""

    about = About(
        Kind.ACTION, "workers that are asked", (Place("rt:{S}:live:waiting", Shape.LIST),)
    )


class UploadContent(Value[str | dict[str, Any]]):
    """What contents.upload writes, until that is done: records are shown to people. 10 min."""

    about = About(
        Kind.ACTION, "workers that are asked", (Place("rt:{S}:live:content:<id>", Shape.STRING),)
    )


class RoomVersion(Word[Digits]):
    """How often a live room has changed."""

    about = About(
        Kind.UPKEEP,
        "the server side, with each change",
        (Place("rt:{S}:live:versions", Shape.FIELDS, "``server``, ``dir:<path>``"),),
    )
