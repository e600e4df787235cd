"""Running cells of a lab's notebooks as the stock front end does, without a browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import redis.asyncio
from aiohttp import ClientSession, CookieJar
from pycrdt import Array
from redis.exceptions import RedisError

from rtstore.client import Notebook, connect
from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.update_log import CONTENT_KINDS
from rtstore.schema import updates
from rtstore.schema.canonical import plain
from rtstore.schema.ids import EntryId
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
        """Wait until the document shows all that was said by now, and that the cells don't run.

        Before their runs they are idle, too: whoever keeps the document may be behind.
        """
        await self.until_told()

        async def look() -> bool:
            live = self.live()
            return all(live[cell].get("execution_state") == "idle" for cell in cells)

        await until(look, what=f"cells {cells} are idle", timeout_s=RUN_S)

    async def until_told(self) -> None:
        """Wait until our document has all that the kernel's log has by now."""
        end = ""
        wanted: dict[int, int] = {}

        async def is_kept() -> bool:
            nonlocal end, wanted
            with suppress(RedisError, OSError):  # while there is no store
                end = end or await self._log_end()
                if EntryId.parse(await self._followed_to()) >= EntryId.parse(end):
                    wanted = await self._clocks()
                    return True
            return False

        async def is_here() -> bool:
            have = updates.decode_state_vector(self.notebook.ydoc.get_state())
            return all(have.get(client, 0) >= clock for client, clock in wanted.items())

        await until(is_kept, what="the kernel was followed to the end", timeout_s=RUN_S)
        await until(is_here, what="we have what was written", timeout_s=RUN_S)

    async def _log_end(self) -> str:
        async with self.lab.redis() as redis:
            newest = await redis.xrevrange(self.keys.out, count=1)
        return str(newest[0][0]) if newest else "0-0"

    async def _followed_to(self) -> str:
        document = await self.lab.document(self.path)
        async with self.lab.redis() as redis:
            return str(await redis.hget(document.cursor(self.kernel_id), "cursor") or "0-0")

    async def _clocks(self) -> dict[int, int]:
        """How far each client counts in what the store has of the document."""
        document = await self.lab.document(self.path)
        clocks: dict[int, int] = {}
        bytewise: Any = redis.asyncio.Redis.from_url(self.lab.store_url)
        async with bytewise:
            entries = await bytewise.xrange(document.log)
        said = [fields for _, fields in entries if fields[b"kind"].decode() in CONTENT_KINDS]
        for fields in said:
            for client, _, clock in updates.scan(fields[b"update"]).clients:
                clocks[client] = max(clock, clocks.get(client, 0))
        return clocks


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
