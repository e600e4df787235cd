"""LogEntry: one update of a document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Binary, Digits, MsText


class LogEntry(Record):
    """One update of a document. Its id is ``<epoch>-<revision>``, revisions are dense."""

    about = About(
        Kind.LOG,
        "workers for who may write the document (contents:write); its keeper",
        (Place("rt:{D}:log", Shape.STREAM),),
        "Yjs updates (v1); Redis streams",
    )

    kind: Literal["u", "x", "s", "h", "e", "q"]
    """An edit; a change of the file; what the keeper notes after a save; content put back after
    a store lost it; a new epoch; an entry that is skipped as it can't be applied."""
    user: str
    """Who wrote it, as the server knows them; '' for rtstore itself."""
    client: Annotated[str, Field(pattern=r"^\w*$")]
    """The Yjs client id that it begins with; for 'e' the generation of the history."""
    worker: str
    """Who appended it."""
    seq: Digits
    """The worker's own count: `worker` and `seq` together are never used twice."""
    ts: MsText
    """Information only: clocks of workers differ."""
    update: Binary
    """For 'e' the entry before, for 'q' the entry that is skipped."""
