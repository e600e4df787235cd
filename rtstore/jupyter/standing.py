"""Standing: what the sender of an old request may do now.

It is asked of this server itself, over loopback, as the browser would: providers of identity keep
what they found in the handler of a request, set cookies on it, or have to ask a hub.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout
from tornado.httputil import HTTPServerRequest
from yarl import URL

from rtstore.errors import JupyterUnavailable
from rtstore.jupyter.rights import RIGHTS

TIMEOUT = ClientTimeout(total=10.0)
_CREDENTIALS = ("Cookie", "Authorization")


class Standing:
    """Asks ``/api/me`` of the server at `url()`."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._http: ClientSession | None = None

    async def rights_of(self, request: HTTPServerRequest) -> frozenset[str]:
        """Those of RIGHTS that its sender has now; none if they are not signed in.

        Raises JupyterUnavailable when that can't be told, as when a hub does not answer.
        """
        asked: dict[str, list[str]] = {}
        for resource, action in RIGHTS:
            asked.setdefault(resource, []).append(action)
        query = "no_track_activity=1&permissions=" + quote(json.dumps(asked))
        for token in request.query_arguments.get("token", ()):
            query += "&token=" + quote(token)
        headers = {name: request.headers[name] for name in _CREDENTIALS if name in request.headers}
        headers["Host"] = str(request.host)
        status, told = await self._get(URL(f"{self._url()}api/me?{query}", encoded=True), headers)
        if status >= 500 or status == 429:
            raise JupyterUnavailable(f"/api/me answers {status}")
        held = told.get("permissions", {}) if status == 200 else {}
        return frozenset(f"{r}:{a}" for r, a in RIGHTS if a in held.get(r, ()))

    async def _get(
        self, url: URL, headers: dict[str, str]
    ) -> tuple[int, dict[str, dict[str, list[str]]]]:
        if self._http is None:
            self._http = ClientSession(timeout=TIMEOUT, trust_env=False)
        try:
            async with self._http.get(url, headers=headers, allow_redirects=False) as reply:
                return reply.status, await reply.json() if reply.status == 200 else {}
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise JupyterUnavailable(f"/api/me: {error}") from error

    async def close(self) -> None:
        """End its connections."""
        if self._http is not None:
            await self._http.close()
