"""LiveTerminal: an open terminal."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Iso


class LiveTerminal(Record):
    """An open terminal."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place(
                "rt:{S}:live:terminals",
                Shape.FIELDS,
                "name; ``<name>@<server>`` for the other of that name",
            ),
            Place("server:<S>", Shape.ROOM),
        ),
        "Terminal of jupyter_server_terminals' REST API: GET /api/terminals",
    )

    name: str
    server: str
    """Which Jupyter server of this contents root has it: it ends with that."""
    last_activity: Iso
