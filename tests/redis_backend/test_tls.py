"""A store that is reached over TLS, and what becomes of its certificates.

Redis 7.0 alone: the wheels of Valkey are built without TLS.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from rtstore.errors import SettingsError, StoreUnavailable
from rtstore.redis_backend.address import Address
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema.ids import BEGINNING
from tests.redis_backend.backends import PLACE, append, until
from tests.support.ports import port_for_later
from tests.support.stores import Store, start_store

pytestmark = pytest.mark.redis7
DAY = timedelta(days=1)


class Authority:
    """Who signs certificates, into files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._ca, self._folder = trustme.CA(), folder
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *, days: int = 1, host: str = "localhost") -> Path:
        """Key and certificate in one file; `days` below 0: it has expired."""
        ends = datetime.now(UTC) + days * DAY
        made = self._ca.issue_cert(host, not_before=ends - 30 * DAY, not_after=ends)
        path = self._folder / f"{name}.pem"
        made.private_key_and_cert_chain_pem.write_to_path(path)
        return path


class Secured(NamedTuple):
    store: Store
    authority: Authority
    where: str
    """Its host and port."""

    @property
    def url(self) -> str:
        return f"rediss://{self.where}?ssl_ca_certs={self.authority.file}"

    async def use(self, certificate: Path) -> None:
        """Have the store show another certificate."""
        await self.configure("tls-cert-file", str(certificate), "tls-key-file", str(certificate))

    async def configure(self, *pairs: str) -> None:
        client: Any
        async with self.store.client() as client:
            await client.execute_command("CONFIG", "SET", *pairs)

    async def drop_all(self) -> None:
        """End all connections."""
        client: Any
        async with self.store.client() as client:
            await client.execute_command("CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal")
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    authority, port = Authority(tmp_path), port_for_later()
    certificate = str(authority.issue("server"))
    more = {
        "tls-port": str(port),
        "tls-cert-file": certificate,
        "tls-key-file": certificate,
        "tls-ca-cert-file": str(authority.file),
        "tls-auth-clients": "optional",
    }
    async with start_store(tmp_path, "redis7", more=more) as store:
        yield Secured(store, authority, f"localhost:{port}")


async def test_documents_go_over_tls(secured: Secured, keys: DocumentKeys) -> None:
    async with connect(secured.url, name="w1") as link:
        heard: list[bytes] = []
        log = UpdateLog(link, keys, worker="w1")
        await log.open(BEGINNING, gen="g1", place=PLACE)
        big = bytes(range(256)) * 40_000
        async with link.listen("c", heard.append):
            await append(log, big)
            await link.command("SPUBLISH", "c", b"told")
            await until(lambda: heard == [b"told"])
        entries = (await log.load()).entries
        assert [entry.update for entry in entries if entry.is_content] == [big]


async def test_a_certificate_that_expires_is_named_and_its_successor_is_taken(
    secured: Secured, keys: DocumentKeys, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections that are there go on; new ones are refused until it is renewed."""
    caplog.set_level(logging.WARNING)
    async with connect(secured.url, name="w1") as link:
        log = UpdateLog(link, keys, worker="w1")
        await log.open(BEGINNING, gen="g1", place=PLACE)
        await append(log, b"before")
        await secured.use(secured.authority.issue("expired", days=-1))
        await append(log, b"goes on")
        await secured.drop_all()
        await until(lambda: "certificate has expired" in caplog.text)
        assert caplog.text.count("certificate has expired") <= 2  # once for each connection
        with pytest.raises(StoreUnavailable):
            await append(log, b"lost")
        with pytest.raises(
            StoreUnavailable, match=f"no store at rediss://.*{secured.where}.*expired"
        ):
            async with connect(secured.url, name="w2"):
                pass
        await secured.use(secured.authority.issue("renewed"))
        await until(lambda: link.connected)
        await append(log, b"after")
        entries = (await log.load()).entries
        assert [entry.update for entry in entries if entry.is_content] == [
            b"before", b"goes on", b"after",
        ]  # fmt: skip


async def test_a_new_authority_is_trusted_when_its_file_is_replaced(
    secured: Secured, tmp_path: Path
) -> None:
    async with connect(secured.url, name="w1") as link:
        (tmp_path / "new").mkdir()
        other = Authority(tmp_path / "new")
        await secured.use(other.issue("server"))
        secured.authority.file.write_bytes(other.file.read_bytes())
        first = link.connections
        await secured.drop_all()
        await until(lambda: link.connections > first)
        assert await link.command("PING") == b"PONG"


async def test_who_is_not_trusted_is_told_nothing(secured: Secured) -> None:
    plain = f"rediss://:a-password@{secured.where}"
    with pytest.raises(StoreUnavailable, match="certificate verify failed") as told:
        async with connect(plain, name="w1"):
            pass
    assert "a-password" not in str(told.value)
    # It is for localhost, and this is not its name.
    numbered = secured.url.replace("localhost", "127.0.0.1")
    with pytest.raises(StoreUnavailable, match="IP address mismatch"):
        async with connect(numbered, name="w1"):
            pass
    async with connect(f"{numbered}&ssl_check_hostname=false", name="w1") as link:
        assert await link.command("PING") == b"PONG"


async def test_a_store_that_asks_for_a_certificate_gets_ours(secured: Secured) -> None:
    await secured.configure("tls-auth-clients", "yes")
    with pytest.raises(StoreUnavailable):
        async with connect(secured.url, name="w1"):
            pass
    ours = secured.authority.issue("worker", host="worker")
    async with connect(f"{secured.url}&ssl_certfile={ours}", name="w1") as link:
        assert await link.command("PING") == b"PONG"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rediss://h?ssl_ca_certs=/none.pem", "ssl_ca_certs=/none.pem: no such file"),
        ("rediss://h?ssl_ca_certs={file}", "can't be used: ssl_ca_certs={file}: .*certificate"),
        ("rediss://h?ssl_keyfile={file}", "ssl_keyfile needs ssl_certfile"),
        ("redis://h?ssl_ca_certs={file}", "ssl_ca_certs: only with rediss://"),
        ("rediss://h?ssl_ca={file}", "unknown: ssl_ca; known are ssl_ca_certs, "),
    ],
)
def test_what_is_wrong_in_the_url_is_named(url: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    names: dict[str, Any] = {"file": tmp_path / "no.pem"}
    with pytest.raises(SettingsError, match=why.format(**names)):
        Address.parse(url.format(**names))
