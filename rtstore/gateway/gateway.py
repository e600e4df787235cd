"""Gateway: what the handlers of one worker share."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from rtstore.gateway.gate import Gate
from rtstore.gateway.global_room import GlobalRoom
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.gateway.penalties import Penalties
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
    penalties: Penalties = field(default_factory=Penalties)


GATEWAY = web.AppKey("gateway", Gateway)
