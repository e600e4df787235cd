"""JupyterServer: the few questions that a gateway asks the Jupyter server."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from rtstore.errors import JupyterUnavailable, StoreRefused, StoreUnavailable
from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link
from rtstore.schema import session_events
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request

logger = logging.getLogger(__name__)

TIMEOUT = ClientTimeout(total=10.0, connect=2.0)


class JupyterServer:
    """Where it is says ``rt:{S}:server``, unless a setting does."""

    def __init__(
        self, http: ClientSession, link: Link, keys: RootKeys, *, url: str | None, secret: str
    ) -> None:
        self._http, self._link, self._keys = http, link, keys
        self._given, self._secret = url, secret
        self._found = self._last = ""

    async def find(self) -> None:
        """Learn where it is, if that is not known: the store may be away when it is needed."""
        try:
            await self._url()
        except JupyterUnavailable as error:
            logger.info("no Jupyter server yet why=%s", error)

    async def _url(self) -> str:
        if self._given:
            return self._given.rstrip("/") + "/"
        if not self._found:
            try:
                told = await self._link.command("HGET", self._keys.server, "url")
            except (StoreUnavailable, StoreRefused) as error:
                if self._last:
                    return self._last
                raise JupyterUnavailable(
                    f"the store does not say where Jupyter is: {error}"
                ) from error
            if not told:
                raise JupyterUnavailable(
                    "no Jupyter server has registered; set RTSTORE_JUPYTER_URL, or start one with "
                    "rtstore installed"
                )
            self._found = self._last = told.decode().rstrip("/") + "/"
        return self._found

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any = None,  # noqa: ANN401
    ) -> tuple[int, Any]:
        url = await self._url() + path
        try:
            async with self._http.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                json=body,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as reply:
                is_json = "json" in reply.headers.get("Content-Type", "")
                return reply.status, await reply.json() if is_json else None
        except (ClientError, TimeoutError, OSError) as error:
            self._found = ""  # it may be elsewhere now
            raise JupyterUnavailable(f"{url}: {str(error) or 'no answer'}") from error

    async def find_file(self, path: str) -> tuple[bool, str | None]:
        """Whether the contents root has this file, and the id that Jupyter knew it by, which a
        store that was emptied has forgotten. Raises JupyterUnavailable.
        """
        status, told = await self._ask_signed("stat", {"paths": [path]})
        if status != 200 or not isinstance(told, dict):
            raise JupyterUnavailable(f"stat of {path!r} answered {status}")
        file_id = told.get("ids", {}).get(path)
        return told["stats"].get(path) is not None, file_id and str(file_id)

    async def tell_people(self, event: Mapping[str, str]) -> None:
        """Emit a session event on Jupyter's bus, unless it repeats the last one of its room.

        Several workers may know the same of one document. Raises JupyterUnavailable.
        """
        body = {"schema_id": session_events.SCHEMA, "data": dict(event), "if_changed": True}
        status, _ = await self._ask_signed("event", body)
        if status != 204:
            raise JupyterUnavailable(f"the event was answered {status}")

    async def _ask_signed(self, name: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401 -- JSON
        route = f"rtstore/internal/{name}"
        full = urlsplit(await self._url()).path + route
        signature = sign_request("POST", full, secret=self._secret, now=time.time())
        return await self._ask("POST", route, {SIGNATURE_HEADER: signature}, body)

    async def me(self, headers: Mapping[str, str], query: str) -> tuple[int, Any]:
        """``GET /api/me`` as the browser that sent `headers`: (status, body)."""
        return await self._ask("GET", "api/me" + query, headers)

    async def answers(self) -> bool:
        """Whether a Jupyter server is there."""
        try:
            status, _ = await self._ask("GET", "api", {})  # anybody may ask; nothing is logged
        except JupyterUnavailable:
            return False
        return status < 500
