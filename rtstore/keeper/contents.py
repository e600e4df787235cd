"""Contents: the Jupyter server's files, through the extension's internal endpoints."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from rtstore.errors import (
    BadDocument,
    FileChanged,
    JupyterUnavailable,
    LeaseLost,
    LoadFailed,
    NoSuchDocument,
    NotAllowed,
    RTStoreError,
)
from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request

TIMEOUT = ClientTimeout(total=120.0, connect=2.0)
"""Big notebooks on slow disks take their time; connecting does not."""

Stat = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """A file as the contents API names it."""

    path: str
    kind: str
    form: str

    def told(self) -> dict[str, str]:
        """The fields of a request."""
        return {"path": self.path, "type": self.kind, "format": self.form}


@dataclass(frozen=True, slots=True)
class Read:
    """A file's content, all of one moment."""

    content: Any
    hash: str
    stat: Stat | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a save left; no `stat` if the file was written from outside right after."""

    hash: str
    stat: Stat | None


class Contents:
    """Where Jupyter is says ``rt:{S}:server``, unless a setting does."""

    def __init__(
        self, http: ClientSession, link: Link, keys: RootKeys, *, url: str | None, secret: str
    ) -> None:
        self._http, self._link, self._keys = http, link, keys
        self._given, self._secret = url, secret
        self._found = ""

    async def stat(self, paths: Sequence[str]) -> tuple[dict[str, Stat | None], dict[str, str]]:
        """Stats by path (None: no such file), and where files were moved from outside."""
        told = await self._ask("stat", {"paths": list(paths)})
        return told["stats"], told.get("moved", {})

    async def read(self, where: Where) -> Read:
        """The file. Raises NoSuchDocument, BadDocument, LoadFailed, JupyterUnavailable."""
        told = await self._ask("read", where.told())
        return Read(told["content"], told["hash"], told["stat"])

    async def save(
        self,
        where: Where,
        content: Any,  # noqa: ANN401 -- JSON
        *,
        document_id: str,
        lease: str,
        seen_hash: str | None,
        may_create: bool,
    ) -> Written:
        """Write, if the file is the one last seen and the lease is still ours.

        Raises FileChanged, LeaseLost, NoSuchDocument, NotAllowed (read-only), BadDocument,
        JupyterUnavailable: nothing was written (with the last: as far as is known).
        """
        told = await self._ask(
            "save",
            {
                **where.told(),
                "content": content,
                "document_id": document_id,
                "lease": lease,
                "hash": seen_hash,
                "create": may_create,
            },
        )
        return Written(told["hash"], told["stat"])

    async def beside(self, where: Where, content: Any, label: str) -> str:  # noqa: ANN401 -- JSON
        """Write to a new file beside; returns its path."""
        told = await self._ask("beside", {**where.told(), "content": content, "label": label})
        return str(told["path"])

    async def event(self, schema_id: str, data: dict[str, Any]) -> None:
        """Emit on Jupyter's event bus."""
        await self._ask("event", {"schema_id": schema_id, "data": data})

    async def _url(self) -> str:
        if self._given:
            return self._given.rstrip("/") + "/"
        if not self._found:
            told = await self._link.command("HGET", self._keys.server, "url")
            if not told:
                raise JupyterUnavailable("no Jupyter server has registered in the store")
            self._found = told.decode().rstrip("/") + "/"
        return self._found

    async def _ask(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        url = await self._url() + f"rtstore/internal/{name}"
        signature = sign_request("POST", urlsplit(url).path, secret=self._secret, now=time.time())
        try:
            async with self._http.post(
                URL(url, encoded=True),  # as signed: a base URL may hold %40
                json=body,
                headers={SIGNATURE_HEADER: signature},
                timeout=TIMEOUT,
            ) as reply:
                if reply.status == 204:
                    return {}
                is_json = "json" in reply.headers.get("Content-Type", "")
                told = await reply.json() if is_json else {}
                status = reply.status
        except (ClientError, TimeoutError, OSError) as error:
            self._found = ""  # it may be elsewhere now
            raise JupyterUnavailable(f"{name}: {str(error) or 'no answer'}") from error
        if status != 200:
            raise _error(name, status, told)
        return dict(told)


def _error(name: str, status: int, told: dict[str, Any]) -> RTStoreError:
    why = str(told.get("message") or told.get("reason") or f"{name} answered {status}")
    if status == 404:
        return NoSuchDocument(why)
    if status == 409:
        return LeaseLost(why) if told.get("reason") == "lease" else FileChanged(why)
    if status == 403:
        return NotAllowed(why) if told.get("reason") else JupyterUnavailable(why)
    if status == 400:
        return BadDocument(why)
    if status in (502, 503, 504):
        return JupyterUnavailable(why)
    return LoadFailed(why)
