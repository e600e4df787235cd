"""PresenceEntry: one connection that is here, and all that its pages say of themselves."""

from __future__ import annotations

from typing import Any

from rtstore.schema.records.awareness_state import AwarenessState
from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape, Text
from rtstore.schema.records.words import Ms


class PresenceClient(Part):
    """The newest state of one Yjs client id."""

    clock: int
    """A newer one replaces it."""
    state: AwarenessState | None
    """null: it is gone."""


class PresenceEntry(Record):
    """One connection that is here. Expires 20 s after the last sign of life."""

    about = About(
        Kind.PRESENCE,
        "the worker that holds the connection",
        (
            Place("rt:{D}:who", Shape.FIELDS, "``<worker>.<connection>``"),
            Place("rt:{S}:who", Shape.FIELDS, "``<worker>.<connection>``"),
        ),
        "y-protocols, awareness; JupyterLab:globalAwareness of jupyter-collaboration",
    )

    user: str
    """Username."""
    name: str
    since: Ms
    autosave: Any
    """What its pages say of saving by itself; null: nothing."""
    clients: dict[str, PresenceClient]
    """Yjs client id → what it says."""


class PresenceExpiry(Text):
    """``<worker>.<connection>`` of a PresenceEntry."""

    about = About(
        Kind.PRESENCE,
        "the worker that holds the connection",
        (
            Place("rt:{D}:who:exp", Shape.MEMBERS, "when it expires (ms)"),
            Place("rt:{S}:who:exp", Shape.MEMBERS, "when it expires (ms)"),
        ),
    )


class SpokeUser(Text):
    """Username of who was heard in JupyterLab:globalAwareness a moment ago."""

    about = About(
        Kind.UPKEEP,
        "workers, so that each user speaks once a second at most",
        (Place("rt:{S}:spoke", Shape.MEMBERS, "when they were last heard (ms)"),),
    )
