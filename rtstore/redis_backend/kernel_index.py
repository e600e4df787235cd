"""KernelIndex: the kernels of one Jupyter server, as its extension knows them."""

from __future__ import annotations

from collections.abc import Mapping

from rtstore.redis_backend.keys import KernelKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed

Meta = dict[str, str]

GONE_MS = 7 * 86_400_000
"""What a kernel said can be read for this long after its end."""


class KernelIndex:
    """``rt:{S}:kernels`` and ``rt:{K}:meta``."""

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

    async def remove(self, kernel_id: str, *, why: str) -> None:
        """It ended for good. Its last messages are still copied; its names expire in a week."""
        keys = self.keys_of(kernel_id)
        await self._link.command("HSET", keys.meta, "state", "dead", "why", why)
        await self._link.command("SPUBLISH", keys.feed, feed.notice("kernel", kernel=kernel_id))

    async def forget(self, kernel_id: str) -> None:
        """All that it said is copied: no bridge need look at it any more."""
        keys = self.keys_of(kernel_id)
        await self._link.command("HDEL", self._keys.root(self._contents_id).kernels, kernel_id)
        for key in (keys.meta, keys.out):
            await self._link.command("PEXPIRE", key, GONE_MS)

    async def hosts(self) -> dict[str, str]:
        """Kernel id → host."""
        told = await self._link.command("HGETALL", self._keys.root(self._contents_id).kernels)
        return {kernel.decode(): host.decode() for kernel, host in told.items()}

    async def meta(self, kernel_id: str) -> Meta:
        """What is known of one kernel; {} if nothing is."""
        told = await self._link.command("HGETALL", self.keys_of(kernel_id).meta)
        return {k.decode(): v.decode("utf-8", "replace") for k, v in told.items()}
