"""Afar: kernels that no bridge reaches by their sockets, served through their Jupyter server.

Those of a gateway, and those whose host has no bridge, or whose files can't be read where it is.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientSession

from rtstore.errors import KernelUnreachable
from rtstore.kernel_bridge import ws_channels
from rtstore.kernel_bridge.ws_channels import WsChannels
from rtstore.redis_backend.kernel_index import JOURNAL, WS, Meta, capture_of
from rtstore.redis_backend.keys import KernelKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request

NEAR_S, FAR_S = 6.0, 20.0
"""A kernel that nobody has served for so long, on this host and on another, is left to us. Its
own bridges take it within a few seconds, and are listed for 15 s after their death."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where this bridge is, and what it knows to reach Jupyter servers."""

    host: str
    url: str | None
    """Base URL of the Jupyter server; None: as its kernels name it, on their host."""
    secret: str


class Afar:
    """See the module."""

    def __init__(
        self, link: Link, keys: Keys, http: ClientSession, *, contents_id: str, reach: Reach
    ) -> None:
        self._link, self._http, self._registry = link, http, Registry(link, keys)
        self._root, self._contents_id = keys.root(contents_id), contents_id
        self._reach = reach
        self._left_since: dict[str, float] = {}

    def reaches(self, host: str) -> bool:
        """Whether we can ask the Jupyter server of kernels of this host."""
        return host == self._reach.host or self._reach.url is not None

    async def may_take(self, keys: KernelKeys, meta: Meta) -> bool:
        """Whether we should try for the lease of a kernel that is not at hand."""
        if not self.reaches(meta.get("host", "")):
            return False
        if capture_of(meta) == WS:
            return True
        now = asyncio.get_running_loop().time()
        if await self._link.command("EXISTS", keys.lease):
            self._left_since.pop(keys.lease, None)
            return False
        since = self._left_since.setdefault(keys.lease, now)
        host = meta.get("host", "")
        is_here = host == self._reach.host
        if now - since < (NEAR_S if is_here else FAR_S):
            return False
        return is_here or not await self._has_bridge(host)

    async def _has_bridge(self, host: str) -> bool:
        return any(
            worker.get("host") == host
            and worker.get("contents") == self._contents_id
            and "bridge" in worker.get("roles", "").split(",")
            for worker in (await self._registry.workers()).values()
        )

    @asynccontextmanager
    async def opened(
        self, kernel_id: str, meta: Meta, *, session: str
    ) -> AsyncIterator[WsChannels]:
        """The kernel's channels, over its server's websocket. Raises KernelUnreachable."""
        url = await self._base_url(meta) + f"rtstore/internal/channels/{kernel_id}"
        path, secret = urlsplit(url).path, self._reach.secret
        signed = sign_request("GET", path, secret=secret, now=time.time())
        async with ws_channels.opened(
            self._http, url, session=session, signature={SIGNATURE_HEADER: signed}
        ) as channels:
            yield channels

    async def _base_url(self, meta: Meta) -> str:
        url = self._reach.url or meta.get("jupyter_url", "")
        if not url:
            told = await self._link.command("HGET", self._root.server, "url")
            url = told.decode() if told else ""
        if not url:
            raise KernelUnreachable("no Jupyter server has registered in the store")
        return url.rstrip("/") + "/"


def is_at_hand(meta: Mapping[str, str], *, host: str) -> bool:
    """Whether a bridge on `host` reaches the kernel's own sockets, and its journal if any."""
    if capture_of(meta) == WS or meta.get("host") != host:
        return False
    if not (generation := meta.get("generation")):
        return True  # it starts: what it will have is not there yet
    if capture_of(meta) == JOURNAL and not _is_readable(journal_of(meta, generation)):
        return False
    return _is_readable(meta.get("connection_file", ""))


def journal_of(meta: Mapping[str, str], generation: str) -> str:
    """The journal of one start; all are in one directory."""
    return str(Path(meta.get("journal", "")).with_name(f"{generation}.journal"))


def _is_readable(path: str) -> bool:
    return os.access(path, os.R_OK)
