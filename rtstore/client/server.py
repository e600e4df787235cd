"""Server: a Jupyter server with rtstore, or one of its workers, as a program reaches it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, CookieJar
from yarl import URL

from rtstore.client import everyone, notebook, text
from rtstore.client.everyone import Everyone
from rtstore.client.notebook import Notebook
from rtstore.client.presence import Presence
from rtstore.client.room import Room
from rtstore.client.text import Text
from rtstore.errors import BadDocument, JupyterUnavailable, NotAllowed

TIMEOUT = ClientTimeout(total=20.0, connect=5.0)
TRY_FOR_S = 20.0
"""A server whose workers are being started again answers 503 for a moment."""
RETRY_S = 0.5
XSRF_HEADER = "X-XSRFToken"
PAGES = ("lab", "tree", "doc")
"""Pages whose address people paste for the server's."""


@asynccontextmanager
async def connect(
    url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """Reach the server at `url`: its base URL, or the address that ``rtstore lab`` printed.

    `token` is Jupyter's; one in `url` is taken too. `headers` go with every request, for a proxy
    that wants some. Nothing is asked yet. Raises ValueError if `url` can't be one.
    """
    base, found = _parse(url)
    token = token or found
    sent = dict(headers or {})
    if token:
        sent["Authorization"] = f"token {token}"
    jar = CookieJar(unsafe=True)  # Jupyter on an address such as 127.0.0.1 sets its cookie too
    # For servers without tokens: no page of another site could set both.
    sent[XSRF_HEADER] = proof = secrets.token_hex(16)
    jar.update_cookies({"_xsrf": proof}, base)
    async with ClientSession(headers=sent, cookie_jar=jar, timeout=TIMEOUT) as http:
        yield Server(http, base)


class Server:
    """Opens documents. Make one with `connect`."""

    def __init__(self, http: ClientSession, base: URL) -> None:
        self._http, self._base = http, base

    @asynccontextmanager
    async def notebook(self, path: str) -> AsyncIterator[Notebook]:
        """Open the notebook at `path` (as Jupyter names it) while the body runs.

        Raises NoSuchDocument, BadDocument, LoadFailed, NotAllowed, JupyterUnavailable; at the end
        NotSent, if the server did not confirm all edits.
        """
        room = await self._room(path, notebook.KIND, notebook.FORMAT)
        document = Notebook(room, path)
        async with document.opened():
            yield document

    @asynccontextmanager
    async def text(self, path: str) -> AsyncIterator[Text]:
        """Open the text file at `path` while the body runs. Raises as `notebook`."""
        room = await self._room(path, text.KIND, text.FORMAT)
        document = Text(room, path)
        async with document.opened():
            yield document

    @asynccontextmanager
    async def presence(self) -> AsyncIterator[Presence]:
        """Be seen in this server, in no document, and see who else is in it.

        Raises NotAllowed, JupyterUnavailable.
        """
        room = Room(self._http, self._at("api/collaboration/room/" + everyone.ROOM))
        async with Everyone(room).opened() as presence:
            yield presence

    def _at(self, path: str) -> URL:
        return URL(f"{self._base}{path}", encoded=True)

    async def _room(self, path: str, kind: str, form: str) -> Room:
        told = await self._session(path, kind, form)
        name = quote(f"{told['format']}:{told['type']}:{told['fileId']}")
        query = f"sessionId={quote(told['sessionId'])}&acknowledge=1"
        url = self._at(f"api/collaboration/room/{name}?{query}")
        return Room(self._http, url)

    async def _session(self, path: str, kind: str, form: str) -> dict[str, Any]:
        """Ask which room is the file's. The first words of the protocol."""
        url = self._at("api/collaboration/session/" + quote(path.strip("/"), safe=""))
        loop = asyncio.get_running_loop()
        until = loop.time() + TRY_FOR_S
        while True:
            status, told = await self._put(url, {"format": form, "type": kind})
            match status:
                case 200 | 201 if "fileId" in told:
                    return told
                case 400:
                    raise BadDocument(f"{path}: {told.get('message', 'refused')}")
                case 401 | 403:
                    why = told.get("message") or "not signed in; give the server's token"
                    raise NotAllowed(f"{self._base}: {why}")
                case 404 | 405:
                    raise JupyterUnavailable(f"{self._base} is no Jupyter server with rtstore")
            if loop.time() > until:
                why = told.get("message") or status
                raise JupyterUnavailable(f"{self._base} does not open {path}: {why}")
            await asyncio.sleep(RETRY_S)

    async def _put(self, url: URL, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            async with self._http.put(url, json=body) as reply:
                is_json = "json" in reply.headers.get("Content-Type", "")
                told = await reply.json() if is_json else {"message": reply.reason}
                return reply.status, told if isinstance(told, dict) else {}
        except ClientConnectorError as error:
            raise JupyterUnavailable(f"can't reach {self._base}: {error.strerror}") from error
        except (ClientError, TimeoutError) as error:
            return 503, {"message": str(error) or "no answer"}


def _parse(given: str) -> tuple[URL, str | None]:
    """The server's base URL, ending in a slash, and the token that was in `given`."""
    url = URL(given)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{given!r} is not the http(s) address of a server")
    path = url.raw_path.rstrip("/")
    head, _, page = path.rpartition("/")
    base = head if page in PAGES else path
    return url.with_path(base + "/", encoded=True), url.query.get("token")
