"""Everyone: who has this Jupyter server open, and where they are in it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rtstore.client import messages
from rtstore.client.presence import Presence
from rtstore.client.room import Room
from rtstore.schema import frames

ROOM = "JupyterLab:globalAwareness"
CLIENT_BITS = 32


class Everyone:
    """The peer of the room that holds no document: presence alone."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.presence = Presence(room, secrets.randbits(CLIENT_BITS))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Presence]:
        """Be there while the body runs. Raises NotAllowed."""
        async with self._room.running(self, self.presence.renew()):
            while not self._room.connected:
                self._room.check()
                await self._room.changes.after(self._room.changes.count)
            try:
                yield self.presence
            finally:
                self.presence.leave()

    def joined(self) -> None:
        """A socket is open. (Peer)"""
        self.presence.say()
        self._room.send(messages.QUERY_AWARENESS)

    def lost(self) -> None:
        """The socket is gone. (Peer)"""

    def heard(self, message: bytes) -> None:
        """A message of the server's. Raises BadFrame. (Peer)"""
        match frames.decode(message):
            case frames.Awareness(update):
                self.presence.heard(update)
