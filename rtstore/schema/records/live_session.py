"""LiveSession: which kernel belongs to which document."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape


class LiveSession(Record):
    """Which kernel belongs to which document."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:sessions", Shape.FIELDS, "session id"),
            Place("server:<S>", Shape.ROOM),
        ),
        "Session of Jupyter Server's REST API: GET /api/sessions",
    )

    id: str
    path: str
    name: str
    type: str
    """notebook, console, file, …"""
    kernel_id: str | None
    """null while it has none."""
    user: str = ""
    """Whose it is, where each user has one of their own: nobody else sees it; else ''."""
