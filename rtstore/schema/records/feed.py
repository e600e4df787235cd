"""FeedNotice, FeedUpdate: what travels over feeds."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from rtstore.schema.records.notice import (
    Deleted,
    DraftNews,
    Indexed,
    KernelNews,
    MarksNews,
    Opened,
    OutNews,
    PathNews,
    Refusal,
    Replaced,
    RunAsked,
    RunSettled,
    SaveAsked,
    SaveEnded,
    SchemaNews,
    StructsMissing,
)
from rtstore.schema.records.record import About, Kind, Place, Shape, Value, Word


class FeedNotice(
    Value[
        Annotated[
            Opened
            | Indexed
            | KernelNews
            | OutNews
            | RunAsked
            | RunSettled
            | SaveAsked
            | SaveEnded
            | StructsMissing
            | Refusal
            | MarksNews
            | PathNews
            | Replaced
            | Deleted
            | DraftNews
            | SchemaNews,
            Field(discriminator="type"),
        ]
    ]
):
    """A message between workers, after ``note ``. Nothing depends on it: who missed one looks
    again after a while.
    """

    about = About(
        Kind.UPKEEP,
        "workers and the Jupyter server",
        (
            Place("rt:{D}:feed", Shape.CHANNEL),
            Place("rt:{S}:feed", Shape.CHANNEL),
            Place("rt:{K}:feed", Shape.CHANNEL),
        ),
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """The JSON."""
        return json.loads(value.removeprefix(b"note "))


class FeedUpdate(Word[Annotated[str, Field(pattern=r"^[0-9]+-[0-9]+ [uxsheq] \S+( ref)?$")]]):
    """A log entry as it is published: ``<id> <kind> <worker>.<seq>``, a newline, the update; or
    with `` ref`` no update, as it is over 16 kB: it is in the log.
    """

    about = About(
        Kind.LOG,
        "the script that appends the entry, in one step",
        (Place("rt:{D}:feed", Shape.CHANNEL),),
        "Yjs updates (v1)",
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """Without the update."""
        return value.partition(b"\n")[0].decode()


class FeedAwareness(Word[Annotated[str, Field(pattern=r"^aware \S+$")]]):
    """``aware <worker>.<connection>``, a newline, an awareness update."""

    about = About(
        Kind.PRESENCE,
        "workers for their connections",
        (Place("rt:{D}:feed", Shape.CHANNEL), Place("rt:{S}:feed", Shape.CHANNEL)),
        "y-protocols, awareness",
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """Without the update."""
        return value.partition(b"\n")[0].decode()
