"""What a bridge makes of a kernel's log when it takes over in mid-run, without a kernel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtstore.kernel_bridge import runner
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.runner import Runner
from rtstore.kernel_bridge.turn import Turn
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.widget_book import WidgetBook
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import Run
from rtstore.tasks import background
from tests.support.stores import Store
from tests.support.waiting import until

KERNEL = Keys().kernel("c-1", "k-1")


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    async with connect(store.url, name="test") as made:
        await made.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
        yield made


class Kernel:
    """Writes a kernel's log, and keeps what it is sent."""

    def __init__(self, link: Link) -> None:
        self.link, self.log, self.queue = link, OutputLog(link, KERNEL), RunQueue(link, KERNEL)
        self.sent: list[tuple[str, str]] = []
        self._number = 0

    async def request(self, frames: Sequence[bytes]) -> None:
        """As Channels."""
        header = json.loads(frames[2])
        self.sent.append((header["msg_type"], header["msg_id"]))

    answer = show = request

    async def say(self, kind: str, msg_type: str, parent: str = "run", /, **content: Any) -> str:
        """One message; its id."""
        epoch = (await self.log.begin("ring:1", {})).epoch
        self._number += 1
        name = f"s_1_{self._number}"
        entry = OutputEntry(
            EntryId(epoch, self._number * ROOM), kind, msg_type, parent, name, name,
            json.dumps(content),
        )  # fmt: skip
        await self.log.append([entry])
        return name

    async def said(self, kind: str) -> list[str]:
        """Types of the entries of a kind."""
        return [entry.type for entry in await self.log.read(BEGINNING) if entry.kind == kind]

    async def run(self) -> Run:
        run = await self.queue.get("run")
        assert run is not None
        return run

    @asynccontextmanager
    async def served(
        self, name: str, *, generation: str = "1", **more: Any
    ) -> AsyncIterator[Runner]:
        """By one bridge, which then dies as by SIGKILL. `more`: of its Turn."""
        lease = Lease.of_kernel(self.link, KERNEL, owner=name)
        assert await lease.acquire()
        told = {"may_send": lambda: True, "hurry": lambda: None} | more
        turn = Turn(generation, lambda: lease.holding, **told)
        sender, book = Sender("s", b"k"), WidgetBook(self.link, KERNEL)
        channels: Any = self
        widgets = OutputWidgets(self.log, self.queue, book, channels, sender=sender, turn=turn)
        served = Runner(self.log, self.queue, channels, sender=sender, turn=turn, widgets=widgets)
        async with (
            self.link.listen(KERNEL.feed, lambda _: served.ring()),
            background(served.run()),
        ):
            yield served
        await self.link.command("DEL", KERNEL.lease)

    async def begin(self) -> None:
        """Have a run, and be at it."""
        await self.ask()
        await self.say("iopub", "status", execution_state="busy")

    async def ask(self) -> None:
        """Have a run."""
        await self.queue.add(Run(id="run", document="d", cell="c", user="ann", source="1"))
        await until(lambda: self.has_sent("execute_request"), what="sent")

    async def has_sent(self, msg_type: str) -> bool:
        return any(one == msg_type for one, _ in self.sent)

    async def ask_and_answer(self, prompt: str) -> None:
        name = await self.say("reply", "input_request", prompt=prompt)

        async def asks() -> bool:
            return (await self.run()).prompt_id == name

        await until(asks, what="it asks")
        told = len([one for one, _ in self.sent if one == "input_reply"])
        assert await self.queue.answer(await self.run(), prompt, user="ann")

        async def is_told() -> bool:
            return len([one for one, _ in self.sent if one == "input_reply"]) > told

        await until(is_told, what="the kernel is told")


async def test_what_was_answered_is_not_asked_again_by_the_heir(link: Link) -> None:
    kernel = Kernel(link)
    async with kernel.served("w1"):
        await kernel.begin()
        await kernel.ask_and_answer("one")
        await kernel.ask_and_answer("two")
    async with kernel.served("w2"):
        await kernel.say("iopub", "status", execution_state="idle")
        await kernel.say("reply", "execute_reply", status="ok", execution_count=1)

        await until(lambda: is_over(kernel), what="the heir has read all of it")
    assert (await kernel.said("run")).count("asks") == 2


async def test_what_waits_for_an_answer_is_asked_by_the_heir_if_nobody_did(link: Link) -> None:
    kernel = Kernel(link)
    async with kernel.served("w1"):
        await kernel.begin()
        await kernel.ask_and_answer("one")
    name = await kernel.say("reply", "input_request", prompt="two")
    async with kernel.served("w2"):

        async def asks() -> bool:
            run = await kernel.run()
            return (run.prompt, run.prompt_id) == ("two", name)

        await until(asks, what="the heir asks")
    assert (await kernel.said("run")).count("asks") == 2


async def is_over(kernel: Kernel) -> bool:
    return (await kernel.run()).is_over


async def test_an_end_that_was_not_heard_is_found_after_a_gap(link: Link) -> None:
    kernel = Kernel(link)
    async with kernel.served("w1", may_miss=True):
        await kernel.begin()
        await kernel.say("gap", "lost", why="5 messages were not heard")
        await until(lambda: kernel.has_sent("kernel_info_request"), what="the kernel is asked")
        await kernel.say("iopub", "status", kernel.sent[-1][1], execution_state="busy")
        await until(lambda: is_over(kernel), what="over")
    run = await kernel.run()
    assert (run.state, run.why) == ("lost", "nobody listened when it ended")


async def test_a_reply_without_an_idle_says_how_it_ended(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "QUIET_S", 0.1)
    kernel = Kernel(link)
    async with kernel.served("w1", may_miss=True):
        await kernel.begin()
        await kernel.say("reply", "execute_reply", status="ok", execution_count=3)
        await until(lambda: kernel.has_sent("kernel_info_request"), what="the kernel is asked")
        await kernel.say("iopub", "status", kernel.sent[-1][1], execution_state="busy")
        await until(lambda: is_over(kernel), what="over")
    run = await kernel.run()
    assert (run.state, run.count) == ("ok", "3")


@pytest.mark.parametrize("ordered_ms", [0, 1500])
async def test_what_waited_when_the_kernel_was_restarted_and_nobody_served_it_never_runs(
    link: Link, ordered_ms: int
) -> None:
    kernel = Kernel(link)
    for name, requested in (("run", "1000"), ("later", "2000")):
        await kernel.queue.add(
            Run(id=name, document="d", cell="c", user="ann", source="1", requested=requested)
        )
    await link.command("HSET", KERNEL.meta, "generation", "2")
    await kernel.queue.add(Run(id="new", document="d", cell="c", user="bob", source="2"))
    async with kernel.served("heir", generation="2", ordered_ms=ordered_ms):
        await until(lambda: kernel.has_sent("execute_request"), what="something is sent")
        assert (await kernel.run()).state == "aborted"
        later = await kernel.queue.get("later")
        assert later is not None
        # After the order: it is for the new kernel. After a death nobody can know.
        assert (later.state == "aborted") is (ordered_ms == 0)
        assert kernel.sent == [("execute_request", "later" if ordered_ms else "new")]


async def test_what_was_asked_for_before_a_restart_and_queued_after_it_never_runs(
    link: Link,
) -> None:
    """Whatever held it up on its way: it was for the kernel of then."""
    kernel = Kernel(link)
    await link.command("HSET", KERNEL.meta, "ordered", "1000", "generation", "2")
    for name, requested in (("late", "999"), ("same", "1000"), ("run", "1001")):
        run = Run(id=name, document="d", cell="c", user="ann", source="1", requested=requested)
        assert await kernel.queue.add(run)
    assert await kernel.queue.waiting() == ["run"]
    for name in ("late", "same"):
        never = await kernel.queue.get(name)
        assert never is not None
        assert (never.state, never.why) == ("aborted", "the kernel was restarted")
    assert await kernel.said("run") == [
        "requested",
        "aborted",
        "requested",
        "aborted",
        "requested",
    ]
    async with kernel.served("w1", generation="2"):
        await until(lambda: kernel.has_sent("execute_request"), what="the later one is sent")
    assert [kind for kind, _ in kernel.sent].count("execute_request") == 1


async def test_the_rest_of_a_batch_that_failed_never_runs_whoever_takes_over(link: Link) -> None:
    kernel = Kernel(link)
    for name in ("run", "rest"):
        await kernel.queue.add(
            Run(id=name, document="d", cell=name, user="ann", source="1", batch="b")
        )
    failed = await kernel.run()
    await kernel.queue.fail(failed, "an earlier cell failed")
    await kernel.queue.change(failed, "error", when=("requested",))  # and there it died
    await kernel.queue.add(Run(id="new", document="d", cell="c", user="bob", source="2"))

    async with kernel.served("heir"):
        await until(lambda: kernel.has_sent("execute_request"), what="something is sent")

    assert kernel.sent == [("execute_request", "new")]
    rest = await kernel.queue.get("rest")
    assert rest is not None
    assert (rest.state, rest.why) == ("aborted", "an earlier cell failed")
