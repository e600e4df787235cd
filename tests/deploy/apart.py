"""The scaled deployment on hosts of its own: the workers share with Jupyter a store and HTTP.

Here: the store, Jupyter, its kernels and bridges, nginx. On each host: one worker that is gateway
and keeper. Whoever dies is started again, as a container's runtime does.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from rtstore.supervisor.slots import WorkerSlot, live
from rtstore.tasks import background
from tests.deploy.site import start_nginx, worker_environ
from tests.jupyter.conftest import ROOT, TOKEN, Jupyter
from tests.support.hosts import Host, Hosts, laid_out, pid_there
from tests.support.lab import Lab
from tests.support.ports import port_for_later
from tests.support.stores import command_at
from tests.support.waiting import until

WORKERS, BRIDGES = 2, 3
PORT = 8890
READY_S = 60.0


class Away:
    """The worker of one host."""

    def __init__(self, number: int, host: Host, command: list[str], jupyter: Jupyter) -> None:
        self.number, self.host = number, host
        self._command, self._jupyter = command, jupyter
        self.log = jupyter.home.parent / f"worker-{number}.log"
        self.pid, self.name = 0, ""

    async def keep(self) -> None:
        """Have it run, for ever; when cancelled, end it in order."""
        environ = worker_environ(self._jupyter, self._jupyter.home)
        while True:
            process = await self.host.start(self._command, env=environ, log=self.log)
            try:
                self.pid = await pid_there(process)
                self.name = await until(self._told, what=f"{self.log} says ready", timeout_s=60)
                await process.wait()
            finally:
                if process.returncode is None:
                    with suppress(psutil.Error):
                        psutil.Process(self.pid).terminate()
                        async with asyncio.timeout(20):
                            await process.wait()
            self.pid, self.name = 0, ""

    async def _told(self) -> str:
        url = f"http://{self.host.address}:{PORT}/rtstore/readyz"
        try:
            reply = await asyncio.to_thread(urllib.request.urlopen, url, None, 2)
        except OSError:
            return ""
        with reply:
            return str(json.loads(reply.read())["worker"])


class Apart(Lab):
    """It, as a Lab."""

    def __init__(self, url: str, jupyter: Jupyter, hosts: Hosts, away: list[Away]) -> None:
        self.url, self.token, self.store_url = url, TOKEN, jupyter.store_url
        self.notes, self.log = jupyter.files, jupyter.home / "jupyter.log"
        self.jupyter, self.hosts, self.away = jupyter, hosts, away

    @property
    def state_dir(self) -> Path:
        """A name only: there is no such directory."""
        return self.jupyter.home / "nobody" / ROOT

    def bridges(self) -> list[WorkerSlot]:
        """Beside Jupyter."""
        return live(self.jupyter.home / "rtstore" / "roots" / f"{ROOT}.bridges")

    def workers(self) -> list[WorkerSlot]:
        """All, bridges too."""
        away = [
            WorkerSlot(one.number, one.pid, "", "", ROOT, "", PORT, "", one.name, 0.0)
            for one in self.away
            if one.pid and one.name
        ]
        return self.bridges() + away

    async def keeper(self, path: str) -> Away:
        """Who keeps the document of this path now."""
        document = await self.document(path)

        async def look() -> Away | None:
            async with self.redis() as redis:
                owner = str(await redis.get(document.lease("keep")) or "").partition(" ")[0]
            return next((one for one in self.away if one.name == owner != ""), None)

        found = await until(look, what=f"somebody keeps {path}", timeout_s=60)
        assert found is not None
        return found


@asynccontextmanager
async def running_apart(tmp: Path) -> AsyncIterator[Apart]:
    """All of it, up."""
    home = tmp / "home"
    home.mkdir()
    short = Path(tempfile.mkdtemp(prefix="rts-"))
    hidden = [home, short, Path("/run"), Path("/dev/shm")]
    try:
        with laid_out(WORKERS, hidden=hidden) as hosts:
            store_port = port_for_later(hosts.address)
            store = command_at(hosts.address, store_port, tmp)
            async with background(_keep(store, tmp / "store.log")):
                url = f"redis://{hosts.address}:{store_port}"
                jupyter = _jupyter(home, url, hosts, short)
                await until(lambda: _answers(jupyter), what="the store answers")
                with jupyter.running():
                    async with _joined(tmp, jupyter, hosts) as site:
                        yield site
    finally:
        shutil.rmtree(short, ignore_errors=True)


def _jupyter(home: Path, store_url: str, hosts: Hosts, short: Path) -> Jupyter:
    jupyter = Jupyter(home, store_url, base_url="/", prefix="rt", ip=hosts.address)
    # Jupyter's own are on one that workers can't reach, and nothing makes the directory.
    jupyter.environ["RTSTORE_STATE_DIR"] = str(home / "nobody")
    jupyter.environ["RTSTORE_BRIDGES"] = str(BRIDGES)
    jupyter.environ["XDG_RUNTIME_DIR"] = str(short)
    jupyter.environ["JUPYTER_DATA_DIR"] = str(home / "share")  # where Lab adds a kernel
    return jupyter


@asynccontextmanager
async def _joined(tmp: Path, jupyter: Jupyter, hosts: Hosts) -> AsyncIterator[Apart]:
    command = [sys.executable, "-P", "-m", "rtstore", "worker", "--host", "0.0.0.0"]
    command += ["--port", str(PORT), "--roles", "gateway,keeper"]
    away = [Away(n, host, command, jupyter) for n, host in enumerate(hosts.all)]
    port = port_for_later()
    async with background(*[one.keep() for one in away]):
        addresses = [f"{host.address}:{PORT}" for host in hosts.all]
        web = start_nginx(tmp, jupyter, port, addresses)
        site = Apart(f"http://127.0.0.1:{port}/", jupyter, hosts, away)
        try:

            async def all_are_there() -> bool:
                return len(site.workers()) == WORKERS + BRIDGES

            await until(all_are_there, what="all workers are there", timeout_s=READY_S)
            yield site
        finally:
            web.terminate()
            web.wait(20)


async def _keep(command: list[str], log: Path) -> None:
    """Have a program run here, for ever."""
    while True:
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def _answers(jupyter: Jupyter) -> bool:
    address = jupyter.store_url.removeprefix("redis://").split(":")
    try:
        _, writer = await asyncio.open_connection(address[0], int(address[1]))
    except OSError:
        return False
    writer.close()
    return True
