from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from rtstore.ports import hold_port
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request
from rtstore.supervisor import store_binary
from tests.jupyter.fake_worker import FakeWorker
from tests.support.ports import port_for_later

TOKEN = "a-token-of-the-tests"
SECRET = "a-secret-of-the-tests"
ROOT = "c-tests"
PLAIN = dict.fromkeys(("jupyterlab_jupytext", "jupyter_lsp", "notebook", "notebook_shim"), False)
"""Extensions that the environment enables, and most tests do not need."""
START_S = 100.0
STOP_S = 60.0
WITHIN_S = 30.0
"""For what takes no time here, on a machine that does much else."""
_HOLD = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0);"  # PR_CAPBSET_DROP
    " os.execv(sys.argv[1], sys.argv[1:])"
)
_HELD = ("-c", _HOLD, sys.executable) if sys.platform == "linux" else ()
HELD_TO_PERMISSIONS = (sys.executable, *_HELD)
"""Python without CAP_DAC_OVERRIDE: a file that may not be written can't be, even by root."""


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real store of our own, on a unix socket in a short path."""
    folder = tmp_path_factory.mktemp("s")
    path = folder / "s.sock"
    server = subprocess.Popen(
        [store_binary.find().path, "--port", "0", "--unixsocket", path, "--save", ""],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    while not is_listening(path):
        assert server.poll() is None, "the store did not start"
        time.sleep(0.01)
    yield f"unix://{path}"
    server.terminate()
    server.wait()


def is_listening(path: Path) -> bool:
    """Whether a server takes connections there: its socket is a file a moment before."""
    with socket.socket(socket.AF_UNIX) as trial:
        return trial.connect_ex(str(path)) == 0


@dataclass
class Jupyter:
    """A Jupyter server process with the extension, and what a test needs to talk to it."""

    home: Path
    store_url: str
    base_url: str = "/u/ann%40home/"
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    environ: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    extensions: dict[str, bool] = field(default_factory=lambda: {"rtstore": True} | PLAIN)
    supervised: bool = True
    ip: str = "127.0.0.1"
    port: int = 0
    """0: one that nobody else gets before the server has it, however long that takes to start."""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.files = self.home / "files"
        self.state_dir = self.home / "state"
        for folder in (self.files, self.state_dir):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.port:
            self.port = port_for_later(self.ip)
            if held := hold_port(self.ip, self.port):
                weakref.finalize(self, held.close)
        self.keys = Keys(self.prefix)
        self.root = self.keys.root(ROOT)

    @property
    def origin(self) -> str:
        return f"http://{self.ip}:{self.port}"

    def url(self, path: str) -> URL:
        """Of this server, absolute; `path` without the base URL, as it goes over the wire."""
        return URL(self.origin + self.base_url + path, encoded=True)

    @property
    def log(self) -> str:
        return (self.home / "jupyter.log").read_text()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [*HELD_TO_PERMISSIONS, "-m", "jupyter_server", "--allow-root", "--no-browser"]
        command += [f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"]
        command += [f"--ServerApp.ip={self.ip}", f"--ServerApp.base_url={self.base_url}"]
        command += [f"--ServerApp.root_dir={self.files}", f"--IdentityProvider.token={TOKEN}"]
        command += ["--FileContentsManager.delete_to_trash=False"]
        command += [f"--ServerApp.jpserver_extensions={self.extensions!r}"]
        with (self.home / "jupyter.log").open("ab") as log:
            self.process = subprocess.Popen(
                command + self.arguments, env=self._environ(), stdout=log, stderr=log
            )
        self._wait_until_it_answers()

    def _environ(self) -> dict[str, str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("RTSTORE", "JUPYTER"))}
        environ |= {
            "HOME": str(self.home),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "run"),
            "RTSTORE_KEY_PREFIX": self.prefix,
            "RTSTORE_REDIS_URL": self.store_url,
            "RTSTORE_DATA_DIR": str(self.home / "rtstore"),
        }
        if self.supervised:
            environ |= {
                "RTSTORE_SUPERVISED": "1",
                "RTSTORE_SECRET": SECRET,
                "RTSTORE_CONTENTS_ID": ROOT,
                "RTSTORE_STATE_DIR": str(self.state_dir),
                "RTSTORE_BRIDGES": "0",
            }
        return environ | self.environ

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        until = time.monotonic() + START_S
        request = urllib.request.Request(
            str(self.url("api/status")), headers={"Authorization": f"token {TOKEN}"}
        )
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log
            try:
                urllib.request.urlopen(request, timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"Jupyter does not answer:\n{self.log}")

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise

    @contextmanager
    def running(self) -> Iterator[Jupyter]:
        self.start()
        try:
            yield self
        finally:
            self.stop()


@pytest.fixture(scope="session")
def jupyter(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """One server for the tests that need nothing special, with workers of the tests."""
    with Jupyter(tmp_path_factory.mktemp("j"), store_url).running() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Somebody with the token."""
    async with ClientSession(headers={"Authorization": f"token {TOKEN}"}) as session:
        yield session


@pytest.fixture
async def worker(jupyter: Jupyter) -> AsyncIterator[FakeWorker]:
    """The only worker."""
    async with FakeWorker(jupyter.state_dir, slot=0, secret=SECRET).running() as running:
        yield running


@pytest.fixture
async def link(jupyter: Jupyter, store_url: str) -> AsyncIterator[Link]:
    async with connect(store_url, name=f"test-{uuid.uuid4().hex[:6]}", keys=jupyter.keys) as made:
        yield made


@pytest.fixture
async def index(jupyter: Jupyter, link: Link) -> FileIndex:
    return FileIndex(link, jupyter.root)


@pytest.fixture
async def internal(
    jupyter: Jupyter, link: Link, http: ClientSession
) -> Callable[..., Awaitable[tuple[int, Any]]]:
    """Ask an internal endpoint as a worker does: (status, JSON)."""
    base = await server_url(jupyter, link)

    async def ask(endpoint: str, **told: Any) -> tuple[int, Any]:
        path = f"{jupyter.base_url}rtstore/internal/{endpoint}"
        signature = sign_request("POST", path, secret=SECRET, now=time.time())
        async with ClientSession(headers={SIGNATURE_HEADER: signature}) as session:
            url = URL(f"{base}rtstore/internal/{endpoint}", encoded=True)
            async with session.post(url, data=BytesIO(json.dumps(told).encode())) as reply:
                text = await reply.text()
                return reply.status, json.loads(text) if text else None

    return ask


async def server_url(jupyter: Jupyter, link: Link) -> str:
    """Where workers reach the server, as it says in the store."""
    found: bytes | None = None
    async with asyncio.timeout(30):
        while (found := await link.command("HGET", jupyter.root.server, "url")) is None:
            await asyncio.sleep(0.02)
    return str(found.decode())


async def until(condition: Callable[[], Awaitable[Any]], *, within_s: float = WITHIN_S) -> Any:
    """What `condition` returns, once it is true."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.01)
    return found


class Ear:
    """Hears a channel."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def take(self, payload: bytes) -> None:
        match feed.parse(payload):
            case feed.FeedNotice(told):
                self.heard.put_nowait(told)

    async def next(self, kind: str, *, within_s: float = WITHIN_S) -> dict[str, Any]:
        """The next notice of this type."""
        async with asyncio.timeout(within_s):
            while (told := await self.heard.get())["type"] != kind:
                pass
        return told


@asynccontextmanager
async def listening(link: Link, channel: str) -> AsyncIterator[Ear]:
    ear = Ear()
    async with link.listen(channel, ear.take):
        yield ear
