"""LiveStatus: how the Jupyter server does."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Iso


class LiveStatus(Record):
    """How the Jupyter server does; of several on one contents root one speaks for all."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:status", Shape.FIELDS, "``server``"),
            Place("server:<S>", Shape.ROOM),
        ),
        "APIStatus of Jupyter Server's REST API: GET /api/status",
    )

    server: str
    """Which one this is; when it ends another says how that does."""
    started: Iso
    last_activity: Iso
    connections: int
    kernels: int
    is_up: bool
    """Whether it was heard lately."""
