"""Snapshot: one update that says all entries of a log up to one of them."""

from __future__ import annotations

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Binary, Digits, EntryIdText, MsText, Sha256


class Snapshot(Record):
    """One update that says all entries of a log up to `id`."""

    about = About(
        Kind.LOG,
        "whoever compacts the log, if nobody did meanwhile",
        (Place("rt:{D}:snap", Shape.HASH), Place("rt:{D}:snap:prev", Shape.HASH)),
        "Yjs updates (v1)",
    )

    id: EntryIdText
    """The last entry that it holds."""
    ts: MsText
    by: str
    """The worker that compacted."""
    bytes_: Digits = Field(alias="bytes")
    """Length of `data`."""
    sha: Sha256
    """Of `data`."""
    gen: str = ""
    """The generation of the history that it is of."""
    data: Binary
