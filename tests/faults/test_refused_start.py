"""A store that was there, and does not start again, while people type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientSession

from rtstore.client import document
from tests.faults.checker import Cells, Typed, problems
from tests.faults.laboratory import FIRST, PATIENCE_S
from tests.faults.typist import Typist, typing
from tests.support.lab import Lab, running_lab
from tests.support.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
PATH = "refused.ipynb"
DAMAGE = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$X\r\n1\r\n"
READY, AWAY = (200, "ready"), (503, "no connection to the store")


async def test_its_data_are_damaged_and_then_repaired(
    tmp_path: Path, measured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "CONFIRM_S", 1.0)  # typists wait no longer before they type on
    async with running_lab(tmp_path) as lab, AsyncExitStack() as stack:
        lab.write_notebook(PATH, FIRST)
        typists = [
            await stack.enter_async_context(typing(slot.url, lab.token, PATH, f"t{n}", n))
            for n, slot in enumerate(lab.workers())
        ]
        await _until(typists, lambda typist: typist.acked >= 5, "their words are stored")
        aof, whole = await _damaged(lab)
        counts = {typist: len(typist.words) for typist in typists}
        await until(lambda: _refused(lab, 2), what="it was tried again", timeout_s=PATIENCE_S)
        await until(lambda: _all_say(lab, AWAY), what="the workers say that it is away")
        await _until(typists, lambda one: len(one.words) > counts[one] + 5, "they type on")
        assert all(typist.acked <= words for typist, words in counts.items())
        assert aof.read_bytes() == DAMAGE + whole

        repaired = aof.with_name("repaired")
        repaired.write_bytes(whole)
        repaired.replace(aof)  # at once: it may be tried again while this is written
        began = asyncio.get_running_loop().time()
        await until(lambda: _all_say(lab, READY), what="the workers work", timeout_s=PATIENCE_S)
        for typist in typists:
            await typist.stop()
        took_s = asyncio.get_running_loop().time() - began
        await until(lambda: _is_as_it_must_be(lab, typists), what="all is as it must be")
    measured(f"store repaired: all was stored after {took_s:.1f} s")


async def _damaged(lab: Lab) -> tuple[Path, bytes]:
    """Kill the store and damage what it appended to; its file, and what was in it."""
    store = psutil.Process(await lab.store_pid())
    supervisor = store.parent()
    supervisor.suspend()  # it would start it again at once
    try:
        store.kill()

        async def is_dead() -> bool:
            return not store.is_running() or store.status() == psutil.STATUS_ZOMBIE

        await until(is_dead, what="the store is dead")
        (aof,) = lab.data.rglob("appendonlydir/*.incr.aof")
        whole = aof.read_bytes()
        aof.write_bytes(DAMAGE + whole)
    finally:
        supervisor.resume()
    return aof, whole


async def _refused(lab: Lab, times: int) -> bool:
    return lab.log.read_text().count("did not start") >= times


async def _until(typists: Sequence[Typist], met: Callable[[Typist], bool], what: str) -> None:
    async def look() -> bool:
        return all(met(typist) for typist in typists)

    await until(look, what=what, timeout_s=PATIENCE_S)


async def _all_say(lab: Lab, wanted: tuple[int, str]) -> bool:
    async with ClientSession() as http:
        for slot in lab.workers():
            async with http.get(slot.url + "/rtstore/readyz") as reply:
                if (reply.status, (await reply.json())["status"]) != wanted:
                    return False
    return True


async def _is_as_it_must_be(lab: Lab, typists: Sequence[Typist]) -> bool:
    typed = [Typed(one.name, one.words, one.acked) for one in typists]
    seen: dict[str, Cells] = {one.name: one.cells for one in typists}
    ids = [cell_id for cell_id, _ in typists[0].cells]
    on_disk = lab.on_disk(PATH)
    seen["the file"] = list(zip(ids, on_disk, strict=False))
    first = [(f"cell-{number}", source) for number, source in enumerate(FIRST)]
    assert all(typist.acked == len(typist.words) for typist in typists)
    return not problems(typed, seen, first) and len(on_disk) == len(ids)
