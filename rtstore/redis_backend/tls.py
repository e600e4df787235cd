"""Tls: how a connection to the store is encrypted, and whom it trusts."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
"""Of the URL, named as redis-py has them."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files are read at each connection, so that renewed ones are used without a restart."""

    ca: Path | None = None
    """Who may have signed the server's certificate; None: whom the system trusts."""
    cert: Path | None = None
    """Ours, for a server that asks for one."""
    key: Path | None = None
    """Its private key; None: in the same file."""
    checks_name: bool = True
    """Whether the certificate must be for the host that we connect to."""

    @classmethod
    def of(cls, options: Mapping[str, object]) -> Self:
        """From OPTIONS of a URL. Raises ValueError naming the one that is wrong."""
        files = {name: _file(name, options.get(name)) for name in OPTIONS[:3]}
        if files["ssl_keyfile"] and not files["ssl_certfile"]:
            raise ValueError("ssl_keyfile needs ssl_certfile")
        ca, cert, key = files.values()
        tls = cls(ca, cert, key, checks_name=options.get("ssl_check_hostname") is not False)
        try:
            tls.context()
        except OSError as error:
            told = ", ".join(f"{name}={path}" for name, path in files.items() if path)
            raise ValueError(f"can't be used: {told}: {error}") from error
        return tls

    def context(self) -> ssl.SSLContext:
        """For one connection. Raises OSError if a file can't be used."""
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = self.checks_name
        if self.cert is not None:
            context.load_cert_chain(self.cert, self.key)
        return context


def _file(name: str, value: object) -> Path | None:
    if not value:
        return None
    path = Path(str(value)).expanduser()
    if not path.is_file():
        raise ValueError(f"{name}={path}: no such file")
    return path
