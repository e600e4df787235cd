"""AwarenessState: what one open page says of itself."""

from __future__ import annotations

from rtstore.schema.records.record import About, Foreign, Kind, Place, Shape, Value
from rtstore.schema.records.user import UserInfo


class AwarenessState(Foreign):
    """What one open page says of itself: any JSON besides these. JupyterLab adds `cursors`,
    `current` (the open document), `autosave`; clients may add fields of their own.
    """

    user: UserInfo
    """Stamped by the server."""


class AwarenessMessage(Value[AwarenessState | None]):
    """The state of one Yjs client, in an awareness update; null: it is gone."""

    about = About(
        Kind.PRESENCE,
        "each connection for its own client ids; the server stamps `user`",
        (
            Place("<document room>", Shape.ROOM),
            Place("JupyterLab:globalAwareness", Shape.ROOM),
        ),
        "y-protocols, awareness: n, n times (client id, clock, JSON)",
    )
