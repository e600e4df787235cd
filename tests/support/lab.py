"""A whole ``rtstore lab`` for tests: its own home, store, workers and Jupyter server.

async with running_lab(tmp_path) as lab:
    lab.write_notebook("a.ipynb", ["1 + 1"])
    lab.url, lab.token
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import psutil  # type: ignore[import-untyped]
import redis.asyncio
from nbformat.sign import NotebookNotary

from rtstore.redis_backend.keys import DocumentKeys, KernelKeys, Keys
from rtstore.supervisor.jupyter_seat import http_status
from rtstore.supervisor.slots import WorkerSlot, live
from tests.support.waiting import until

READY_S = 60.0
GONE_S = 60.0


class Lab:
    """A running lab. What died was started again under another pid: ask each time."""

    def __init__(self, home: Path, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.token: str = ready["token"]
        self.store_url: str = ready["store"]
        self.log = home / "lab.log"
        self.notes = home / "notes"
        self.data = home / "data"

    @property
    def state_dir(self) -> Path:
        """Of the one contents root; its name is the S of ``rt:{S}:…``."""
        (found,) = (self.data / "roots").iterdir()
        return found

    def workers(self) -> list[WorkerSlot]:
        """Those that are there now."""
        return live(self.state_dir)

    def bridges(self) -> list[WorkerSlot]:
        """Those of them that serve kernels."""
        return self.workers()

    def jupyter_pid(self) -> int:
        """Of the Jupyter server that runs now."""
        (record,) = self.state_dir.glob("jupyter-*.json")
        return int(json.loads(record.read_text())["pid"])

    async def answers(self) -> bool:
        """Whether the Jupyter server serves now."""
        at = urlsplit(self.url)
        assert at.hostname is not None
        assert at.port is not None
        told = await http_status((at.hostname, at.port), f"{at.path}api/status", token=self.token)
        return told == 200

    async def store_pid(self) -> int:
        """Of the store that runs now."""
        async with self.redis() as redis:
            return int((await redis.info("server"))["process_id"])

    async def until_written(self) -> None:
        """Wait until all that the store has acknowledged would survive its kill.

        While it syncs its file it puts off writing to it, for up to 2 s on a busy disk.
        """
        async with self.redis() as redis:

            async def is_written() -> bool:
                return int((await redis.info("persistence"))["aof_buffer_length"]) == 0

            await until(is_written, what="the store's file has all")

    def redis(self) -> Any:
        """A plain client of the store (its types say nothing); for keys that hold no updates."""
        return redis.asyncio.Redis.from_url(self.store_url, decode_responses=True)

    async def log_after(self, path: str, after: str = "") -> dict[str, dict[str, str]]:
        """Id → fields but the update, of the entries of the document's log after one of them."""
        document = await self.document(path)
        bytewise: Any = redis.asyncio.Redis.from_url(self.store_url)
        async with bytewise:
            entries = await bytewise.xrange(document.log, f"({after}" if after else "-")
        return {
            at.decode(): {k.decode(): v.decode() for k, v in told.items() if k != b"update"}
            for at, told in entries
        }

    async def document(self, path: str) -> DocumentKeys:
        """The keys of the document of this path. Raises AssertionError if it was never opened."""
        keys = Keys()
        async with self.redis() as redis:
            found = await redis.hget(keys.root(self.state_dir.name).paths, path)
        assert found, f"{path} was never opened"
        return keys.document(found)

    def kernel(self, kernel_id: str) -> KernelKeys:
        """The keys of the kernel."""
        return Keys().kernel(self.state_dir.name, kernel_id)

    async def who(self, path: str) -> dict[str, dict[str, Any]]:
        """Who is in the document: "<worker>.<connection>" → what is known of them."""
        document = await self.document(path)
        async with self.redis() as redis:
            told = await redis.hgetall(document.who)
        return {field: json.loads(value) for field, value in told.items()}

    def add_foreign_kernel(self, name: str = "foreign", *, provisioner: str = "") -> None:
        """A kernel that is started by a command of its own: rtstore starts it as it is.

        Or Jupyter does, with another provisioner.
        """
        folder = self.notes.parent / "share" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        program = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
        argv = [sys.executable, "-c", program, "-f", "{connection_file}"]
        spec: dict[str, Any] = {"argv": argv, "display_name": "Foreign", "language": "python"}
        spec["metadata"] = {"supported_encryption": "curve"}  # used only where it is asked for
        if provisioner:
            spec["metadata"]["kernel_provisioner"] = {"provisioner_name": provisioner}
        (folder / "kernel.json").write_text(json.dumps(spec))

    async def runs(self, path: str) -> dict[str, dict[str, Any]]:
        """Cell → its newest run, as the store has it."""
        document = await self.document(path)
        async with self.redis() as redis:
            told = await redis.hgetall(document.runs)
        return {cell: json.loads(value) for cell, value in told.items()}

    def write_notebook(self, path: str, cells: Sequence[str] = ("",)) -> None:
        """Put a notebook of code cells on the disk, as another program would."""
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = {
            "cells": [_code_cell(f"cell-{number}", text) for number, text in enumerate(cells)],
            "metadata": metadata,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.notes / path).write_text(json.dumps(notebook, indent=1) + "\n")

    def trust(self, path: str) -> None:
        """As ``jupyter trust`` does: what the notebook shows may be more than text."""
        notary = NotebookNotary(data_dir=str(self.notes.parent / "share"))
        notary.sign(nbformat.reads((self.notes / path).read_text(), as_version=4))
        notary.store.close()

    def on_disk(self, path: str) -> list[str]:
        """The sources of the notebook's cells in its file; [] while it is being written."""
        try:
            notebook = json.loads((self.notes / path).read_text())
        except ValueError:
            return []
        return ["".join(cell["source"]) for cell in notebook["cells"]]

    async def until_saved(
        self, path: str, cells: Sequence[str], *, within_s: float = 30.0
    ) -> None:
        """Wait until the file says exactly these cells."""

        async def look() -> bool:
            return self.on_disk(path) == list(cells)

        try:
            await until(look, what=f"{path} on disk is as in the browser", timeout_s=within_s)
        except AssertionError as error:
            raise AssertionError(
                f"{error}\n on disk: {self.on_disk(path)}\n browser: {list(cells)}"
            ) from None


@asynccontextmanager
async def running_lab(
    tmp: Path,
    *,
    workers: int = 2,
    options: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Lab]:
    """Start one in `tmp`; at the end interrupt it, and see that nothing is left."""
    home = tmp / "home of ann"  # the space is on purpose
    (home / "notes").mkdir(parents=True)
    with (home / "lab.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "rtstore", "lab", str(home / "notes")),
            *("--port", "0", "--workers", str(workers), "--no-browser", "--ready-json"),
            *("--LabApp.expose_app_in_browser=True", *options),
            "--JupyterNotebookApp.expose_app_in_browser=True",
            env=_environ(home) | dict(environ or {}),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        yield Lab(home, await _ready(process, home / "lab.log"))
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(GONE_S):
            assert await process.wait() == 0, _end_of(home / "lab.log")
        await until(lambda: _none_left(home), what="everything ended with the lab")
    finally:
        await until(lambda: _killed(home), what="what was left is killed")
        await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    assert line, f"rtstore lab was not ready within {READY_S:g} s:\n{_end_of(log)}"
    ready: dict[str, Any] = json.loads(line)
    return ready


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]


def _environ(home: Path) -> dict[str, str]:
    ours = ("RTSTORE_", "JUPYTER_", "XDG_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "HOME": str(home),
        "RTSTORE_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "share"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def _processes(home: Path) -> Iterator[psutil.Process]:
    """All that run in this home: the mark is in the environment that they inherit.

    A store writes its title over that, with its socket's path.
    """
    data = str(home / "data")
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = [process.environ().get("RTSTORE_DATA_DIR", ""), *process.cmdline()]
            if told[0] == data or any(f"{data}/store/" in word for word in told[1:]):
                yield process


async def _killed(home: Path) -> bool:
    """Kill all; whether there were none: one may start another while it is looked for."""
    left = [process for process in _processes(home) if process.status() != psutil.STATUS_ZOMBIE]
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    return not left


async def _none_left(home: Path) -> bool:
    left = [process for process in _processes(home) if process.status() != psutil.STATUS_ZOMBIE]
    return not left


def _code_cell(cell_id: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
