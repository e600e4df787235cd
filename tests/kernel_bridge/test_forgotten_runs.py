"""Runs that a store forgot, and was asked for again, though their kernel has got them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtstore.kernel_bridge import bridge as bridges
from rtstore.kernel_bridge import requests
from rtstore.kernel_bridge.bridge import Bridge
from rtstore.kernel_bridge.sent_runs import SentRuns
from rtstore.kernel_bridge.service import Desk
from rtstore.kernel_bridge.spoken import Spoken
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import LOST, OK, RUNNING, SENT, Run
from rtstore.tasks import background
from tests.kernel_bridge.listeners import KERNEL
from tests.kernel_bridge.test_runner import Kernel
from tests.support.waiting import until

RUN = Run(id="run", document="d", cell="c", user="ann", source="1", requested="5")


@pytest.fixture
async def kernel(link: Link) -> Kernel:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    return Kernel(link)


async def has_state(kernel: Kernel, *states: str) -> bool:
    found = await kernel.queue.get("run")
    return found is not None and found.state in states


async def test_a_run_that_the_kernel_is_through_with_ends_as_it_did(kernel: Kernel) -> None:
    await kernel.say("iopub", "status", execution_state="busy")
    await kernel.say("iopub", "stream", name="stdout", text="1")
    await kernel.say("reply", "execute_reply", status="ok", execution_count=4)
    await kernel.say("iopub", "status", execution_state="idle")
    await kernel.queue.add(RUN)
    async with kernel.served("w1"):
        await until(lambda: has_state(kernel, OK), what="it is over")
    assert kernel.sent == []
    assert await kernel.said("run") == ["requested", "sent", "running", "ok"]
    run = await kernel.run()
    assert run.count == "4"
    # Who reads what it put out begins there.
    assert EntryId.parse(run.sent_at) < (await kernel.log.read(BEGINNING))[1].id
    (sent,) = [one for one in await kernel.log.read(BEGINNING) if one.type == SENT]
    assert json.loads(sent.content)["put_back"] == "1"


async def test_a_run_that_the_kernel_is_at_is_followed_to_its_end(kernel: Kernel) -> None:
    async with kernel.served("w1"):
        # Lost, told again and asked for while the bridge is there.
        await kernel.say("iopub", "status", execution_state="busy")
        await until(lambda: _has_read(kernel, "status"), what="the kernel has spoken")
        await kernel.queue.add(RUN)
        await until(lambda: has_state(kernel, RUNNING), what="it is known to run")
        await kernel.say("reply", "execute_reply", status="ok", execution_count=4)
        await kernel.say("iopub", "status", execution_state="idle")
        await until(lambda: has_state(kernel, OK), what="it is over")
    assert kernel.sent == []


async def _has_read(kernel: Kernel, kind: str) -> bool:
    return kind in [one.type for one in await kernel.log.read(BEGINNING)]


@pytest.mark.parametrize("ends", [True, False])
async def test_a_run_of_an_earlier_start_is_not_run_in_this_one(
    link: Link, kernel: Kernel, *, ends: bool
) -> None:
    epoch = (await kernel.log.begin("journal:1", {"generation": 1})).epoch

    async def say(number: int, kind: str, msg_type: str, **told: Any) -> None:
        at = EntryId(epoch, number * ROOM)
        said = json.dumps(told)
        await kernel.log.append([OutputEntry(at, kind, msg_type, "run", "m", "x", said)])

    await say(1, "iopub", "status", execution_state="busy")
    if ends:
        await say(2, "reply", "execute_reply", status="ok", execution_count=1)
        await say(3, "iopub", "status", execution_state="idle")
    await kernel.log.begin("journal:2", {"generation": 2})
    await link.command("HSET", KERNEL.meta, "generation", "2")
    await kernel.queue.add(RUN)
    async with kernel.served("w1", generation="2"):
        await until(lambda: has_state(kernel, OK if ends else LOST), what="it is over")
    assert kernel.sent == []
    assert (await kernel.run()).generation == "1"


async def test_others_are_sent_and_the_log_is_read_back_only_once(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read_back = kernel.log.read_back

    async def counted(*args: Any, **options: Any) -> list[OutputEntry]:
        nonlocal reads
        reads += 1
        return await read_back(*args, **options)

    monkeypatch.setattr(kernel.log, "read_back", counted)
    for _ in range(500):
        await kernel.say("iopub", "stream", "another", name="stdout", text="x")
    spoken = Spoken(kernel.log, generation="1")
    spoken.begin(await kernel.log.end())
    assert await spoken.first_of(RUN) is None
    assert await spoken.first_of(Run(id="another", requested="7")) is not None
    had = reads
    assert had > 2  # the log is longer than one page
    assert await spoken.first_of(Run(id="third", requested="6")) is None
    assert reads == had
    # Of what was asked for after all that, one look tells.
    spoken.begin(await kernel.log.end())
    assert await spoken.first_of(Run(id="now", requested="99999999999999")) is None
    assert reads <= had + 1


async def test_the_store_is_told_again_as_soon_as_it_knows_the_kernel(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridges, "SEEK_S", 0.01)
    told = {"sent": "7", "sent_at": "1-1", "generation": "1", "frames": "[]"}
    queue = RunQueue(link, KERNEL)
    async with bridging(link) as bridge:
        bridge._sent_runs["k-1"] = SentRuns()
        bridge._sent_runs["k-1"].note(Run.of_fields(RUN.as_fields() | told))
        bridge._store_changed(True)
        await until(_is_at_it(bridge), what="it was told once, in vain")
        assert await queue.get("run") is None
        await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")

        async def is_back() -> bool:
            found = await queue.get("run")
            return found is not None and found.state == SENT

        await until(is_back, what="the run is there again")


async def test_a_kernel_that_never_comes_back_is_forgotten(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridges, "SEEK_S", 0.01)
    monkeypatch.setattr(bridges, "PUT_BACK_WITHIN_S", 0.1)
    async with bridging(link) as bridge:
        bridge._sent_runs["k-1"] = SentRuns()
        bridge._sent_runs["k-1"].note(RUN)
        bridge._store_changed(True)

        async def is_forgotten() -> bool:
            return not (bridge._sent_runs or bridge._must_put_back)

        await until(is_forgotten, what="nothing is kept of it")


def _is_at_it(bridge: Bridge) -> Any:
    async def is_at_it() -> bool:
        bridge._news.set()
        await bridge._put_back()
        return bridge._must_put_back

    return is_at_it


@asynccontextmanager
async def bridging(link: Link) -> AsyncIterator[Bridge]:
    """A bridge that finds no kernel."""

    class Nowhere:
        def reaches(self, host: str) -> bool:
            return False

    keys = Keys()
    desk = Desk(link, KernelIndex(link, keys, "c-1"), "w")
    made = Bridge(desk, Nowhere(), root_feed=keys.root("c-1").feed, host="h")  # type: ignore[arg-type]
    async with background(made.run()):
        yield made


@pytest.mark.parametrize("has_spoken", [True, False])
async def test_a_run_that_was_put_back_is_found_in_a_log_that_began_anew(
    kernel: Kernel, *, has_spoken: bool
) -> None:
    await kernel.queue.add(RUN)
    frames = requests.packed(requests.execute(Sender("s", b"k"), RUN))
    told = {"generation": "1", "sent": "7", "frames": frames, "sent_at": "9-4096"}
    if has_spoken:
        await kernel.say("iopub", "status", execution_state="busy")
    await kernel.queue.change(RUN, SENT, when=("requested",), **told)
    async with kernel.served("w1"):
        if not has_spoken:
            await until(lambda: kernel.has_sent("execute_request"), what="it is sent again")
            await kernel.say("iopub", "status", execution_state="busy")
        await kernel.say("reply", "execute_reply", status="ok", execution_count=4)
        await kernel.say("iopub", "status", execution_state="idle")
        await until(lambda: has_state(kernel, OK), what="it is over")
    assert EntryId.parse((await kernel.run()).sent_at) < await kernel.log.end()
