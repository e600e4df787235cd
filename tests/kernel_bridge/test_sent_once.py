"""Whether a run is sent to its kernel again by who takes over: never, where it might run twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import pytest

from rtstore.errors import NotSent
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.runner import UNSURE, Runner
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


class Wire:
    """To a kernel: what was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_open = True

    async def request(self, frames: Sequence[bytes]) -> None:
        if not self.is_open:
            raise NotSent("closed")
        self.sent.append(json.loads(frames[2])["msg_type"])

    async def answer(self, frames: Sequence[bytes]) -> None:
        raise AssertionError("nobody asked")

    async def show(self, frames: Sequence[bytes]) -> None:
        raise AssertionError("there are no widgets")


class Bridge:
    """One turn at the kernel."""

    def __init__(self, link: Link, lease: Lease, *, may_resend: bool) -> None:
        self.log, self.queue, self.wire = OutputLog(link, KERNEL), RunQueue(link, KERNEL), Wire()
        turn = Turn(
            "1",
            holding=lambda: lease.holding,
            may_send=lambda: True,
            hurry=lambda: None,
            may_miss=True,
            may_resend=may_resend,
        )
        sender = Sender("us", b"")
        book = WidgetBook(link, KERNEL)
        widgets = OutputWidgets(self.log, self.queue, book, self.wire, sender=sender, turn=turn)
        self.runner = Runner(
            self.log, self.queue, self.wire, sender=sender, turn=turn, widgets=widgets
        )

    async def is_state(self, state: str) -> bool:
        run = await self.queue.get("r")
        return run is not None and run.state == state

    async def says(self, kind: str, msg_type: str, parent: str, **content: str) -> None:
        """The kernel does, and somebody writes it down."""
        at = await self.log.end()
        entry = EntryId(at.epoch, at.revision + ROOM)
        told = json.dumps(content)
        await self.log.append([OutputEntry(entry, kind, msg_type, parent, "", "x", told)])
        self.runner.ring()


Take = Callable[..., Bridge]


@pytest.fixture
async def take(store: Store) -> AsyncIterator[Take]:
    """Take over: a bridge whose turn it is. A run waits in the queue."""
    async with connect(store.url, name="test") as link:
        await link.command("HSET", KERNEL.meta, "kernel_id", "k-1")
        lease = Lease.of_kernel(link, KERNEL, owner="w")
        assert await lease.acquire()
        await OutputLog(link, KERNEL).begin("ws:1", {})
        assert await RunQueue(link, KERNEL).add(Run(id="r", kernel="k-1", source="1"))
        yield lambda *, may_resend=False: Bridge(link, lease, may_resend=may_resend)


async def sent_and_killed(take: Take) -> None:
    one = take()
    async with background(one.runner.run()):
        await until(lambda: one.is_state("sent"), what="it is sent")
        await until(lambda: _is_sent(one, "execute_request"), what="it went out")


async def test_a_request_that_the_kernel_may_have_is_not_sent_again(take: Take) -> None:
    await sent_and_killed(take)
    two = take()
    async with background(two.runner.run()):
        await until(lambda: _is_sent(two, "kernel_info_request"), what="the kernel is asked")
        assert await two.is_state("sent")
        probe = f"r-probe-{two.runner._turn.holding().rpartition(' ')[2]}"
        await two.says("iopub", "status", probe, execution_state="busy")
        await until(lambda: two.is_state("lost"), what="it is lost")
    run = await two.queue.get("r")
    assert run is not None
    assert run.why == UNSURE
    assert two.wire.sent == ["kernel_info_request"]
    gaps = [e.parent for e in await two.log.read(BEGINNING) if e.kind == "gap"]
    assert gaps == ["r"]


async def test_a_request_of_which_the_kernel_speaks_goes_on(take: Take) -> None:
    await sent_and_killed(take)
    two = take()
    async with background(two.runner.run()):
        await until(lambda: _is_sent(two, "kernel_info_request"), what="the kernel is asked")
        await two.says("iopub", "stream", "r", name="stdout", text="on")  # busy went unheard
        await until(lambda: two.is_state("running"), what="it runs")
        await two.says("reply", "execute_reply", "r", status="ok")
        await two.says("iopub", "status", "r", execution_state="idle")
        await until(lambda: two.is_state("ok"), what="it is over")
    assert two.wire.sent == ["kernel_info_request"]


async def test_a_kernel_that_refuses_what_it_has_is_sent_it_again(take: Take) -> None:
    await sent_and_killed(take)
    two = take(may_resend=True)
    async with background(two.runner.run()):
        await until(lambda: _is_sent(two, "kernel_info_request"), what="the kernel is asked")
    assert two.wire.sent == ["execute_request", "kernel_info_request"]


async def test_a_request_that_never_left_is_sent_by_the_next(take: Take) -> None:
    one = take()
    one.wire.is_open = False
    with pytest.raises(ExceptionGroup) as ended:
        async with background(one.runner.run()):
            await until(lambda: _is_sent(one, "execute_request"), what="never", timeout_s=30)
    assert isinstance(ended.value.exceptions[0], NotSent)
    assert await one.is_state("sent")

    for expected in (["execute_request", "kernel_info_request"], ["kernel_info_request"]):
        heir = take()
        async with background(heir.runner.run()):
            await until(partial(_is_sent, heir, "kernel_info_request"), what="asked")
        assert heir.wire.sent == expected  # and never again by the one after


async def test_a_run_whose_last_word_was_lost_ends_by_its_reply(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtstore.kernel_bridge.runner.QUIET_S", 0.1)
    one = take()
    async with background(one.runner.run()):
        await until(lambda: _is_sent(one, "execute_request"), what="it went out")
        await one.says("iopub", "status", "r", execution_state="busy")
        await one.says("reply", "execute_reply", "r", status="error")
        await until(lambda: _is_sent(one, "kernel_info_request"), what="the kernel is asked")
        await one.says("reply", "kernel_info_reply", one.runner._probed)
        await until(lambda: one.is_state("error"), what="it is over")


async def _is_sent(bridge: Bridge, msg_type: str) -> bool:
    return msg_type in bridge.wire.sent
