"""A Jupyter Kernel Gateway for tests, as on another host: its own home, and no file of ours."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import psutil  # type: ignore[import-untyped]

from tests.support.ports import port_for_later
from tests.support.waiting import until

TOKEN = "a-token-of-the-gateway"
READY_S = 60.0


class KernelGateway:
    """A running gateway."""

    def __init__(self, url: str, process: asyncio.subprocess.Process) -> None:
        self.url, self._process = url, process

    @property
    def options(self) -> list[str]:
        """For a JupyterLab that has its kernels there."""
        return [f"--gateway-url={self.url}", f"--GatewayClient.auth_token={TOKEN}"]

    @property
    def pid(self) -> int:
        """Of the gateway itself."""
        return self._process.pid

    def kernels(self) -> list[psutil.Process]:
        """The processes of its kernels."""
        found: list[psutil.Process] = psutil.Process(self.pid).children()
        return found


@asynccontextmanager
async def running_gateway(tmp: Path, *options: str) -> AsyncIterator[KernelGateway]:
    """One that listens on loopback while the body runs."""
    home = tmp / "gateway's home"
    home.mkdir(parents=True)
    port = port_for_later()
    with (home / "gateway.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kernel_gateway", "--KernelGatewayApp.ip=127.0.0.1"),
            *(f"--KernelGatewayApp.port={port}", "--KernelGatewayApp.port_retries=0"),
            *(f"--KernelGatewayApp.auth_token={TOKEN}", *options),
            env=_environ(home),
            stdout=log,
            stderr=log,
        )
    gateway = KernelGateway(f"http://127.0.0.1:{port}", process)
    try:
        await until(lambda: _answers(gateway.url), what="the gateway answers", timeout_s=READY_S)
        yield gateway
    finally:
        kernels = gateway.kernels() if process.returncode is None else []
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        for kernel in kernels:
            with suppress(psutil.Error):
                kernel.kill()


async def _answers(url: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}) as http,
            http.get(f"{url}/api/kernelspecs") as reply,
        ):
            return reply.status == 200
    except (aiohttp.ClientError, OSError):
        return False


def _environ(home: Path) -> dict[str, str]:
    ours: Sequence[str] = ("RTSTORE_", "JUPYTER_", "XDG_", "PYTEST_", "KERNEL_", "KG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(tuple(ours))}
    return kept | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "share"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
