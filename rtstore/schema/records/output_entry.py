"""OutputEntry: one thing that a kernel said, or that happened to one of its runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Json

from rtstore.schema.records.record import About, Foreign, Kind, Part, Place, Shape, Value
from rtstore.schema.records.run import RunStateName
from rtstore.schema.records.words import Ms, MsText

BESIDE = "@body"


class RunStory(Foreign):
    """What is said of a run with a state; other fields of the run may come with it."""

    document: str = ""
    cell: str = ""
    user: str = ""
    name: str = ""
    sha: str = ""
    requested: Ms | None = None
    records_timing: bool | None = None
    why: str = ""
    count: str = ""
    generation: str = ""
    seq: str = ""


class _Entry(Part):
    parent: str
    """msg_id of the request that it belongs to: of a run of ours the run's id."""
    msg: str
    """Its own msg_id; '' for what is no message."""
    at: str
    """Where the source has it; '' for what is no message."""
    ts: MsText
    """When it was written here."""


class Said(_Entry):
    """A message of the kernel's: on iopub, or a reply (shell, control, stdin)."""

    kind: Literal["iopub", "reply"]
    type: str
    """msg_type."""
    content: Json[dict[str, Any]] | Literal["@body"]
    """The message's content, and its header's ``date``; ``@body``: it is kept beside."""


class RunState(_Entry):
    """A run has another state, or asks its user, or was answered."""

    kind: Literal["run"]
    type: RunStateName | Literal["asks", "answered"]
    content: Json[RunStory]


class Beginning(_Entry):
    """A source of messages begins: the journal of one start, or a bridge's turn at the sockets."""

    kind: Literal["begin"]
    type: str
    """Name of the source: ``journal:<generation>``, ``ring:<token>``, ``ws:<token>``."""
    content: Json[dict[str, Any]]
    """`capture`, and for a journal the `generation`."""


class Gap(_Entry):
    """Something is missing here."""

    kind: Literal["gap"]
    type: str
    """Why in a word."""
    content: Json[dict[str, Any]]
    """`why` for people; `lost` messages, where that is known."""


class Act(_Entry):
    """Somebody interrupted, restarted or ended the kernel."""

    kind: Literal["act"]
    type: str
    """interrupt, restart or shutdown."""
    content: Json[dict[str, str]]
    """`by` (username) and `name`."""


class OutputEntry(
    Value[Annotated[Said | RunState | Beginning | Gap | Act, Field(discriminator="kind")]]
):
    """One thing that a kernel said, or that happened to one of its runs; dropped after a day."""

    about = About(
        Kind.LOG,
        "the kernel's bridge; states of runs: who brings them there",
        (Place("rt:{K}:out", Shape.STREAM),),
        "Jupyter messaging specification 5.5",
    )


class OutputBody(Value[dict[str, Any]]):
    """The content of an entry that is long (over 64 KiB)."""

    about = About(
        Kind.LOG,
        "with its entry",
        (Place("rt:{K}:body:<entry id>", Shape.STRING),),
        "Jupyter messaging specification 5.5",
    )
