"""Documents as other Jupyter extensions get them, in the server's own process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from tests.gateway.team import Worker
from tests.jupyter.conftest import PLAIN, Jupyter, server_url
from tests.keeper.crew import a_worker, notebook, opened, sources, write

REPOSITORY = Path(__file__).parents[2]
Pair = tuple[Worker, Worker]


async def test_extensions_get_live_documents_and_copies(
    store_url: str, tmp_path: Path, http: ClientSession
) -> None:
    jupyter = Jupyter(
        tmp_path,
        store_url,
        extensions=PLAIN | {"rtstore": True, "tests.keeper.document_user": True},
        environ={"PYTHONPATH": str(REPOSITORY)},
    )
    path = "shared.ipynb"

    async def ask(**told: object) -> object:
        async with http.post(jupyter.url("document-user"), json=told) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()

    with jupyter.running():
        async with a_worker(jupyter, "w1") as one:
            await server_url(jupyter, one.link)  # it answers before it has its store
            write(jupyter, notebook("x"), path)
            assert await ask(do="read", path=path, copy=True) is None  # nobody has it open
            async with opened(one, path) as ada:
                assert await ask(do="read", path=path, copy=True) == ["x"]
                assert await ask(do="insert", path=path, text="server ", copy=False) == [
                    "server x"
                ]
                await ada.until(lambda: ada.sources == ["server x"])
                await ada.insert(0, "ada ")

                async def sees() -> bool:
                    return await ask(do="read", path=path, copy=False) == ["ada server x"]

                async with asyncio.timeout(30):
                    while not await sees():
                        await ada.person.hear_for(0.05)
                assert await ask(do="insert", path=path, text="lost ", copy=True) == [
                    "lost ada server x"
                ]
                await ada.until(lambda: sources(jupyter.files / path) == ["ada server x"])
            write(jupyter, notebook("y"), "made.ipynb")
            told = await ask(do="read", path="made.ipynb", copy=True, create=True)
            assert told == ["y"]
