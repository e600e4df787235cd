"""``rtstore lab`` with a real JupyterLab; its workers are fakes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from rtstore.cli.lab_plan import LabOptions, plan
from rtstore.errors import SettingsError
from rtstore.settings import Settings
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.supervisor.jupyter_seat import JupyterSeat, http_status
from tests.support.stores import Store

from .cast import HERE, PATIENCE_S, kill, runs, until_answered


@dataclass
class Lab:
    process: asyncio.subprocess.Process
    url: str
    token: str
    store: str
    jupyter_pid: int
    workers: list[dict[str, Any]]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def get(self, path: str) -> Any:
        request = Request(self.url + path, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=PATIENCE_S) as reply:
            return reply.read().decode()

    @property
    def pids(self) -> list[int]:
        return [self.jupyter_pid, *(worker["pid"] for worker in self.workers)]


async def rtstore(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        f"{__package__}.run_lab",
        *words,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[(__package__ or "").count(".")])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def lab(*words: str) -> AsyncIterator[Lab]:
    process = await rtstore("lab", *words, "--ready-json", "--no-browser")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, (await process.stderr.read()).decode()
        yield Lab(process, **json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def said(lab: Lab) -> str:
    """What it said on stderr; it has ended."""
    assert lab.process.stderr is not None
    return (await lab.process.stderr.read()).decode()


@pytest.fixture
def home(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home whose name holds a space; `data_dir` ends what is left in it."""
    home = tmp_path / "home of ann"
    (home / "notes").mkdir(parents=True)
    (home / "notes" / "a.txt").write_text("hello")
    for name in list(os.environ):
        if name.startswith(("XDG_", "JUPYTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.mark.alone
async def test_a_day_of_rtstore_lab(home: Path) -> None:
    (home / "notes" / "asyncio.py").write_text("raise SystemExit('a file of the user')")
    began = time.monotonic()
    async with lab(str(home / "notes"), "--port", "0", "--base-url", "/b") as it:
        # Five seconds are the promise; a busy machine gets what it needed for the first start.
        back_s = max(5.0, time.monotonic() - began)
        assert it.url.endswith("/b/")
        assert json.loads(it.get("api/contents/a.txt"))["content"] == "hello"
        assert '"news": {"disabled": true' in it.get("lab")
        assert it.store.startswith("unix://")
        for worker in it.workers:
            port = int(worker["url"].rpartition(":")[2])
            assert await http_status(("127.0.0.1", port), "/rtstore/readyz") == 200
        for pid in it.pids:  # others on this machine can list command lines
            assert it.token not in command_line(pid)

        kill(it.jupyter_pid)

        async def is_back() -> bool:
            address = ("127.0.0.1", it.port)
            return await http_status(address, "/b/api/status", token=it.token) == 200

        await until_answered(is_back, within_s=back_s)

        # Killed, it leaves all of it; the next start takes it over.
        it.process.kill()
        await it.process.wait()
        assert await is_back()

    async with lab(str(home / "notes"), "--base-url", "/b") as again:
        assert (again.url, again.token) == (it.url, it.token)
        assert again.workers == it.workers

        again.process.send_signal(signal.SIGINT)
        again.process.send_signal(signal.SIGTERM)  # as make and timeout do
        assert await again.process.wait() == 0

    told = await said(again)
    lines = [line for line in told.splitlines() if "running as root" not in line]
    assert len(lines) == 3, told
    assert lines[0] == f"JupyterLab is ready: {it.url}lab?token={it.token}"
    assert lines[1].startswith("A colleague joins")
    assert lines[2].endswith("stopping; again kills what is left")
    assert not any(runs(pid) for pid in again.pids)
    store = EmbeddedStore(home / ".local/share/rtstore")
    assert store.directory.is_dir()
    assert await store.status() is None


async def test_a_port_in_use_is_said_before_anything_is_started(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await rtstore("lab", str(home), "--port", str(port))
        out, err = await process.communicate()

    assert process.returncode == 1
    assert out == b""
    assert f"rtstore: port {port} of 127.0.0.1 is in use".encode() in err
    assert not EmbeddedStore(home / ".local/share/rtstore").directory.is_dir()


async def test_a_store_that_is_not_there_is_said_with_its_url(home: Path) -> None:
    process = await rtstore("lab", str(home), "--port=0", "--redis", "redis://127.0.0.1:1")
    _, err = await process.communicate()

    assert process.returncode == 1
    last = err.decode().splitlines()[-1]
    assert last.startswith("rtstore: ")
    assert "127.0.0.1:1" in last


async def test_what_is_unwise_about_a_given_store_is_said_once_with_its_remedy(
    home: Path, store: Store
) -> None:
    async with store.client() as client:
        await client.config_set("appendonly", "no")
    with socket.socket() as taken:  # which ends it before Jupyter is started
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        process = await rtstore("lab", str(home), f"--port={port}", "--redis", store.url)
        _, err = await process.communicate()

    warning, last = [line for line in err.decode().splitlines() if "as root" not in line]
    assert "appendonly is off: a restart of the server loses what was typed" in warning
    assert "; remedy: redis-cli CONFIG SET appendonly yes" in warning
    assert last.startswith(f"rtstore: port {port} ")


async def test_a_given_store_that_may_delete_documents_is_refused_in_one_line(
    home: Path, store: Store
) -> None:
    async with store.client() as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    process = await rtstore("lab", str(home), "--port=0", "--redis", store.url)
    _, err = await process.communicate()

    assert process.returncode == 1
    [line] = [line for line in err.decode().splitlines() if "as root" not in line]
    assert line.startswith("rtstore: maxmemory-policy is allkeys-lru")
    assert "redis-cli CONFIG SET maxmemory-policy noeviction" in line


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"directory": Path("/nowhere/at/all")}, r"no such directory .*--name=value"),
        ({"directory": Path(__file__)}, r"is a file; give the directory"),
        ({"port": 70_000}, r"--port 70000: not a port"),
        ({"extra": ["--ServerApp.port=1"]}, r"--ServerApp.port: give --port to rtstore lab"),
        ({"extra": ["--IdentityProvider.token=x"]}, r"give --token"),
    ],
)
def test_what_can_not_be_is_said_in_one_line(
    settings: Settings, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    options = LabOptions(**({"directory": tmp_path} | given))

    with pytest.raises(SettingsError, match=message) as refused:
        plan(options, settings)
    assert "\n" not in str(refused.value)


def test_where_it_can_not_run_it_says_what_to_set(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtstore.supervisor.locks.POSIX", False)

    with pytest.raises(SettingsError, match=r"on Windows use WSL, .*RTSTORE_REDIS_URL="):
        plan(LabOptions(directory=tmp_path), settings)


def test_without_jupyterlab_the_extra_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtstore.cli.lab_plan.find_spec", lambda _: None)

    with pytest.raises(SettingsError, match=r'pip install "rtstore\[lab\]"'):
        plan(LabOptions(directory=tmp_path), settings)


def test_options_for_jupyterlab_are_passed_on(settings: Settings, tmp_path: Path) -> None:
    options = LabOptions(
        directory=tmp_path, base_url="x", token="mine", extra=["--LabApp.dev_mode=True", "--debug"]
    )
    jupyter = plan(options, settings).jupyter

    argv = jupyter.argv(1234)
    assert argv[-2:] == ["--LabApp.dev_mode=True", "--debug"]
    assert "--ServerApp.port=1234" in argv
    assert "--ServerApp.base_url=/x/" in argv
    assert "--IdentityProvider.token=mine" in argv
    assert ("--allow-root" in argv) == (os.geteuid() == 0)
    assert jupyter.token == "mine"


def test_share_binds_the_address_on_the_network(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtstore.cli.lab_plan.lan_address", lambda: "192.0.2.7")
    alone = plan(LabOptions(directory=tmp_path), settings)
    shared = plan(LabOptions(directory=tmp_path, share=True), settings)
    given = plan(LabOptions(directory=tmp_path, extra=["--ip=192.0.2.9"]), settings)

    assert (alone.jupyter.host, alone.shared) == ("127.0.0.1", False)
    assert (shared.jupyter.host, shared.shared) == ("192.0.2.7", True)
    assert "--ServerApp.ip=192.0.2.7" in shared.jupyter.argv(1)
    assert (given.jupyter.host, given.shared) == ("192.0.2.9", True)

    everywhere = plan(LabOptions(directory=tmp_path, extra=["--ip=0.0.0.0"]), settings)
    seat = JupyterSeat(everywhere.jupyter, state_dir=tmp_path, key="")
    assert seat.url == "http://127.0.0.1:0/"
    assert seat.url_at(everywhere.seen_at) == "http://192.0.2.7:0/"
