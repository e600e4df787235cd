"""What other Jupyter extensions hear of a document, from its opening to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.jupyter.conftest import PLAIN, Jupyter, until
from tests.keeper.crew import a_worker, notebook, opened, write

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def jupyter(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = Jupyter(
        tmp_path_factory.mktemp("events"),
        store_url,
        extensions=PLAIN | {"rtstore": True, "tests.keeper.session_listener": True},
        environ={"PYTHONPATH": str(REPOSITORY)},
    )
    with server.running():
        yield server


class Listener:
    """What the extension in the server has heard of one file."""

    def __init__(self, jupyter: Jupyter, http: ClientSession, path: str) -> None:
        self._jupyter, self._http, self._path = jupyter, http, path

    async def heard(self, action: str) -> list[dict[str, Any]]:
        async with self._http.get(self._jupyter.url("session-listener")) as reply:
            assert reply.status == 200
            told = await reply.json()
        return [one for one in told if (one["path"], one["action"]) == (self._path, action)]

    async def until_heard(self, action: str, times: int = 1) -> list[dict[str, Any]]:
        async def is_heard() -> list[dict[str, Any]] | None:
            found = await self.heard(action)
            return found if len(found) >= times else None

        found: list[dict[str, Any]] = await until(is_heard)
        return found


async def test_an_extension_hears_of_a_document_and_finds_it(
    jupyter: Jupyter, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    listener = Listener(jupyter, http, path)
    # It is kept for 2 s without anybody: not let go before who opens it is there.
    async with a_worker(jupyter, "w1", presence_ttl_s=2.0, linger_s=1.0) as one:
        async with opened(one, path) as ada:
            (told,) = await listener.until_heard("initialize")
            assert told["level"] == "INFO"
            assert told["room"].startswith("json:notebook:")
            (read,) = await listener.until_heard("load")
            assert read["level"] == "INFO"

            async def has_it() -> bool:
                (first,) = await listener.heard("initialize")
                return bool(first.get("sources") == ["x"])

            await until(has_it)
            assert await listener.heard("overwrite") == []
            write(jupyter, notebook("x outside"), path)
            await ada.until(lambda: ada.sources == ["x outside"])
            (told,) = await listener.until_heard("overwrite")
            assert told["level"] == "INFO"
            assert await listener.heard("clean") == []
        (told,) = await listener.until_heard("clean")
        assert told["level"] == "INFO"

        async with opened(one, path):
            assert len(await listener.until_heard("initialize", 2)) == 2
        assert len(await listener.heard("load")) == 1


async def test_who_takes_over_says_so_and_a_deletion_ends_it(
    jupyter: Jupyter, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    listener = Listener(jupyter, http, path)
    async with a_worker(jupyter, "w1") as one, opened(one, path) as ada:
        await listener.until_heard("initialize")
        async with a_worker(jupyter, "w2"):
            await one.link.command("SET", ada.keys.lease("keep"), "dead 0", "PX", 500)
            await listener.until_heard("initialize", 2)
            assert await listener.heard("clean") == []

            async with http.delete(jupyter.url(f"api/contents/{path}")) as reply:
                assert reply.status == 204
            await listener.until_heard("clean")
    assert len(await listener.heard("load")) == 1
