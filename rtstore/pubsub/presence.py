"""Presence: who is in one room, as this worker knows it. Pure bookkeeping, no I/O.

A Yjs client id belongs to the connection on which it first appeared; nobody else speaks for it,
so names and cursors can't be forged. A connection of the same user may take an id over: a browser
comes back to another worker under its old id.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtstore.schema import awareness
from rtstore.schema.awareness import ClientState
from rtstore.schema.identity import User

CLIENTS_PER_CONNECTION = 16
"""A browser has one for each document; more than this is nobody's."""


@dataclass(slots=True)
class Known:
    """One client's newest state and which connection it came by."""

    state: ClientState
    origin: str


@dataclass(slots=True)
class Connection:
    """One of this worker's sockets, as the room's presence sees it."""

    origin: str
    """``<worker>.<conn>``."""
    user: User
    since: int = field(default_factory=lambda: int(time.time() * 1000))
    clients: dict[int, ClientState] = field(default_factory=dict)
    has_spoken: bool = False

    def has_room(self) -> bool:
        """Whether it may speak for one more client; forgets those that are gone."""
        if len(self.clients) >= CLIENTS_PER_CONNECTION:
            self.clients = {c: one for c, one in self.clients.items() if one.state is not None}
        return len(self.clients) < CLIENTS_PER_CONNECTION

    def said(self, told: Iterable[ClientState]) -> None:
        """Everybody is told this now."""
        self.clients.update((one.client, one) for one in told)

    def as_json(self) -> str:
        """Its field in ``…:who``: people read it, other workers restore presence from it."""
        states = [one.state for one in self.clients.values() if one.state is not None]
        told: dict[str, Any] = {
            "user": self.user.username,
            "name": self.user.display_name or self.user.name,
            "since": self.since,
            "autosave": next((s["autosave"] for s in states if "autosave" in s), None),
            "clients": {
                str(c.client): {"clock": c.clock, "state": c.state} for c in self.clients.values()
            },
        }
        return json.dumps(told, ensure_ascii=False)


class Presence:
    """The states of all clients of one room, local and remote."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def claim(self, told: Iterable[ClientState], by: Connection) -> list[ClientState]:
        """Of what a connection says, that which is its to say, stamped with its user.

        It speaks for CLIENTS_PER_CONNECTION at a time; for more it is not heard. What is then
        told to everybody is `said`.
        """
        user, is_first = by.user.as_state(), not by.has_spoken
        by.has_spoken = True
        out = []
        for one in told:
            if one.client not in by.clients and not (
                self._may_bind(one, by.user, is_first=is_first) and by.has_room()
            ):
                continue
            stamped = one.stamped(user)
            by.clients.setdefault(one.client, stamped)
            out.append(stamped)
        return out

    def _may_bind(self, one: ClientState, user: User, *, is_first: bool) -> bool:
        if one.state is None:
            return False
        known = self._known.get(one.client)
        if known is None:
            return True
        owner = (known.state.state or {}).get("user") or {}
        if owner.get("username", user.username) != user.username:
            return False
        # A y-websocket client repeats what it hears of others, at the clock at which it heard it;
        # its very first message is of itself, at the clock it had before it lost its socket.
        return is_first or one.clock > known.state.clock

    def heard(self, told: Iterable[ClientState], origin: str) -> None:
        """What the feed says."""
        for one in told:
            known = self._known.get(one.client)
            if known is None or _is_newer(one, known.state):
                self._known[one.client] = Known(one, origin)
            elif one.clock == known.state.clock and one.state is not None:
                known.origin = origin  # its owner came back by another socket

    def heard_who(self, here: Mapping[str, bytes]) -> list[ClientState]:
        """What ``…:who`` says; returns the states that we did not know."""
        news = []
        for origin, value in here.items():
            for one in states_of(value):
                known = self._known.get(one.client)
                if known is None or _is_newer(one, known.state):
                    self._known[one.client] = Known(one, origin)
                    news.append(one)
        return news

    def gone(self, origin: str, clients: Iterable[int]) -> list[ClientState]:
        """Nulls for those `clients` that still belong to a connection that has ended."""
        out = []
        for client in clients:
            known = self._known.get(client)
            if known is not None and known.origin == origin and known.state.state is not None:
                out.append(known.state.gone())
        return out

    def snapshot(self) -> list[ClientState]:
        """All who are here."""
        return [one.state for one in self._known.values() if one.state.state is not None]

    def forget_gone(self) -> None:
        """Drop the nulls; called now and then so that a long-lived room stays small."""
        for client in [c for c, k in self._known.items() if k.state.state is None]:
            del self._known[client]


def _is_newer(one: ClientState, known: ClientState) -> bool:
    if one.clock != known.clock:
        return one.clock > known.clock
    return one.state is None and known.state is not None


def states_of(value: bytes) -> list[ClientState]:
    """The client states in a field of ``…:who``; none if it is not ours."""
    try:
        clients = json.loads(value)["clients"]
        return [
            ClientState(int(client), int(told["clock"]), told["state"])
            for client, told in clients.items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def payload(states: Iterable[ClientState], origin: str) -> bytes:
    """What is published on the feed."""
    return b"aware " + origin.encode() + b"\n" + awareness.encode(states)
