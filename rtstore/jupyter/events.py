"""The three collaboration events that Jupyter front ends and extensions listen for."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger

SCHEMAS = Path(__file__).parent / "event_schemas"
AWARENESS = "https://schema.jupyter.org/jupyter_collaboration/awareness/v1"
ROOMS_MAX = 10_000
GLOBAL_ROOM = "JupyterLab:globalAwareness"
"""Where everybody who has the server open in a browser is."""
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
"""Jupyter's own: what happened to files through its contents API."""


def register(logger: EventLogger) -> None:
    """Make the schemas known, those that no other extension registered."""
    for schema in sorted(SCHEMAS.glob("*.yaml")):
        schema_id = f"https://schema.jupyter.org/jupyter_collaboration/{schema.stem}/v1"
        if schema_id not in logger.schemas:
            logger.register_event_schema(schema)


class LastTold:
    """What was last told of each room, so that it is told once by however many workers."""

    def __init__(self) -> None:
        self._level: OrderedDict[str, str] = OrderedDict()

    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Whether the room's last one had another level; remembers this one."""
        room, level = str(event.get("room", "")), str(event.get("level", ""))
        was = self._level.pop(room, None)
        self._level[room] = level
        if len(self._level) > ROOMS_MAX:
            self._level.popitem(last=False)
        return level != was


class Arrivals:
    """Tells when somebody comes (their first socket here) and when they leave (their last)."""

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger
        self._sockets: Counter[str] = Counter()

    def came(self, username: str) -> None:
        """A socket of this user opened."""
        self._sockets[username] += 1
        if self._sockets[username] == 1:
            self._tell(username, "join", "joined")

    def left(self, username: str) -> None:
        """A socket of this user closed."""
        self._sockets[username] -= 1
        if self._sockets[username] == 0:
            del self._sockets[username]
            self._tell(username, "leave", "left")

    def _tell(self, username: str, action: str, did: str) -> None:
        told = {"roomid": GLOBAL_ROOM, "username": username, "action": action}
        msg = f"{username} {did} {GLOBAL_ROOM}."
        self._logger.emit(schema_id=AWARENESS, data={**told, "msg": msg})
