"""WorkerRecord: a worker, and what is open."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Text, Word
from rtstore.schema.records.words import Digits, FileIdText, MsText


class WorkerRecord(Record):
    """A worker. Lives 15 s unless renewed."""

    about = About(Kind.UPKEEP, "the worker", (Place("rt:w:<worker>", Shape.HASH),))

    until: MsText
    host: str
    version: str
    roles: str
    """gateway, keeper, bridge; with commas between."""
    contents: str
    """The contents root that it serves."""


class LivingWorker(Text):
    """Id of a worker."""

    about = About(
        Kind.UPKEEP, "the worker", (Place("rt:workers", Shape.MEMBERS, "until when (ms)"),)
    )


class OpenDocument(Word[FileIdText]):
    """Id of a document that was open lately."""

    about = About(
        Kind.UPKEEP,
        "workers that have it open",
        (Place("rt:docs:<nn>", Shape.MEMBERS, "when it was last known to be open (ms)"),),
    )


class DataFormat(Word[Digits]):
    """The newest data format that any writer used; an older rtstore refuses to start."""

    about = About(Kind.UPKEEP, "the first worker", (Place("rt:schema", Shape.STRING),))
