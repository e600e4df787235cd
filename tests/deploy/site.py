"""The scaled deployment as processes: nginx from deploy/nginx.conf, Jupyter, three workers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.jupyter.conftest import ROOT, SECRET, TOKEN, Jupyter
from tests.support.ports import port_for_later
from tests.support.tools import program
from tests.support.waiting import until

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
WORKERS = 3


@dataclass
class Site:
    """What people see: one address."""

    url: str
    jupyter: Jupyter
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    """Of the workers; nobody but nginx needs to know them."""
    token: str = TOKEN

    def kill_worker(self, number: int) -> None:
        """SIGKILL; nobody starts it again."""
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait(10)


@asynccontextmanager
async def running_site(
    folder: Path, store_url: str, *, has_lab: bool = False
) -> AsyncIterator[Site]:
    """Everything up, on ports of its own; `has_lab`: with pages to look at."""
    jupyter = Jupyter(folder, store_url, base_url="/")
    # As in compose.yaml: there are no workers on Jupyter's host, and nothing makes the directory.
    jupyter.environ["RTSTORE_STATE_DIR"] = str(folder / "nobody")
    jupyter.environ["RTSTORE_BRIDGES"] = "2"
    if has_lab:
        jupyter.extensions["jupyterlab"] = True
        jupyter.arguments.append("--LabApp.expose_app_in_browser=True")
    ports = [port_for_later() for _ in range(WORKERS + 1)]
    with jupyter.running():
        workers = [_start_worker(jupyter, folder, port) for port in ports[1:]]
        web = start_nginx(folder, jupyter, ports[0], [f"127.0.0.1:{port}" for port in ports[1:]])
        site = Site(f"http://127.0.0.1:{ports[0]}/", jupyter, workers, ports[1:])
        try:
            for port in ports[1:]:
                await until(lambda p=port: _is_ready(p), what=f"worker on {port}", timeout_s=60)  # type: ignore[misc]
            yield site
        finally:
            for process in (web, *workers):
                if process.poll() is None:
                    process.terminate()
                    process.wait(20)


def _start_worker(jupyter: Jupyter, folder: Path, port: int) -> subprocess.Popen[bytes]:
    with (folder / f"worker-{port}.log").open("wb") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "rtstore", "worker", "--port", str(port)),
                *("--roles", "gateway,keeper"),
            ],
            env=worker_environ(jupyter, folder),
            stdout=log,
            stderr=log,
        )


def worker_environ(jupyter: Jupyter, folder: Path) -> dict[str, str]:
    """What a worker of this Jupyter server is told; what it keeps on disk goes to `folder`."""
    return os.environ | {
        "RTSTORE_REDIS_URL": jupyter.store_url,
        "RTSTORE_SECRET": SECRET,
        "RTSTORE_CONTENTS_ID": ROOT,
        "RTSTORE_KEY_PREFIX": jupyter.prefix,
        "RTSTORE_JUPYTER_URL": jupyter.origin,
        "RTSTORE_DATA_DIR": str(folder / "rtstore"),
    }


def start_nginx(
    folder: Path, jupyter: Jupyter, port: int, workers: Sequence[str]
) -> subprocess.Popen[bytes]:
    """With the very file that users get: only names and ports are other ones here."""
    told = CONFIG.read_text()
    told = told.replace("jupyter:8888", jupyter.origin.removeprefix("http://"))
    for number, address in enumerate(workers, 1):
        told, count = re.subn(rf"worker-{number}:8890", address, told)
        assert count == 1
    told = re.sub(r" +server worker-.*\n", "", told)  # there are fewer
    told = told.replace("listen 8080", f"listen 127.0.0.1:{port}")
    scratch = "".join(
        f"{kind}_temp_path {folder}/nginx-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    told = told.replace("http {", "http {\n" + scratch + "access_log off;\n", 1)
    config = folder / "nginx.conf"
    config.write_text(told)
    command = [program("nginx"), "-p", str(folder), "-c", str(config)]
    command += ["-e", str(folder / "nginx.log"), "-g", f"daemon off; pid {folder}/nginx.pid;"]
    return subprocess.Popen(command)


async def _is_ready(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/rtstore/readyz"
    try:
        return bool((await asyncio.to_thread(urllib.request.urlopen, url, None, 2)).status == 200)
    except OSError:
        return False
