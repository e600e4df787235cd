"""Somebody else imports between the reading of a file and the append: cells are never doubled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.keeper import keeper
from rtstore.keeper.contents import Contents, Read, Where
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.update_log import Entry, Origin, UpdateLog
from tests.gateway.team import Worker
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.support.waiting import until

CELLS = ["a = 1", "b = 2"]
Rival = Callable[[], Awaitable[None]]


@pytest.fixture
def after_the_first_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rival], None]:
    """Have somebody else act when the first keeper has read the file and appended nothing yet."""

    def interleave(rival: Rival) -> None:
        read = Contents.read

        async def then_the_rival(self: Contents, where: Where) -> Read:
            file = await read(self, where)
            monkeypatch.setattr(Contents, "read", read)
            await rival()
            return file

        monkeypatch.setattr(Contents, "read", then_the_rival)

    return interleave


async def test_an_importer_whose_log_is_filled_meanwhile_takes_what_is_there(
    jupyter: Jupyter, after_the_first_read: Callable[[Rival], None]
) -> None:
    path = write(jupyter, notebook(*CELLS))
    async with a_worker(jupyter, "w1") as one:
        keys = await _keys_to_be(one, jupyter, path)
        log = UpdateLog(one.link, keys, worker="another")

        async def fills() -> None:  # as a room does that holds what a store lost
            doc: Doc[Any] = Doc()
            YNotebook(doc).set(notebook(*CELLS))
            epoch = int((await log.meta())["epoch"])
            await log.append(doc.get_update(), Origin(kind="h"), epoch=epoch, tag=log.next_tag())

        after_the_first_read(fills)
        async with opened(one, path) as ada:
            assert ada.sources == CELLS
            assert [entry.kind for entry in await _imports(log)] == ["h"]
            await ada.insert(0, "# typed\n")
            wanted = ["# typed\na = 1", "b = 2"]
            await ada.until(lambda: sources(jupyter.files / path) == wanted)


async def test_a_keeper_whose_lease_was_taken_while_it_read_adds_nothing(
    jupyter: Jupyter,
    after_the_first_read: Callable[[Rival], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(keeper, "RENEW_S", 3600.0)  # it does not notice by itself
    path = write(jupyter, notebook(*CELLS))
    async with a_worker(jupyter, "w1") as one, a_worker(jupyter, "w2") as two:
        keys = await _keys_to_be(one, jupyter, path)
        log = UpdateLog(two.link, keys, worker="test")
        first: list[str] = []

        async def has_imported() -> bool:
            owner = (await log.meta()).get("owner")
            return owner != first[0] and bool(await _imports(log))

        async def is_robbed() -> None:
            first.append((await log.meta())["owner"])
            await two.link.command("DEL", keys.lease("keep"))
            await until(has_imported, what="the other keeper has imported it", timeout_s=25.0)

        after_the_first_read(is_robbed)
        async with opened(one, path) as ada:
            assert ada.sources == CELLS

            async def is_refused() -> bool:
                return any("keeper ended" in told for told in caplog.messages)

            await until(is_refused, what="the first keeper is refused")
            assert ada.sources == CELLS
        assert [entry.kind for entry in await _imports(log)] == ["u"]
    assert sources(jupyter.files / path) == CELLS


async def _keys_to_be(worker: Worker, jupyter: Jupyter, path: str) -> DocumentKeys:
    """Of a file that nobody has opened yet."""
    document_id, _ = await worker.gateway.rooms.deployment.files.index(path)
    return jupyter.keys.document(document_id)


async def _imports(log: UpdateLog) -> list[Entry]:
    return [entry for entry in await log.read() if entry.is_content and entry.kind != "s"]
