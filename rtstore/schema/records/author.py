"""Author: whose a Yjs client id is."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Ms


class Author(Record):
    """Whose a Yjs client id is; decided by the first update on its own connection."""

    about = About(
        Kind.LOG,
        "the worker that appends the first update; nobody changes it",
        (Place("rt:{D}:authors", Shape.FIELDS, "Yjs client id"),),
    )

    user: str
    """Username."""
    ts: Ms
