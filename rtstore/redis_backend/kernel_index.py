"""KernelIndex: the kernels of one Jupyter server, as its extension knows them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from rtstore.redis_backend.keys import KernelKeys, Keys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema import feed

Meta = dict[str, str]

INSTANCE_MS = 15_000
"""A Jupyter server that has not been heard for this long is gone."""
LOOK_S = 0.05
_TAKE = Script.load("kernel_take")

JOURNAL, RING, WS = "journal", "ring", "ws"
"""How what a kernel says is captured: it writes it down; bridges listen; its server is asked."""
AFAR_WHY = "no bridge reaches its sockets"

GONE_MS = 7 * 86_400_000
"""What a kernel said can be read for this long after its end,"""
ENDED_MS = 30 * 86_400_000
"""and its runs, so that it can be found, for this long."""


def capture_of(meta: Mapping[str, str]) -> str:
    """How what this start of a kernel says is captured; '' while that is not known."""
    if meta.get("afar", "") == meta.get("generation") != "":
        return WS
    return meta.get("capture", "")


def capture_why(meta: Mapping[str, str]) -> str:
    """Why it is not its journal; '' if it is."""
    if capture_of(meta) == WS != meta.get("capture"):
        return AFAR_WHY
    return meta.get("capture_why", "")


class KernelIndex:
    """``rt:{S}:kernels``, ``rt:{S}:server:<instance>`` and ``rt:{K}:meta``."""

    def __init__(self, link: Link, keys: Keys, contents_id: str) -> None:
        self._link, self._keys, self._contents_id = link, keys, contents_id

    def keys_of(self, kernel_id: str) -> KernelKeys:
        """The kernel's names."""
        return self._keys.kernel(self._contents_id, kernel_id)

    async def put(self, kernel_id: str, told: Mapping[str, str]) -> None:
        """Say what is known of a kernel; fields that are not named stay as they are."""
        keys = self.keys_of(kernel_id)
        pairs = [part for pair in told.items() for part in pair]
        await self._link.command(
            "HSET", keys.meta, "kernel_id", kernel_id, "server", self._contents_id, *pairs
        )
        root = self._keys.root(self._contents_id)
        await self._link.command("HSET", root.kernels, kernel_id, told.get("host", ""))
        for channel in (keys.feed, root.feed):
            await self._link.command("SPUBLISH", channel, feed.notice("kernel", kernel=kernel_id))

    async def beat(self, instance: str, *, host: str, pid: int, created: float) -> None:
        """This process of a Jupyter server lives, and so do the kernels that name it."""
        key = self._keys.root(self._contents_id).instance(instance)
        await self._link.command("SET", key, f"{host} {pid} {created}", "PX", INSTANCE_MS)

    async def heard(self, instance: str) -> tuple[str, int, float] | None:
        """Its host and process, and when that began; None if it was not heard lately."""
        key = self._keys.root(self._contents_id).instance(instance)
        told = await self._link.command("GET", key)
        if told is None:
            return None
        host, pid, created = told.decode().split()
        return host, int(pid), float(created)

    async def take(self, kernel_id: str, *, before: str, instance: str) -> bool:
        """Make it the kernel of `instance`; False if it is not that of `before` any more."""
        return bool(
            await self._link.call(_TAKE, (self.keys_of(kernel_id).meta,), (before, instance))
        )

    async def serve_afar(self, kernel_id: str, generation: str) -> None:
        """All bridges ask its server for what this start of it says, and nothing else."""
        await self._link.command("HSET", self.keys_of(kernel_id).meta, "afar", generation)

    async def remove(self, kernel_id: str, *, why: str) -> None:
        """It ended for good. Its last messages are still copied; its names expire in a week."""
        keys = self.keys_of(kernel_id)
        await self._link.command("HSET", keys.meta, "state", "dead", "why", why)
        await self._link.command("SPUBLISH", keys.feed, feed.notice("kernel", kernel=kernel_id))

    async def forget(self, kernel_id: str) -> None:
        """All that it said is copied: no bridge need look at it any more."""
        keys, root, now = self.keys_of(kernel_id), self._keys.root(self._contents_id), _now_ms()
        await self._link.command("ZADD", root.ended, now, kernel_id)
        await self._link.command("ZREMRANGEBYSCORE", root.ended, "-inf", now - ENDED_MS)
        await self._link.command("PEXPIRE", root.ended, ENDED_MS)
        await self._link.command("HDEL", root.kernels, kernel_id)
        for key in (keys.meta, keys.out, keys.queue, keys.ears, keys.widgets):
            await self._link.command("PEXPIRE", key, GONE_MS)

    async def is_served(self, kernel_id: str) -> bool:
        """Whether a bridge, on its host, serves it."""
        return bool(await self._link.command("EXISTS", self.keys_of(kernel_id).lease))

    async def is_used(self, kernel_id: str) -> bool:
        """Whether it has runs that are not over."""
        return bool(await self._link.command("EXISTS", self.keys_of(kernel_id).queue))

    async def hosts(self) -> dict[str, str]:
        """Kernel id → host."""
        told = await self._link.command("HGETALL", self._keys.root(self._contents_id).kernels)
        return {kernel.decode(): host.decode() for kernel, host in told.items()}

    async def ended(self) -> list[str]:
        """Kernels that ended within ENDED_MS, the newest last."""
        root, since = self._keys.root(self._contents_id), _now_ms() - ENDED_MS
        told = await self._link.command("ZRANGEBYSCORE", root.ended, since, "+inf")
        return [kernel.decode() for kernel in told]

    async def meta(self, kernel_id: str) -> Meta:
        """What is known of one kernel; {} if nothing is."""
        told = await self._link.command("HGETALL", self.keys_of(kernel_id).meta)
        return {k.decode(): v.decode("utf-8", "replace") for k, v in told.items()}

    async def known(self, kernel_id: str, *, within_s: float) -> Meta:
        """What is known of one that may just have been started; {} if nothing is in that time."""
        until = time.monotonic() + within_s
        while not (meta := await self.meta(kernel_id)).get("kernel_id"):
            if time.monotonic() >= until:
                return {}
            await asyncio.sleep(LOOK_S)
        return meta


def _now_ms() -> int:
    return int(time.time() * 1000)
