"""What is written of a kernel's websocket: races in each order, without a kernel."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from rtstore.errors import KernelUnreachable, LeaseLost
from rtstore.kernel_bridge.ws_source import WsSource
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import DELIMITER
from rtstore.schema.run import RUNNING, SENT, Run

KERNEL = Keys().kernel("c-1", "k-1")
OURS = "rtstore-k-1"
STREAM, STATUS = "stream", "status"


def said(
    number: int,
    kind: str = STREAM,
    *,
    session: str = "s",
    parent: str = "r",
    more: dict[str, Any] | None = None,
) -> list[bytes]:
    header = {"msg_id": f"{session}_7_{number}", "msg_type": kind, "session": session}
    asker = OURS if parent == "r" else "another"
    told = {"msg_id": parent, "msg_type": "execute_request", "session": asker}
    content = more or {"name": "stdout", "text": f"{number} "}
    return [DELIMITER, b"", *(json.dumps(p).encode() for p in (header, told, {}, content))]


def state(number: int, execution_state: str, *, session: str = "s") -> list[bytes]:
    return said(number, STATUS, session=session, more={"execution_state": execution_state})


class Line:
    """A websocket that says what it is told to, and is closed when that is over."""

    session = OURS

    def __init__(self, *frames: list[bytes]) -> None:
        self._coming = [("iopub", one) for one in frames]

    async def heard(self) -> tuple[str, list[bytes]]:
        await asyncio.sleep(0)
        if not self._coming:
            raise KernelUnreachable("closed")
        return self._coming.pop(0)

    def heard_already(self) -> tuple[str, list[bytes]] | None:
        return self._coming.pop(0) if self._coming else None


@pytest.fixture
async def lease(link: Link) -> Lease:
    return await next_lease(link)


async def next_lease(link: Link) -> Lease:
    """As after the death of who has it."""
    await link.command("DEL", KERNEL.lease)
    taken = Lease.of_kernel(link, KERNEL, owner="w")
    assert await taken.acquire()
    return taken


async def hear(link: Link, lease: Lease, *frames: list[bytes]) -> WsSource:
    """One turn at the kernel, in which this is said."""
    line: Any = Line(*frames)
    source = WsSource(OutputLog(link, KERNEL), RunQueue(link, KERNEL), line, lease)
    await source.begin()
    with suppress(KernelUnreachable):
        await source.run()
    return source


async def logged(link: Link) -> list[OutputEntry]:
    return [e for e in await OutputLog(link, KERNEL).read(BEGINNING) if e.kind in ("iopub", "gap")]


async def told(link: Link) -> list[str]:
    """Of each message its number, and of each gap its type."""
    return [e.msg_id.rpartition("_")[2] or e.type for e in await logged(link)]


async def under_way(link: Link, to: str = RUNNING) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1")
    queue = RunQueue(link, KERNEL)
    assert await queue.add(Run(id="r"))
    assert await queue.change(Run(id="r"), to, said="")


async def test_what_follows_on_what_the_one_before_wrote_is_whole(
    link: Link, lease: Lease
) -> None:
    await hear(link, lease, said(1), said(2))
    await under_way(link)
    await hear(link, await next_lease(link), said(3), said(4))
    assert await told(link) == ["1", "2", "3", "4"]


async def test_what_nobody_heard_between_two_bridges_is_said_where_it_is_missing(
    link: Link, lease: Lease
) -> None:
    await hear(link, lease, said(1), said(2))
    await under_way(link)
    await hear(link, await next_lease(link), said(6), said(7))
    assert await told(link) == ["1", "2", "lost", "6", "7"]
    gap = (await logged(link))[2]
    assert gap.parent == "r"
    assert json.loads(gap.content) == {"why": "3 messages did not come through"}


async def test_nothing_is_missing_when_no_run_was_under_way(link: Link, lease: Lease) -> None:
    await hear(link, lease, said(1), said(2))
    await hear(link, await next_lease(link), said(6))
    assert await told(link) == ["1", "2", "6"]


@pytest.mark.parametrize(("first", "gaps"), [("busy", []), ("idle", ["blackout"])])
async def test_without_numbers_a_run_is_whole_if_its_beginning_is_heard(
    link: Link, lease: Lease, first: str, gaps: list[str]
) -> None:
    await under_way(link, SENT)
    await hear(link, lease, state(5, first), said(6))
    assert await told(link) == [*gaps, "5", "6"]


async def test_messages_that_overtake_each_other_are_not_missing(link: Link, lease: Lease) -> None:
    await hear(link, lease, said(1), said(3), said(2), said(4))
    assert await told(link) == ["1", "3", "2", "4"]


async def test_what_jupyter_keeps_of_a_new_connection_is_not_missing(
    link: Link, lease: Lease
) -> None:
    """Of requests that are not ours; and it keeps one message, not several, nor a later one."""
    source = await hear(link, lease, said(8, parent="x"), said(10, parent="x"), said(11))
    assert await told(link) == ["8", "10", "11"]
    line: Any = source._channels
    line._coming = [("iopub", said(13, parent="x"))]
    with suppress(KernelUnreachable):
        await source.run()
    assert (await told(link))[3:] == ["lost", "13"]
    await hear(link, await next_lease(link), said(20), said(22))
    assert (await told(link))[5:] == ["20", "lost", "22"]
    await hear(link, await next_lease(link), said(30, parent="x"), said(33, parent="x"))
    assert (await told(link))[8:] == ["30", "lost", "33"]


async def test_what_a_server_between_holds_back_is_said_once(link: Link, lease: Lease) -> None:
    notice = said(1, session=OURS, more={"name": "stderr", "text": "IOPub message rate exceeded."})
    await hear(link, lease, said(1), notice, said(9), said(10))
    assert await told(link) == ["1", "limit", "9", "10"]


@pytest.mark.parametrize(
    "news", [state(1, "restarting", session=OURS), state(1, "starting", session="t")]
)
async def test_a_restart_is_noticed(link: Link, lease: Lease, news: list[bytes]) -> None:
    source = await hear(link, lease, said(1))
    assert not source.restarted.is_set()
    source = await hear(link, lease, said(1), news)
    assert source.restarted.is_set()


async def test_last_words_of_the_start_before_are_no_restart(link: Link, lease: Lease) -> None:
    line: Any = Line(state(9, "idle", session="old"), state(1, "starting"), said(2))
    log, queue = OutputLog(link, KERNEL), RunQueue(link, KERNEL)
    source = WsSource(log, queue, line, lease, before="old")
    await source.begin()
    with pytest.raises(KernelUnreachable):
        await source.run()
    assert not source.restarted.is_set()
    assert await told(link) == ["9", "1", "2"]


async def test_who_was_replaced_writes_nothing_more(link: Link, lease: Lease) -> None:
    await hear(link, lease, said(1))
    await next_lease(link)
    with pytest.raises(LeaseLost):
        await hear(link, lease, said(2))
    assert await told(link) == ["1"]
