"""A disk on which a save takes very long: people type on, and see that it is not saved."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtstore.gateway import save_requests
from rtstore.gateway.save_requests import WAITING_MAX
from rtstore.keeper.contents import Contents, Written
from rtstore.keeper.saver import Saver
from rtstore.schema import frames
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import Author, a_worker, opened, write

ASKS = 50


class Disk:
    """Every save waits until the disk is `quick` again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.quick = asyncio.Event()
        self.is_writing = asyncio.Event()
        self.saves = 0
        write_now, save_now = Contents.save, Saver.save

        async def slow(contents: Contents, *args: Any, **given: Any) -> Written:
            self.is_writing.set()
            await self.quick.wait()
            return await write_now(contents, *args, **given)

        async def counted(saver: Saver, **given: Any) -> None:
            self.saves += 1
            await save_now(saver, **given)

        monkeypatch.setattr(Contents, "save", slow)
        monkeypatch.setattr(Saver, "save", counted)


async def _type(author: Author, text: str) -> None:
    """As a page: what is edited is dirty."""

    await author.change(lambda: author.notebook.ystate.update({"dirty": True}))
    await author.person.type(text)


async def test_edits_flow_on_while_a_save_takes_long(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save_requests, "ANSWER_WITHIN_S", 600.0)
    disk = Disk(monkeypatch)
    path = write(jupyter, "one")
    async with a_worker(jupyter, "w1") as one, a_worker(jupyter, "w2") as two:
        async with (
            opened(one, path, kind="file", form="text") as ada,
            opened(two, path, "bob", kind="file", form="text") as bob,
        ):
            await _type(ada, " two")
            await ada.until(disk.is_writing.is_set)
            await _type(ada, " three")
            await bob.until(lambda: bob.text == "one two three")
            assert bob.state["dirty"]
            for number in range(ASKS):
                await ada.person.socket.send_bytes(b"\x02\x04save" + bytes((number,)))
            # At once: more than a few at a time don't wait for such a disk.
            await ada.until(lambda: len(ada.person.raw) == ASKS - WAITING_MAX)
            assert (jupyter.files / path).read_text() == "one"

            begun = disk.saves
            disk.quick.set()
            await ada.until(lambda: len(ada.person.raw) == ASKS)
            saved = frames.raw({"type": "save", "responseTo": 0, "status": "success"})
            assert saved in ada.person.raw
            await bob.until(lambda: not bob.state["dirty"])
            assert (jupyter.files / path).read_text() == "one two three"
            assert disk.saves - begun <= 3, "one save answers all who waited for it"
