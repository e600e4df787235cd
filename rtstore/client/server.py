"""Server: a Jupyter server with rtstore, or one of its workers, as a program reaches it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession, ClientTimeout, CookieJar
from yarl import URL

from rtstore.client import actions, app, everyone, notebook, text
from rtstore.client.app import App
from rtstore.client.document import Document
from rtstore.client.everyone import Everyone
from rtstore.client.live import Directory, ServerState
from rtstore.client.notebook import Notebook
from rtstore.client.presence import Presence
from rtstore.client.records import About
from rtstore.client.requests import Requests
from rtstore.client.room import Room
from rtstore.client.text import Text
from rtstore.errors import BadDocument, JupyterUnavailable, NotAllowed

TIMEOUT = ClientTimeout(total=20.0, connect=5.0)
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
    """Opens documents, shows what runs, and has it do things. Make one with `connect`."""

    def __init__(self, http: ClientSession, base: URL) -> None:
        self._requests, self._base = Requests(http, base), base

    @asynccontextmanager
    async def notebook(self, path: str) -> AsyncIterator[Notebook]:
        """Open the notebook at `path` (as Jupyter names it) while the body runs.

        Raises NoSuchDocument, BadDocument, LoadFailed, NotAllowed, JupyterUnavailable; at the end
        NotSent, if the server did not confirm all edits.
        """
        room, name = await self._room(path, notebook.KIND, notebook.FORMAT)
        document = Notebook(room, path, self._requests, name)
        async with self._opened(document):
            yield document

    @asynccontextmanager
    async def text(self, path: str) -> AsyncIterator[Text]:
        """Open the text file at `path` while the body runs. Raises as `notebook`."""
        room, _ = await self._room(path, text.KIND, text.FORMAT)
        document = Text(room, path)
        async with self._opened(document):
            yield document

    @asynccontextmanager
    async def presence(self) -> AsyncIterator[Presence]:
        """Be seen in this server, in no document, and see who else is in it.

        Raises NotAllowed, JupyterUnavailable.
        """
        room = Room(
            self._requests.http, self._requests.at("api/collaboration/room/" + everyone.ROOM)
        )
        async with Everyone(room).opened() as presence:
            yield presence

    @asynccontextmanager
    async def app(self, name: str, schema: Mapping[str, Any] | None = None) -> AsyncIterator[App]:
        """Open the application's document `name` while the body runs; it is made if there is none.

        `schema` (JSON Schema) names what is in it, and is kept with it: the server says what is
        not so in `App.invalid`. Raises ValueError for a name that can't be, and as `notebook`.
        """
        if not app.NAMES.fullmatch(name):
            raise ValueError(f"{name!r}: a name has letters, digits and _.- (1 to 100)")
        more = {"schema": dict(schema)} if schema is not None else {}
        room, told = await self._room(name, app.KIND, app.FORMAT, **more)
        if not told.endswith(f":{app.KIND}.{name}"):  # taken for a file of that name
            raise JupyterUnavailable(f"{self._base} keeps no documents of applications")
        document = App(room, name, schema)
        async with self._opened(document):
            yield document

    @asynccontextmanager
    async def server(self) -> AsyncIterator[ServerState]:
        """See what runs in this Jupyter server, and each change, while the body runs.

        Raises NotAllowed, JupyterUnavailable.
        """
        state = ServerState(await self._live_room("server:"), f"state of {self._base}")
        async with state.opened():
            yield state

    @asynccontextmanager
    async def directory(self, path: str = "") -> AsyncIterator[Directory]:
        """See what is in a directory, and each change, while the body runs.

        Raises NoSuchDocument, NotAllowed, JupyterUnavailable.
        """
        clean = path.strip("/")
        state = Directory(await self._live_room("dir:", f":{clean}"), f"directory {clean!r}")
        async with state.opened():
            yield state

    async def request(self, action: str, /, *, request_id: str = "", **params: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Have the server do something, and wait for its end; docs/client.md names the actions.

        It is done once, whatever is restarted meanwhile; of two requests with one `request_id`
        the second gets the first one's result. Bound it with ``asyncio.timeout``. Raises
        ActionFailed, NotAllowed, JupyterUnavailable.
        """
        return (await actions.request(self._requests, action, params, request_id)).result

    async def about(self) -> About:
        """Which server this is, and who we are to it. Raises NotAllowed, JupyterUnavailable."""
        told = await self._requests.need("GET", "rtstore/server")
        return About(str(told["id"]), str(told["version"]), dict(told["user"]))

    @asynccontextmanager
    async def _opened(self, document: Document) -> AsyncIterator[None]:
        async with document.opened():
            if not document.is_acknowledged:  # nor does such a server say who its users are
                document.presence.introduce(await self._user())
            yield

    async def _user(self) -> dict[str, Any]:
        try:
            reply = await self._requests.ask("GET", "api/me")
        except (NotAllowed, JupyterUnavailable):
            return {}
        told = reply.told if isinstance(reply.told, dict) else {}
        return dict(told.get("identity") or {})

    async def _live_room(self, before: str, behind: str = "") -> Room:
        name = quote(f"{before}{(await self.about()).id}{behind}", safe="")
        url = self._requests.at(f"api/collaboration/room/{name}")
        return Room(self._requests.http, url, speaks_text=True)

    async def _room(self, path: str, kind: str, form: str, **more: object) -> tuple[Room, str]:
        """The file's room, and what it is called. The first words of the protocol."""
        asked = {"format": form, "type": kind, **more}
        where = "api/collaboration/session/" + quote(path.strip("/"), safe="")
        reply = await self._requests.ask("PUT", where, asked)
        told = reply.told if isinstance(reply.told, dict) else {}
        if reply.status == 400:
            raise BadDocument(f"{path}: {reply.message}")
        if reply.status not in (200, 201) or "fileId" not in told:
            raise JupyterUnavailable(
                f"{self._base} is no Jupyter server with rtstore or jupyter-collaboration"
            )
        room = f"{told['format']}:{told['type']}:{told['fileId']}"
        query = f"sessionId={quote(told['sessionId'])}&acknowledge=1"
        # jupyter-collaboration takes a name with %3A for that of another kind of room.
        name = quote(room, safe=":")
        url = self._requests.at(f"api/collaboration/room/{name}?{query}")
        return Room(self._requests.http, url), room


def _parse(given: str) -> tuple[URL, str | None]:
    """The server's base URL, ending in a slash, and the token that was in `given`."""
    url = URL(given)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{given!r} is not the http(s) address of a server")
    path = url.raw_path.rstrip("/")
    head, _, page = path.rpartition("/")
    base = head if page in PAGES else path
    return url.with_path(base + "/", encoded=True), url.query.get("token")
