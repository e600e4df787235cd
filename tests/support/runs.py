"""Running cells of a lab's notebooks as the stock front end does, without a browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, CookieJar
from pycrdt import Array
from redis.exceptions import RedisError

from rtstore.client import Notebook, connect
from rtstore.redis_backend.keys import KernelKeys
from rtstore.schema.canonical import plain
from tests.support.lab import Lab
from tests.support.waiting import until

OVER = ("ok", "error", "aborted", "lost")
RUN_S = 60.0


class Bench:
    """One notebook of a lab, with its kernel."""

    def __init__(self, lab: Lab, http: ClientSession, notebook: Notebook, path: str) -> None:
        self.lab, self.http, self.notebook, self.path = lab, http, notebook, path
        self.kernel_id = self.document_id = self.session_id = ""
        self.kept_bytes = 0
        """Of the store's file, that a fault leaves as they are."""

    async def start(self, kernel: str = "python3") -> None:
        """Have a session, as a page that opens the notebook."""
        told = {"path": "11111111-2222-3333-4444-555555555555", "name": self.path}
        told |= {"type": "notebook", "kernel": {"name": kernel}}  # type: ignore[dict-item]
        async with self.http.post(self.lab.url + "api/sessions", json=told) as reply:
            assert reply.status == 201, await reply.text()
            session = await reply.json()
        self.kernel_id, self.session_id = session["kernel"]["id"], session["id"]
        self.document_id = (await self.lab.document(self.path)).tag[4:-1]

    @property
    def keys(self) -> KernelKeys:
        """The kernel's."""
        return self.lab.kernel(self.kernel_id)

    async def post(self, cell: int, **more: Any) -> tuple[int, dict[str, Any]]:
        """Press Run: the status and what was answered."""
        told = {"cell_id": f"cell-{cell}", "document_id": f"json:notebook:{self.document_id}"}
        url = f"{self.lab.url}api/kernels/{self.kernel_id}/execute"
        async with self.http.post(url, json=told | more) as reply:
            return reply.status, json.loads(await reply.text())

    async def ask(self, cell: int) -> str:
        """Press Run; the id of the run."""
        status, told = await self.post(cell)
        assert status == 200, told
        return str(told["run"])

    async def state(self, run_id: str) -> str:
        """The run's state now; '' for a cell that was not sent, and while there is no store."""
        try:
            async with self.lab.redis() as redis:
                return str(await redis.hget(self.keys.run(run_id), "state") or "")
        except (RedisError, OSError):
            return ""

    async def until_over(self, run_id: str, *, within_s: float = RUN_S) -> str:
        """Wait for the run's end; its state."""
        found = ""

        async def look() -> bool:
            nonlocal found
            found = await self.state(run_id)
            return found in OVER

        await until(look, what=f"run {run_id} of {self.path} is over", timeout_s=within_s)
        return found

    async def run(self, cell: int) -> str:
        """Press Run and wait for the end; the run's state, '' if the cell is blank."""
        run_id = await self.ask(cell)
        if not await self.state(run_id):
            return ""
        return await self.until_over(run_id)

    async def interrupt(self) -> None:
        """Press Interrupt."""
        url = f"{self.lab.url}api/kernels/{self.kernel_id}/interrupt"
        async with self.http.post(url) as reply:
            assert reply.status == 204, await reply.text()

    async def restart(self) -> None:
        """Press Restart."""
        url = f"{self.lab.url}api/kernels/{self.kernel_id}/restart"
        async with self.http.post(url) as reply:
            assert reply.status == 200, await reply.text()

    async def answer(self, run_id: str, value: str) -> None:
        """Answer what the run asks, as soon as it asks."""
        url = f"{self.lab.url}rtstore/input/{self.kernel_id}/{run_id}"

        async def asks() -> bool:
            async with self.http.get(url, headers={"Accept": "application/json"}) as reply:
                assert reply.status == 200, await reply.text()
                return bool((await reply.json())["waits"])

        await until(asks, what=f"run {run_id} asks", timeout_s=RUN_S)
        async with self.http.post(url, json={"value": value}) as reply:
            assert reply.status == 201, await reply.text()

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """In the shared document."""
        told: list[dict[str, Any]] = self.live()[cell].get("outputs", [])
        return told

    def live(self) -> list[dict[str, Any]]:
        """The cells of the shared document, plain."""
        cells = self.notebook.ydoc.get("cells", type=Array).to_py() or []
        told: list[dict[str, Any]] = plain(cells)
        return told

    def on_disk(self) -> list[dict[str, Any]]:
        """The cells of the file; [] while it is being written."""
        try:
            told: list[dict[str, Any]] = json.loads((self.lab.notes / self.path).read_text())[
                "cells"
            ]
        except ValueError:
            return []
        return told

    async def until_idle(self, *cells: int) -> None:
        """Wait until the document shows that the cells are not running."""

        async def look() -> bool:
            live = self.live()
            return all(live[cell].get("execution_state") == "idle" for cell in cells)

        await until(look, what=f"cells {cells} are idle", timeout_s=RUN_S)


@asynccontextmanager
async def bench(
    lab: Lab,
    path: str,
    cells: list[str],
    *,
    kernel: str = "python3",
    is_trusted: bool = False,
) -> AsyncIterator[Bench]:
    """A new notebook of code cells, open, with a kernel that is shut down at the end."""
    lab.write_notebook(path, cells)
    if is_trusted:
        lab.trust(path)
    headers = {"Authorization": f"token {lab.token}"}
    # With its cookies, a client is one user over all its requests.
    async with (
        ClientSession(headers=headers, cookie_jar=CookieJar(unsafe=True)) as http,
        connect(lab.url, token=lab.token) as server,
        server.notebook(path) as notebook,
    ):
        made = Bench(lab, http, notebook, path)
        await made.start(kernel)
        try:
            yield made
        finally:
            url = f"{lab.url}api/kernels/{made.kernel_id}"
            async with http.delete(url) as reply:
                await reply.read()
