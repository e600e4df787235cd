"""RespLink: our Link to a real server, over two connections that come back by themselves.

Two, because Redis ends a subscriber that reads slowly, and appends in flight must not die with it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import hiredis

from rtstore.errors import RTStoreError, StoreRefused, StoreUnavailable
from rtstore.redis_backend.address import Address
from rtstore.redis_backend.link import Arg, Heard, Script
from rtstore.redis_backend.wire import Wire

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 14.0
"""A server that answers nothing for this long (a stalled link sends no reset) is given up."""
LOOK_EVERY_S = 0.5
"""…and how late that may be noticed: a stall of 15 s is known to be one."""
PROBE_EVERY_S = 5.0
"""A message to ourselves over the feed this often: a subscription can be dead on a live socket."""
RETRY_S, RETRY_MAX_S = 0.05, 2.0


class RespLink:
    """See `rtstore.redis_backend.link.Link` for what it promises."""

    def __init__(self, address: Address, *, name: str, probe: str) -> None:
        self._address, self._name, self._probe = address, name, probe
        self._commands: Wire | None = None
        self._feed: Wire | None = None
        self._listeners: dict[str, list[Heard]] = {}
        self._confirming: dict[str, deque[asyncio.Future[None]]] = {}
        self._leaving: dict[str, int] = {}
        self._faulty: set[str] = set()
        """Channels with a listener that raised."""
        self._watchers: list[Callable[[bool], None]] = []
        self._server = ""
        self._connections = 0
        self._was_ready = False

    @property
    def server(self) -> str:
        """See Link."""
        return self._server

    @property
    def connected(self) -> bool:
        """See Link."""
        return self._commands is not None and not self._commands.lost.is_set()

    @property
    def connections(self) -> int:
        """See Link."""
        return self._connections

    async def command(self, *args: Arg) -> Any:  # noqa: ANN401 -- a Redis reply
        """See Link."""
        if self._commands is None:
            raise StoreUnavailable(f"no connection to {self._address.shown}")
        return await self._commands.send(*args)

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:  # noqa: ANN401
        """See Link."""
        if self._commands is None:
            raise StoreUnavailable(f"no connection to {self._address.shown}")
        try:
            return await self._commands.send("EVALSHA", script.sha, len(keys), *keys, *args)
        except StoreRefused as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        # SCRIPT FLUSH or a failover. EVAL loads and runs it in one command, so calls that failed
        # together are sent again in the order in which they were made.
        return await self._commands.send("EVAL", script.source, len(keys), *keys, *args)

    @asynccontextmanager
    async def listen(self, channel: str, heard: Heard) -> AsyncIterator[None]:
        """See Link."""
        listeners = self._listeners.setdefault(channel, [])
        listeners.append(heard)
        try:
            await self._subscribed(channel, is_first=len(listeners) == 1)
            yield
        finally:
            listeners.remove(heard)
            if not listeners and self._listeners.get(channel) is listeners:
                del self._listeners[channel]
                self._faulty.discard(channel)
                self._leave(channel)

    async def _subscribed(self, channel: str, *, is_first: bool) -> None:
        pending = self._confirming.get(channel)
        if not is_first and not pending:
            return
        if self._feed is None or self._feed.lost.is_set():
            raise StoreUnavailable(f"no connection to {self._address.shown}")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if is_first:
            self._feed.post("SSUBSCRIBE", channel)
            self._confirming.setdefault(channel, deque()).append(future)
        else:
            assert pending is not None
            pending.append(future)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await future
        except TimeoutError:
            raise StoreUnavailable(f"{self._address.shown} confirms no subscription") from None

    @asynccontextmanager
    async def watch(self, changed: Callable[[bool], None]) -> AsyncIterator[None]:
        """See Link."""
        self._watchers.append(changed)
        try:
            yield
        finally:
            self._watchers.remove(changed)

    def _leave(self, channel: str) -> None:
        if self._feed is not None and not self._feed.lost.is_set():
            self._leaving[channel] = self._leaving.get(channel, 0) + 1
            self._feed.post("SUNSUBSCRIBE", channel)

    def _heard(self, push: list[Any]) -> None:
        kind = push[0]
        if kind == b"smessage":
            channel = push[1].decode()
            for heard in tuple(self._listeners.get(channel, ())):
                try:
                    heard(push[2])
                except Exception:  # it would end the connection by which all others hear
                    self._failed(channel)
        elif kind == b"ssubscribe":
            self._entered(push[1].decode())
        elif kind == b"sunsubscribe" and push[1] is not None:
            self._left(push[1].decode())

    def _failed(self, channel: str) -> None:
        if channel not in self._faulty:
            self._faulty.add(channel)
            logger.exception("listener failed channel=%s; its next errors are not told", channel)

    def _entered(self, channel: str) -> None:
        if channel in self._leaving:
            return  # confirms what we have left since; whoever waits now came after that
        for future in self._confirming.pop(channel, ()):
            if not future.done():
                future.set_result(None)

    def _left(self, channel: str) -> None:
        asked = self._leaving.pop(channel, 0)
        if asked > 1:
            self._leaving[channel] = asked - 1
        if not asked and channel in self._listeners and self._feed is not None:
            # The slot moved to another node: this connection will hear nothing more of it.
            self._feed.abort("the server ended a subscription")

    async def start(self) -> None:
        """Connect for the first time. Raises StoreUnavailable naming the URL and the reason."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect_commands()
                await self._connect_feed()
        except (OSError, TimeoutError, RTStoreError) as error:
            self.close()
            raise StoreUnavailable(f"no store at {self._address.shown}: {_why(error)}") from error
        self._was_ready = True

    def close(self) -> None:
        """Drop both connections."""
        for wire in (self._commands, self._feed):
            if wire is not None:
                wire.abort("closed")

    async def run(self) -> None:
        """Keep both connections up. Never returns; cancel it to stop."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                self._keep(lambda: self._commands, self._connect_commands, "commands")
            )
            tasks.create_task(self._keep(lambda: self._feed, self._connect_feed, "feed"))
            tasks.create_task(self._check())

    async def _keep(self, wire: Callable[[], Wire | None], connect: Any, what: str) -> None:  # noqa: ANN401
        while True:
            current = wire()
            if current is not None:
                await current.lost.wait()
                logger.warning("store connection lost kind=%s why=%s", what, current.why)
                self._tell()
            delay, said = RETRY_S, ""
            while True:
                try:
                    async with asyncio.timeout(CONNECT_TIMEOUT_S):
                        await connect()
                    break
                except (OSError, TimeoutError, RTStoreError) as error:
                    level = logging.INFO if _why(error) == said else logging.WARNING
                    said = _why(error)
                    logger.log(level, "store not back kind=%s why=%s", what, said)
                    await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 -- spread
                    delay = min(2 * delay, RETRY_MAX_S)
            self._tell()

    def _tell(self) -> None:
        feed_up = self._feed is not None and not self._feed.lost.is_set()
        ready = self.connected and feed_up
        if ready or self._was_ready:
            self._was_ready = ready
            for changed in tuple(self._watchers):
                changed(ready)

    async def _open(self, role: str, pushed: Callable[[list[Any]], None]) -> Wire:
        wire = Wire(pushed=pushed)
        await self._address.connect(wire)
        who = self._address
        auth = ("AUTH", who.username or "default", who.password) if who.password else ()
        name = f"{self._name}:{role}".replace(" ", "_")
        try:
            await wire.send("HELLO", "3", *auth, "SETNAME", name)
        except BaseException:  # also when the time is up: a stalled server answers nothing
            wire.abort("no handshake")
            raise
        return wire

    async def _connect_commands(self) -> None:
        wire = await self._open("commands", lambda _: None)
        try:
            told = _text(await wire.send("INFO"))
            _require_loaded(told)
        except BaseException:
            wire.abort("handshake failed")
            raise
        self._server = f"{_field(told, 'master_replid')}:{_field(told, 'run_id')}"
        self._connections += 1
        self._commands = wire

    async def _connect_feed(self) -> None:
        wire = await self._open("feed", self._heard)
        self._leaving.clear()
        confirmed: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        channels = (self._probe, *self._listeners)
        for channel in channels:
            future: asyncio.Future[None] = loop.create_future()
            confirmed.append(future)
            self._confirming.setdefault(channel, deque()).append(future)
            wire.post("SSUBSCRIBE", channel)
        try:
            await _all_told(confirmed, wire)
        except BaseException:
            wire.abort("not subscribed")
            raise
        self._feed = wire
        for channel in channels:
            if channel != self._probe and channel not in self._listeners:  # left meanwhile
                self._leave(channel)

    async def _check(self) -> None:
        loop = asyncio.get_running_loop()
        looked_at = probed_at = loop.time()
        while True:
            pause_s = min(LOOK_EVERY_S, PROBE_EVERY_S)
            await asyncio.sleep(pause_s)
            now = loop.time()
            self._forgive(now, stood_still_s=now - looked_at - pause_s)
            looked_at = now
            if self._gave_up(now) or now - probed_at < PROBE_EVERY_S:
                continue
            probed_at = now
            if self.connected and self._feed is not None:
                # Not awaited: on a stalled connection this loop is what gives it up.
                assert self._commands is not None
                self._commands.send("SPUBLISH", self._probe, b"").add_done_callback(_probed)

    def _forgive(self, now: float, *, stood_still_s: float) -> None:
        """Silence while we stood still, as a suspended machine does, is not the server's."""
        for wire in (self._commands, self._feed):
            if wire is not None and stood_still_s > LOOK_EVERY_S:
                wire.heard_at = min(now, wire.heard_at + stood_still_s)

    def _gave_up(self, now: float) -> bool:
        """Whether the commands' connection is silent for too long; then it is none any more."""
        commands, feed = self._commands, self._feed
        if commands is None or commands.lost.is_set():
            return False
        if commands.is_waiting and now - commands.heard_at > ANSWER_TIMEOUT_S:
            commands.abort(f"no answer for {ANSWER_TIMEOUT_S:.0f} s")
            return True
        if feed is not None and not feed.lost.is_set() and now - feed.heard_at > ANSWER_TIMEOUT_S:
            feed.abort(f"the feed is silent for {ANSWER_TIMEOUT_S:.0f} s")
        return False


async def _all_told(futures: Sequence[asyncio.Future[None]], wire: Wire) -> None:
    for future in futures:
        await asyncio.wait((future, wire.ended), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise StoreUnavailable(wire.why)


def _probed(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        logger.info("feed probe failed why=%s", error)


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error) or "no answer"


def _text(reply: Any) -> str:  # noqa: ANN401 -- INFO is a verbatim string in RESP3
    text = reply.decode() if isinstance(reply, bytes) else str(reply)
    return "\n" + text.replace("\r\n", "\n")


def _require_loaded(info: str) -> None:
    if _field(info, "loading") == "1":
        raise StoreUnavailable("LOADING the store is still reading its data")


def _field(info: str, name: str) -> str:
    found = re.search(rf"\n{name}:(\S*)", info)
    return found.group(1) if found else ""


assert hiredis.PushNotification  # hiredis < 3 can't tell pushes from replies
