"""LiveContents: an entry of a directory, and the directory."""

from __future__ import annotations

from typing import Literal

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Text
from rtstore.schema.records.words import Iso


class LiveContents(Record):
    """An entry of a directory."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:dir:<path>", Shape.FIELDS, "name"),
            Place("dir:<S>:<path>", Shape.ROOM),
        ),
        "Contents of Jupyter Server's REST API: GET /api/contents/{path}",
    )

    name: str
    path: str
    type: Literal["file", "directory", "notebook"]
    size: int | None
    """In bytes."""
    mimetype: str | None
    writable: bool
    created: Iso
    last_modified: Iso
    file_id: str | None
    """Once somebody has opened it together with others."""


class LiveDirectory(Record):
    """The directory itself; there once all that is in it is."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:directory:<path>", Shape.FIELDS, "``directory``"),
            Place("dir:<S>:<path>", Shape.ROOM),
        ),
        "Contents of Jupyter Server's REST API: GET /api/contents/{path}",
    )

    path: str
    state: Literal["ok", "missing", "refused"]
    """In rooms always ok: a socket to another one is closed with 4404 or 4403."""
    why: str = ""
    """Why it is not ok."""


class WatchedDirectory(Text):
    """Path of a directory that somebody looks at."""

    about = About(
        Kind.UPKEEP,
        "workers",
        (Place("rt:{S}:live:dirs", Shape.MEMBERS, "until when somebody wants it (ms)"),),
    )
