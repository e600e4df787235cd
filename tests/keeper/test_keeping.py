"""Files into documents and back: imported once, saved by itself, found again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from rtstore.keeper import keeper
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.update_log import CONTENT_KINDS
from rtstore.schema.session_events import ALARM
from tests.gateway.team import Worker, joined
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.support.waiting import until

Pair = tuple[Worker, Worker]
ROUNDS = 50


async def test_two_workers_that_open_it_at_one_instant_import_it_once(
    jupyter: Jupyter, workers: Pair, measured: Callable[[str], None]
) -> None:
    lengths: Counter[int] = Counter()
    for _ in range(ROUNDS):
        path = write(jupyter, notebook("a = 1", "b = 2"))
        seen: list[list[str]] = []

        async def look(worker: Worker, path: str = path, seen: list[list[str]] = seen) -> None:
            async with opened(worker, path) as ada:
                seen.append(ada.sources)
                entries = await ada.log.read()
                assert len([e for e in entries if e.kind in CONTENT_KINDS - {"s"}]) == 1
                lengths[await worker.link.command("XLEN", ada.keys.log)] += 1

        async with asyncio.TaskGroup() as tasks:
            for worker in workers:
                tasks.create_task(look(worker))
        assert seen == [["a = 1", "b = 2"]] * 2
        assert sources(jupyter.files / path) == ["a = 1", "b = 2"]
    told = ", ".join(f"{length} entries {n} times" for length, n in sorted(lengths.items()))
    measured(f"{ROUNDS} notebooks opened by two workers at one instant: XLEN {told}; cells once")


async def test_it_is_saved_by_itself_and_the_state_says_so(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, notebook("x = 1"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        assert ada.state["path"] == path
        assert ada.state["dirty"] is False
        first = ada.state["hash"]
        await ada.insert(0, "# new\n")
        await ada.until(lambda: sources(file) == ["# new\nx = 1"])
        await ada.until(lambda: ada.state["hash"] != first)
        assert ada.state["dirty"] is False
        meta = await ada.log.meta()
        assert meta["saved_hash"] == ada.state["hash"]


async def test_opening_does_not_write_the_file(jupyter: Jupyter, workers: Pair) -> None:
    old = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 2}
    old["cells"] = [{"cell_type": "markdown", "metadata": {}, "source": ["# a\n", "b"]}]
    path = write(jupyter, old)
    before = (jupyter.files / path).read_bytes()
    async with opened(workers[0], path) as ada:
        await ada.change(lambda: ada.notebook.ystate.__setitem__("document_id", "x"))
        assert await ada.save(1) == "success"
        assert (jupyter.files / path).read_bytes() == before
        await ada.insert(0, "!")
        await ada.until(lambda: sources(jupyter.files / path) == ["!# a\nb"])
    assert json.loads((jupyter.files / path).read_text())["nbformat_minor"] >= 5


async def test_who_opens_it_again_finds_what_was_typed(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada:
        await ada.insert(0, "1")
        await ada.until(lambda: sources(jupyter.files / path) == ["1x"])
    async with opened(workers[1], path) as bob:
        assert bob.sources == ["1x"]


async def test_a_text_file_is_kept_too(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, "one\r\ntwo\r\n")
    async with opened(workers[0], path, kind="file", form="text") as ada:
        assert ada.text == "one\ntwo\n"
        await ada.person.type("three\n")
        file = jupyter.files / path
        await ada.until(lambda: file.read_bytes() == b"one\r\ntwo\r\nthree\r\n")


async def test_what_the_store_forgot_of_an_idle_document_is_told_again(
    jupyter: Jupyter, workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody types: its keeper is the first who sees that the store does not know it."""
    monkeypatch.setattr(keeper, "LOOK_S", 0.1)
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada:
        await ada.insert(0, "1")
        await ada.until(lambda: sources(jupyter.files / path) == ["1x"])
        link, files = workers[0].link, workers[0].gateway.rooms.deployment.files
        document_id = await files.id_of(path)
        assert document_id
        gen = (await ada.log.meta())["gen"]
        root = jupyter.root
        await link.command("HDEL", root.paths, path)
        await link.command("HDEL", root.files, document_id)
        await link.command("DEL", ada.keys.meta, ada.keys.log, ada.keys.snap)

        async def is_known() -> bool:
            is_found = await files.path_of(document_id) == path
            return is_found and len(await ada.log.read()) > 1

        await until(is_known, what="the store knows it again")
        assert (await ada.log.meta())["gen"] == gen
        await ada.insert(0, "2")
        await ada.until(lambda: sources(jupyter.files / path) == ["21x"])


@pytest.mark.alone  # a takeover is done within 5 s
async def test_another_worker_takes_over_and_nothing_is_lost(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_worker(jupyter, "w2", save_after_s=30.0, save_latest_s=60.0) as two:
        path = write(jupyter, notebook("x"))
        async with opened(two, path) as ada:
            owner = (await ada.log.meta())["owner"]
            assert owner == two.name
            async with a_worker(jupyter, "w1") as one:
                await ada.insert(0, "1")
                # As by SIGKILL: it neither saves nor gives the lease back, nor takes it again.
                acquire = Lease.acquire
                monkeypatch.setattr(
                    Lease, "acquire", lambda it: acquire(it) if it._owner == one.name else _dead()
                )
                await two.link.command("SET", ada.keys.lease("keep"), "dead 0", "PX", 2000)
                file = jupyter.files / path
                await ada.until(lambda: sources(file) == ["1x"], within_s=5.0)
                assert (await ada.log.meta())["owner"] == one.name


async def _dead() -> bool:
    return False


@pytest.mark.alone  # who asks is answered within 10 s
async def test_a_save_that_is_asked_for_while_the_keeper_dies_is_done_by_the_next(
    jupyter: Jupyter,
) -> None:
    async with a_worker(jupyter, "w2", save_after_s=30.0, save_latest_s=60.0) as two:
        path = write(jupyter, notebook("x"))
        async with opened(two, path) as ada:
            await two.link.command("SET", ada.keys.lease("keep"), "dead 0", "PX", 2000)
            await ada.insert(0, "1")
            assert await ada.save(1) == "success"
            assert sources(jupyter.files / path) == ["1x"]


async def test_a_file_that_is_none_closes_with_the_reason(jupyter: Jupyter, workers: Pair) -> None:
    bad_cell = notebook("x")
    bad_cell["cells"][0]["cell_type"] = "nonsense"
    (jupyter.files / "latin.txt").write_bytes(b"\xff\xfe\xff")
    cases = [
        (write(jupyter, "no notebook", "none.ipynb"), "notebook", "json", 4400),
        (write(jupyter, bad_cell), "notebook", "json", 4400),
        ("latin.txt", "file", "text", 4400),
        ("never.ipynb", "notebook", "json", 4404),
        (write(jupyter, "x"), "nonsense", "text", 4400),
    ]
    for path, kind, form, code in cases:
        room, session = await workers[0].session(path, kind, form)
        async with joined(workers[0], "ada", room=room, session=session) as ada:
            assert await ada.until_closed() == code, path


async def test_a_second_type_is_refused_while_it_is_open(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path):
        room, session = await workers[1].session(path, "file", "text")
        async with joined(workers[1], "bob", room=room, session=session) as bob:
            assert await bob.until_closed() == 4400


async def test_a_save_that_is_asked_for_is_answered_truthfully(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, notebook("x"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        await ada.insert(0, "1")
        assert await ada.save(1) == "success"
        assert sources(file) == ["1x"]
        file.chmod(0o444)
        if file.stat().st_uid == 0:  # root may write anything
            file.chmod(0o644)
            return
        await ada.insert(0, "2")
        assert await ada.save(2) == "failed"


async def test_autosave_off_waits_for_ctrl_s(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook("x"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        await ada.person.say(1, user={}, autosave=False)
        who = workers[0].link

        async def is_said() -> bool:
            told = await who.command("HVALS", ada.keys.who)
            return any(json.loads(value)["autosave"] is False for value in told)

        async with asyncio.timeout(30):
            while not await is_said():
                await ada.person.hear_for(0.05)
        await ada.insert(0, "1")
        await ada.person.hear_for(1.0)
        assert sources(file) == ["x"]
        assert await ada.save(1) == "success"
        assert sources(file) == ["1x"]


async def test_busy_people_are_saved_too(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook(""))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        loop = asyncio.get_running_loop()
        began, count = loop.time(), 0
        while sources(file) in ([], [""]):
            assert loop.time() - began < 30
            await ada.insert(0, "x")
            await ada.person.hear_for(0.05)
            count += 1


async def alarm(bus: ClientWebSocketResponse, path: str) -> dict[str, Any]:
    """What people are told next of this file; keepers of before may still tell of theirs."""
    async with asyncio.timeout(30):
        while True:
            told: dict[str, Any] = await bus.receive_json()
            if (told.get("level"), told.get("path")) == (ALARM, path):
                return told


async def test_a_read_only_file_is_reported_and_saved_once_it_may_be(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    file = jupyter.files / path
    file.chmod(0o444)
    async with (
        http.ws_connect(jupyter.url("api/events/subscribe")) as bus,
        opened(workers[0], path) as ada,
    ):
        await ada.insert(0, "1")
        told = await alarm(bus, path)
        assert (told["action"], told["msg"]) == ("save", f"{path} is read-only: not saved")
        assert await ada.save(1) == "failed"
        assert sources(file) == ["x"]

        file.chmod(0o644)
        assert await ada.save(2) == "success"
        assert sources(file) == ["1x"]


async def test_a_notebook_that_lost_its_cells_is_saved_over_a_full_one_by_hand_only(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("precious"))
    async with (
        http.ws_connect(jupyter.url("api/events/subscribe")) as bus,
        opened(workers[0], path) as ada,
    ):
        await ada.change(ada.notebook.ycells.clear)
        assert "all cells are gone" in (await alarm(bus, path))["msg"]
        async with http.get(jupyter.url(f"api/contents/{path}")) as reply:
            assert reply.status == 200  # who reads it has it saved, but that is not by hand
        assert sources(jupyter.files / path) == ["precious"]

        assert await ada.save(1) == "success"
        assert sources(jupyter.files / path) == []
