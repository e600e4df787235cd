"""Large outputs by their links."""

from __future__ import annotations

from aiohttp import ClientSession

from rtstore.redis_backend.keys import Keys
from tests.gateway.team import ALL, Worker, make_document

NAME = "a" * 64


async def test_a_link_whose_output_is_deleted_says_what_to_do(
    workers: tuple[Worker, Worker],
) -> None:
    worker = workers[0]
    await make_document(worker.link)
    async with ClientSession(headers=worker.headers("ada", ALL)) as http:
        at = f"{worker.url}/rtstore/blob/doc-a.txt"

        async with http.get(f"{at}/{NAME}") as reply:
            assert reply.status == 410
            assert reply.headers["Cache-Control"] == "no-store"
            told = await reply.text()
        assert "has not shown them for 90 days" in told
        assert "Run the cell again" in told

        await worker.link.command("SET", Keys().document("doc-a.txt").blob(NAME), "all of it")
        async with http.get(f"{at}/{NAME}") as reply:
            assert (reply.status, await reply.text()) == (200, "all of it")


async def test_a_link_to_what_never_was_is_not_found(workers: tuple[Worker, Worker]) -> None:
    worker = workers[0]
    async with ClientSession(headers=worker.headers("ada", ALL)) as http:
        for name in (f"{'b' * 36}/{NAME}", "doc-a.txt/no-name"):
            async with http.get(f"{worker.url}/rtstore/blob/{name}") as reply:
                assert reply.status == 404
