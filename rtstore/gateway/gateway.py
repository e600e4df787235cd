"""Gateway: what the handlers of one worker share."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from rtstore.gateway.gate import Gate
from rtstore.gateway.global_room import GlobalRoom
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.gateway.line import Line
from rtstore.gateway.live_rooms import LiveRooms
from rtstore.gateway.member import Code
from rtstore.gateway.penalties import Penalties
from rtstore.gateway.reauth import Reauth
from rtstore.gateway.recent_asks import RecentAsks
from rtstore.gateway.rooms import Rooms
from rtstore.settings import Settings


@dataclass(frozen=True, slots=True)
class Gateway:
    """One worker's rooms and who may enter."""

    settings: Settings
    rooms: Rooms
    global_room: GlobalRoom
    gate: Gate
    jupyter: JupyterServer
    reauth: Reauth
    recent_asks: RecentAsks
    live: LiveRooms
    line: Line = field(default_factory=Line)
    penalties: Penalties = field(default_factory=Penalties)

    async def drain(self) -> None:
        """Close all sockets with 1012, upon which browsers go to another worker."""
        self.live.drain()
        await self.rooms.drain()
        await self.global_room.close(Code.RESTART, "this worker restarts")


GATEWAY = web.AppKey("gateway", Gateway)
