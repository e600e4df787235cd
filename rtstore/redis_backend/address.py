"""Address: where the store is, from a URL."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from redis.connection import parse_url

from rtstore.errors import SettingsError
from rtstore.redis_backend.wire import Wire


@dataclass(frozen=True, slots=True)
class Address:
    """One server. `shown` has no password in it."""

    shown: str
    path: str | None = None
    host: str = "127.0.0.1"
    port: int = 6379
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """From ``redis://``, ``rediss://`` or ``unix://``. Raises SettingsError."""
        try:
            told: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise SettingsError(f"RTSTORE_REDIS_URL={without_password(url)!r}: {error}") from error
        if int(told.get("db") or 0):
            raise SettingsError(
                f"RTSTORE_REDIS_URL={without_password(url)!r}: rtstore uses database 0 only; "
                "separate deployments by RTSTORE_KEY_PREFIX"
            )
        return cls(
            without_password(url),
            told.get("path"),
            told.get("host") or "127.0.0.1",
            int(told.get("port") or 6379),
            url.startswith("rediss://"),
            told.get("username"),
            told.get("password"),
        )

    async def connect(self, wire: Wire) -> None:
        """Connect `wire`. Raises OSError."""
        loop = asyncio.get_running_loop()
        if self.path:
            await loop.create_unix_connection(lambda: wire, self.path)
            return
        context = ssl.create_default_context() if self.tls else None
        await loop.create_connection(lambda: wire, self.host, self.port, ssl=context)


def without_password(url: str) -> str:
    """`url` as it may be shown to anybody."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))
