"""Turns: what users have to say in the global room, until the store lets them.

Of each Yjs client the newest state is kept; a user's sockets take turns.
"""

from __future__ import annotations

from collections.abc import Iterable

from rtstore.gateway.member import Member
from rtstore.schema.awareness import ClientState

EVERY_S = 1.0
"""How often a user is heard."""

_Waiting = dict[str, tuple[Member, dict[int, ClientState]]]
"""Origin of a socket → what it has to say."""


class Turns:
    """Bookkeeping of one worker: it is told the loop's clock, and waits for nothing."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._waiting: dict[str, _Waiting] = {}

    def may_speak(self, member: Member, now: float) -> bool:
        """Whether it is this socket's turn; if so, it speaks now."""
        user = member.identity.user.username
        if user in self._waiting or now < self._next.get(user, 0.0):
            return False
        self._next[user] = now + EVERY_S
        return True

    def wait(self, member: Member, told: Iterable[ClientState]) -> None:
        """Keep it until `take`, beside what this socket said before."""
        waiting = self._waiting.setdefault(member.identity.user.username, {})
        _, states = waiting.setdefault(member.origin, (member, {}))
        states.update((one.client, one) for one in told)

    def too_early(self, member: Member, told: Iterable[ClientState], *, until: float) -> None:
        """Another worker was first: keep it, unless this socket has said newer things."""
        user = member.identity.user.username
        self._next[user] = until
        newer = self._waiting.get(user, {}).get(member.origin, (member, {}))[1]
        self.wait(member, [one for one in told if one.client not in newer])

    def forget(self, member: Member) -> None:
        """Its socket is closed."""
        user = member.identity.user.username
        waiting = self._waiting.get(user, {})
        waiting.pop(member.origin, None)
        if not waiting:
            self._waiting.pop(user, None)

    def take(self, now: float) -> list[tuple[Member, list[ClientState]]]:
        """Of each user whose turn it is, the socket that has waited longest; it speaks now."""
        out = []
        for user, waiting in self._waiting.items():
            if now >= self._next.get(user, 0.0):
                member, states = waiting.pop(next(iter(waiting)))
                self._next[user] = now + EVERY_S
                out.append((member, list(states.values())))
        self._waiting = {user: waiting for user, waiting in self._waiting.items() if waiting}
        self._next = {user: at for user, at in self._next.items() if at > now}
        return out

    @property
    def due(self) -> float | None:
        """When somebody's turn comes; None: nobody waits."""
        return min((self._next.get(user, 0.0) for user in self._waiting), default=None)
