"""Link: the one way the layers above talk to Redis.

Two implementations: `rtstore.redis_backend.resp_link.RespLink` (ours, real servers) and a fake
in the tests; both pass ``tests/redis_backend``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from hashlib import sha1
from importlib.resources import files
from typing import Any, Protocol

Arg = bytes | str | int | float
Heard = Callable[[bytes], None]
"""Called with each payload of a channel, in order, on the event loop. Must not block or raise; if
it does raise, that is logged once and goes no further: others hear on."""


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua file of this package, called by its digest."""

    name: str
    source: str = field(repr=False)
    sha: str

    @classmethod
    def load(cls, name: str) -> Script:
        """The script in ``<name>.lua`` beside this module."""
        source = files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
        return cls(name, source, sha1(source.encode(), usedforsecurity=False).hexdigest())


class Link(Protocol):
    """A connection to the store that comes back by itself.

    Commands and scripts issued in one event-loop tick leave in one write, in order. Nothing is
    ever sent twice: when a connection breaks, what was in flight raises StoreUnavailable, and the
    caller decides. While there is no connection everything raises StoreUnavailable at once.
    """

    @property
    def server(self) -> str:
        """``master_replid:run_id`` of the server now connected; changes at restart or failover."""

    @property
    def connected(self) -> bool:
        """Whether commands can be sent now."""

    @property
    def connections(self) -> int:
        """How many connections there were; a changed number means `open` documents again."""

    async def command(self, *args: Arg) -> Any:  # noqa: ANN401 -- Redis replies have no types
        """Run one command; bytes in replies stay bytes, maps are dicts, a null is None.

        Raises StoreUnavailable, StoreFull or StoreRefused.
        """

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:  # noqa: ANN401
        """Run a script; every key it touches is in `keys` and in one slot.

        Raises as `command`, and StaleEpoch where the script says so.
        """

    def listen(self, channel: str, heard: Heard) -> AbstractAsyncContextManager[None]:
        """Hear a (sharded) channel; entered when Redis has confirmed the subscription.

        Leaving needs no I/O. Raises StoreUnavailable on entry.
        """

    def watch(self, changed: Callable[[bool], None]) -> AbstractAsyncContextManager[None]:
        """Be told of each loss (False) and each return (True) of the connection or of the feed.

        On True every channel is subscribed again; what was published between is missed.
        """
