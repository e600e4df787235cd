"""Address: where the store is, from a URL."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from redis.connection import parse_url

from rtstore.errors import SettingsError
from rtstore.redis_backend.tls import OPTIONS, Tls
from rtstore.redis_backend.wire import Wire

_PARTS = {"connection_class", "host", "port", "db", "path", "username", "password"}


@dataclass(frozen=True, slots=True)
class Address:
    """One server. `shown` has no password in it."""

    shown: str
    path: str | None = None
    host: str = "127.0.0.1"
    port: int = 6379
    tls: Tls | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """From ``redis://``, ``rediss://`` or ``unix://``. Raises SettingsError.

        ``rediss://`` may have `OPTIONS`: ``rediss://host:6380?ssl_ca_certs=/etc/ssl/store.pem``.
        """
        try:
            told: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
            tls = _tls(url, told)
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
            tls,
            told.get("username"),
            told.get("password"),
        )

    async def connect(self, wire: Wire) -> None:
        """Connect `wire`. Raises OSError."""
        loop = asyncio.get_running_loop()
        if self.path:
            await loop.create_unix_connection(lambda: wire, self.path)
            return
        context = self.tls.context() if self.tls else None
        await loop.create_connection(lambda: wire, self.host, self.port, ssl=context)


def _tls(url: str, told: dict[str, Any]) -> Tls | None:
    """Raises ValueError on an option that means nothing here."""
    options = {name: value for name, value in told.items() if name not in _PARTS}
    if unknown := sorted(options.keys() - set(OPTIONS)):
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(OPTIONS)}")
    if url.startswith("rediss://"):
        return Tls.of(options)
    if options:
        raise ValueError(f"{', '.join(sorted(options))}: only with rediss://")
    return None


def without_password(url: str) -> str:
    """`url` as it may be shown to anybody."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{host}"))
