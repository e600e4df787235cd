"""Two gateways in one process over one real store, and people who talk to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from pycrdt import Doc, Text
from yarl import URL

from rtstore.gateway.gateway import Gateway
from rtstore.gateway.serving import Place, listening, open_gateway
from rtstore.keeper import keepers
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema import awareness, frames
from rtstore.schema.awareness import ClientState
from rtstore.schema.identity import HEADER, Identity, User, sign
from rtstore.schema.ids import BEGINNING
from rtstore.schema.varint import read_uint
from rtstore.settings import Settings
from rtstore.tasks import background

SECRET = "0123456789abcdef-of-the-tests"
ROOT = "c-test"
PATIENCE_S = 30.0
"""No measure of anything: others may be using the machine."""
ALL = frozenset({"contents:read", "contents:write", "kernels:execute"})


@dataclass
class Worker:
    """One gateway and how it is reached."""

    name: str
    gateway: Gateway
    link: Link
    url: str
    secret: str = SECRET

    def headers(self, name: str, rights: frozenset[str]) -> dict[str, str]:
        """What the Jupyter extension's proxy says of somebody."""
        identity = Identity(User.of({"username": name, "name": name}), rights)
        return {HEADER: sign(identity, secret=self.secret, now=time.time())}

    async def session(self, path: str, kind: str, form: str) -> tuple[str, str]:
        """Ask for a document as the front end does: (room, session id)."""
        url = f"{self.url}/api/collaboration/session/{quote(path, safe='')}?format={form}&&1"
        body = {"format": form, "type": kind}
        async with (
            ClientSession(headers=self.headers("ada", ALL)) as http,
            http.put(URL(url, encoded=True), json=body) as reply,
        ):
            told = await reply.json()
            assert reply.status in (200, 201), told
            return f"{form}:{kind}:{told['fileId']}", told["sessionId"]


@asynccontextmanager
async def running_worker(
    store_url: str, name: str, *, keeps: bool = False, **given: object
) -> AsyncIterator[Worker]:
    """A gateway on a port of its own; `keeps`: and a keeper."""
    given = {"redis_url": store_url, "secret": SECRET, "contents_id": ROOT} | given
    settings = Settings.load(**given)
    keys, root = Keys(settings.key_prefix), settings.contents_id or ROOT
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(connect(store_url, name=name, keys=keys))
        if keeps:
            job = keepers.run(link, keys, settings, worker=name, contents_id=root)
            await stack.enter_async_context(background(job))
        gateway = await stack.enter_async_context(
            open_gateway(link, keys, settings, worker=name, contents_id=root)
        )
        port = await stack.enter_async_context(listening(gateway, Place("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{port}"
        yield Worker(name, gateway, link, url, settings.secret or SECRET)


def typed(text: str, *, client: int = 1) -> bytes:
    """The update of somebody who typed `text` into an empty document."""
    doc: Doc[Text] = Doc(client_id=client)
    doc["source"] = body = Text()
    body += text
    return doc.get_update()


async def make_document(link: Link, path: str = "a.txt", text: str = "hello") -> UpdateLog:
    """A document as a keeper leaves it after the import; its id is `doc-<path>`."""
    keys = Keys()
    document_id, _ = await FileIndex(link, keys.root(ROOT)).index(path, fresh=f"doc-{path}")
    log = UpdateLog(link, keys.document(document_id), worker="keeper")
    place = {"server": ROOT, "path": path, "type": "file", "format": "text"}
    opened = await log.open(BEGINNING, gen="gen1", place=place)
    await log.append(typed(text), Origin(), epoch=opened.epoch, tag=log.next_tag())
    return log


@dataclass
class Person:
    """A y-websocket client in a few lines: a Doc, its awareness, a socket."""

    socket: ClientWebSocketResponse
    name: str
    doc: Doc[Text] = field(default_factory=Doc)
    was_told: bool = False
    was_asked: bool = False
    people: dict[int, ClientState] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    updates: int = 0
    presences: int = 0
    spoken: set[tuple[int, int]] = field(default_factory=set)
    """Yjs client and clock of each state that was heard: one may come by several ways."""
    left: set[int] = field(default_factory=set)
    stored: list[int] = field(default_factory=list)
    """What was acknowledged, each time."""
    reason: str = ""
    """Why the socket was closed."""

    @property
    def synced(self) -> bool:
        """Both ways."""
        return self.was_told and self.was_asked

    @property
    def text(self) -> str:
        return str(self.doc.get("source", type=Text))

    async def type(self, text: str) -> None:
        before = self.doc.get_state()
        self.doc.get("source", type=Text).insert(len(self.text.encode()), text)
        await self.socket.send_bytes(frames.update(self.doc.get_update(before)))

    async def say(self, clock: int, **state: object) -> None:
        told = [ClientState(self.doc.client_id, clock, dict(state))]
        await self.socket.send_bytes(frames.awareness(awareness.encode(told)))

    async def hear(self) -> None:
        """One message."""
        message = await self.socket.receive()
        if message.type is not WSMsgType.BINARY:
            raise ConnectionError(f"closed {self.socket.close_code} {message.extra}")
        if message.data[:1] == b"\x02":
            self.raw.append(message.data)
            return
        if message.data[0] == frames.SYNC_STATUS:
            self.stored.append(read_uint(message.data, 1)[0])
            return
        match frames.decode(message.data):
            case frames.SyncStep1(state_vector):
                missing = self.doc.get_update(state_vector)
                await self.socket.send_bytes(frames.sync_step2(missing))
                self.was_asked = True
            case frames.SyncStep2(update):
                self.doc.apply_update(update)
                self.was_told = True
            case frames.Update(update):
                self.doc.apply_update(update)
                self.updates += 1
            case frames.Awareness(update):
                self.presences += 1
                for one in awareness.decode(update, is_ours=True):
                    self.spoken.add((one.client, one.clock))
                    if one.state is None:
                        self.people.pop(one.client, None)
                        self.left.add(one.client)
                    else:
                        self.people[one.client] = one

    async def until(self, met: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not met():
                await self.hear()

    async def hear_for(self, seconds: float) -> None:
        """Whatever comes in this time, or until the socket is closed."""
        try:
            async with asyncio.timeout(seconds):
                while not self.socket.closed:
                    await self.hear()
        except (TimeoutError, ConnectionError):
            return

    async def until_true(self, met: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Something elsewhere, while this person goes on listening."""
        async with asyncio.timeout(within_s):
            while not met():
                await self.hear_for(0.02)

    async def until_closed(self, *, within_s: float = PATIENCE_S) -> int:
        async with asyncio.timeout(within_s):
            while True:
                message = await self.socket.receive()
                if message.type is not WSMsgType.BINARY:
                    self.reason = str(message.extra or "")
                    return self.socket.close_code or 0


@asynccontextmanager
async def joined(
    worker: Worker,
    name: str,
    *,
    room: str = "text:file:doc-a.txt",
    session: str = f"{ROOT}.1.gen1",
    rights: frozenset[str] = ALL,
    doc: Doc[Text] | None = None,
    **query: str,
) -> AsyncIterator[Person]:
    """Somebody in a room; synchronised if the room lets them in."""
    headers = worker.headers(name, rights)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession())
        url = f"{worker.url}/api/collaboration/room/{room}"
        socket = await stack.enter_async_context(
            http.ws_connect(
                url, params={"sessionId": session, **query}, headers=headers, max_msg_size=0
            )
        )
        person = Person(socket, name, doc or Doc())
        await socket.send_bytes(frames.sync_step1(person.doc.get_state()))
        yield person
