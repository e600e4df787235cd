"""The one place that makes links to the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rtstore.redis_backend.address import Address
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.resp_link import RespLink
from rtstore.tasks import background


@asynccontextmanager
async def connect(url: str, *, name: str, keys: Keys | None = None) -> AsyncIterator[Link]:
    """A link to the store at `url`, named ``rtstore:<name>:…`` in CLIENT LIST.

    Raises StoreUnavailable if the first connection fails, SettingsError on a bad URL. Later
    losses are healed in the background.
    """
    probe = (keys or Keys()).probe(name.partition(":")[0])
    link = RespLink(Address.parse(url), name=f"rtstore:{name}", probe=probe)
    await link.start()
    try:
        async with background(link.run()):
            yield link
    finally:
        link.close()
