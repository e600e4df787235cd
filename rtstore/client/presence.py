"""Presence: who else is here, and what we say of ourselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from rtstore.client.messages import QUERY_AWARENESS
from rtstore.client.room import Room
from rtstore.errors import BadFrame
from rtstore.schema import awareness, frames
from rtstore.schema.awareness import ClientState

RENEW_S = 15.0
FORGET_S = 30.0
"""Who is not heard of for this long is gone (y-protocols' ``outdatedTimeout``)."""


@dataclass(frozen=True, slots=True)
class Person:
    """One open copy of a document: a browser tab, or a program."""

    client: int
    """The Yjs client id: two tabs of one user are two of these."""
    state: dict[str, Any]
    """All that they say of themselves; `user` is the server's word."""

    @property
    def username(self) -> str:
        """Who it is, as the server knows them."""
        return str(self._user.get("username") or "")

    @property
    def name(self) -> str:
        """How people call them."""
        user = self._user
        return str(user.get("display_name") or user.get("name") or self.username)

    @property
    def _user(self) -> dict[str, Any]:
        user = self.state.get("user")
        return user if isinstance(user, dict) else {}


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody came, said something new of themselves, or left."""

    what: Literal["came", "changed", "left"]
    person: Person


class Presence:
    """One room's presence. Others hear of us as long as the room is open."""

    def __init__(self, room: Room, client: int) -> None:
        self._room, self._client = room, client
        self._clock = 0
        self._state: dict[str, Any] = {}
        self._user: dict[str, Any] = {}
        """Who we are, for servers that don't say it of us."""
        self._known: dict[int, tuple[ClientState, float]] = {}

    @property
    def people(self) -> list[Person]:
        """Everybody else who is here; oneself is not among them."""
        now = asyncio.get_running_loop().time()
        return [
            Person(one.client, one.state)
            for one, heard_at in self._known.values()
            if one.state is not None and one.client != self._client and now - heard_at < FORGET_S
        ]

    @property
    def mine(self) -> dict[str, Any]:
        """What we say of ourselves; the server adds `user`."""
        return dict(self._state)

    def set(self, **fields: Any) -> None:  # noqa: ANN401 -- any JSON
        """Say something of ourselves, besides what was said before; None takes a field back.

        Raises BadFrame if it is no JSON or too long, and the error for which the room ended.
        """
        self._room.check()
        state = {k: v for k, v in {**self._state, **fields}.items() if v is not None}
        try:
            awareness.decode(awareness.encode([ClientState(self._client, self._clock, state)]))
        except TypeError as error:
            raise BadFrame(f"presence must be JSON: {error}") from error
        self._state = state
        self.say()

    async def changes(self) -> AsyncIterator[Change]:
        """Who is here now (as ``came``), then each change, until the room ends.

        Somebody who changes faster than this is read is seen as they are at last. Raises the
        error for which the room ended.
        """
        told: dict[int, Person] = {}
        while True:
            self._room.check()
            count = self._room.changes.count
            here = {person.client: person for person in self.people}
            for client in [client for client in told if client not in here]:
                yield Change("left", told.pop(client))
            for client, person in here.items():
                if told.get(client) != person:
                    what: Literal["came", "changed"] = "changed" if client in told else "came"
                    told[client] = person
                    yield Change(what, person)
            try:
                async with asyncio.timeout(FORGET_S / 2):  # nobody says who was forgotten
                    await self._room.changes.after(count)
            except TimeoutError:
                continue

    # -- what the room's peer calls ----------------------------------------------------------

    def introduce(self, user: dict[str, Any]) -> None:
        """Say who we are; a server with rtstore does so itself, and lets nobody else."""
        self._user = user
        self.say()

    def ask(self) -> None:
        """Ask who is here."""
        self._room.send(QUERY_AWARENESS)

    def say(self) -> None:
        """Tell the others what we say of ourselves, anew."""
        self._clock += 1
        self._send(({"user": self._user} if self._user else {}) | self._state)

    def leave(self) -> None:
        """Tell the others that we go."""
        self._clock += 1
        self._send(None)

    def _send(self, state: dict[str, Any] | None) -> None:
        told = ClientState(self._client, self._clock, state)
        self._room.send(frames.awareness(awareness.encode([told])))

    def heard(self, update: bytes) -> None:
        """What the room says. Raises BadFrame."""
        now = asyncio.get_running_loop().time()
        for one in awareness.decode(update, is_ours=True):
            if one.client == self._client:
                self._heard_of_us(one)
                continue
            known = self._known.get(one.client)
            if known is None or _is_news(one, known[0]):
                self._known[one.client] = (one, now)
                self._room.changes.tell()
            elif one.clock == known[0].clock:
                self._known[one.client] = (known[0], now)
        self._forget(now)

    def _heard_of_us(self, one: ClientState) -> None:
        if one.clock > self._clock or (one.clock == self._clock and one.state is None):
            self._clock = one.clock
            self.say()  # somebody took us for gone

    def _forget(self, now: float) -> None:
        for client, (_, heard_at) in list(self._known.items()):
            if now - heard_at > FORGET_S:
                del self._known[client]

    async def renew(self) -> None:
        """Say it again every RENEW_S, or the others forget us. Never returns."""
        while True:
            await asyncio.sleep(RENEW_S)
            self.say()


def _is_news(one: ClientState, known: ClientState) -> bool:
    if one.clock != known.clock:
        return one.clock > known.clock
    return one.state is None and known.state is not None
