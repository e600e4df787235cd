from __future__ import annotations

import json

import pytest

from rtstore.errors import LeaseLost
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import NoSuchKernel, RunQueue
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.run import ABORTED, OK, REQUESTED, RUNNING, SENT, Run

KERNEL = Keys().kernel("c-1", "k-1")


def message(epoch: int, number: int, text: str = "x", *, at: str = "") -> OutputEntry:
    content = json.dumps({"text": text})
    entry_id = EntryId(epoch, number * ROOM)
    return OutputEntry(
        entry_id, "iopub", "stream", "run", f"m{number}", at or str(number), content
    )


@pytest.fixture
def log(link: Link) -> OutputLog:
    return OutputLog(link, KERNEL)


@pytest.fixture
async def queue(link: Link) -> RunQueue:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "2")
    return RunQueue(link, KERNEL)


async def texts(log: OutputLog) -> list[str]:
    entries = await log.read(BEGINNING, limit=10_000)
    return [(await log.content(e))["text"] for e in entries if e.kind == "iopub"]


async def test_two_who_copy_one_journal_write_each_message_once(
    log: OutputLog, links: tuple[Link, Link]
) -> None:
    other = OutputLog(links[1], KERNEL)
    one = await log.begin("journal:1", {})
    two = await other.begin("journal:1", {})
    assert one.epoch == two.epoch
    messages = [message(one.epoch, number, str(number)) for number in range(1, 6)]

    assert await log.append(messages[:3]) == 3
    assert await other.append(messages[:2]) == 0
    assert await other.append(messages[1:]) == 2

    assert await texts(log) == ["1", "2", "3", "4", "5"]


async def test_a_source_goes_on_where_the_log_has_it(log: OutputLog, queue: RunQueue) -> None:
    source = await log.begin("journal:1", {})
    assert source.at == ""
    await log.append([message(source.epoch, 1, at="0"), message(source.epoch, 2, at="443")])
    await queue.note("act", "interrupt", by="ann")  # after the newest message, and none itself
    again = await log.begin("journal:1", {})
    assert (again.epoch, again.at, again.is_over) == (source.epoch, "443", False)


async def test_a_later_source_ends_the_one_before(log: OutputLog) -> None:
    first = await log.begin("journal:1", {})
    second = await log.begin("ring:7", {})
    assert second.epoch > first.epoch
    assert (await log.begin("journal:1", {})).is_over
    assert await log.append([message(first.epoch, 9)]) == 0


async def test_states_of_runs_find_room_between_messages(log: OutputLog, queue: RunQueue) -> None:
    source = await log.begin("journal:1", {})
    await log.append([message(source.epoch, 1, "before")])
    for number in range(500):
        await queue.add(Run(id=f"r{number}", document="d", cell="c"))
    assert await log.append([message(source.epoch, 2, "after")]) == 1
    assert await texts(log) == ["before", "after"]


async def test_a_long_content_is_kept_beside_and_comes_back(log: OutputLog, link: Link) -> None:
    source = await log.begin("journal:1", {})
    long = "y" * 200_000
    await log.append([message(source.epoch, 1, "short"), message(source.epoch, 2, long)])
    assert await texts(log) == ["short", long]
    assert len(repr(await link.command("XRANGE", KERNEL.out, "-", "+"))) < 10_000


async def test_old_entries_go_with_what_is_beside_them(log: OutputLog, link: Link) -> None:
    source = await log.begin("journal:1", {})
    await log.append([message(source.epoch, 1, "y" * 200_000), message(source.epoch, 2, "last")])
    assert await log.trim(before_ms=2**53) == 2
    assert await texts(log) == ["last"]
    assert not await link.command("EXISTS", KERNEL.body(f"{source.epoch}-{ROOM}"))
    assert (await log.begin("journal:1", {})).epoch == source.epoch


async def held(link: Link) -> int:
    return int(await link.command("HGET", KERNEL.meta, "held"))


async def test_a_log_that_holds_too_much_loses_the_oldest(
    log: OutputLog, queue: RunQueue, link: Link
) -> None:
    source = await log.begin("journal:1", {})
    for number in range(1, 101):
        size = 100_000 if number % 10 == 0 else 10_000
        await log.append([message(source.epoch, number, f"{number:03}" + "y" * size)])
        await queue.note("act", "interrupt")
    count = await held(link)
    assert 1_900_000 < count < 2_000_000
    assert await log.append([message(source.epoch, 100, "again")]) == 0
    assert await held(link) == count

    assert await log.trim(before_ms=2**53, bytes_max=2_000_000) == 0
    assert await log.trim(before_ms=0, bytes_max=1_000_000) == 0  # all of it is fresh
    assert await log.trim(before_ms=2**53, bytes_max=1_000_000) > 100

    found = await texts(log)
    assert (found[0][:3], found[-1][:3]) == ("063", "100")
    assert sum(map(len, found)) < await held(link) <= 750_000
    assert await log.dropped() == EntryId(source.epoch, 62 * ROOM)
    bodies = [n for n in range(1, 101) if await link.command("EXISTS", body_of(source.epoch, n))]
    assert bodies == [70, 80, 90, 100]


def body_of(epoch: int, number: int) -> str:
    return KERNEL.body(f"{epoch}-{number * ROOM}")


async def test_of_a_kernel_that_is_gone_nothing_stays_for_ever(
    log: OutputLog, queue: RunQueue, link: Link
) -> None:
    source = await log.begin("journal:1", {})
    await log.append([message(source.epoch, 1, "y" * 200_000)])
    await queue.add(Run(id="r", document="d", cell="c"))
    await link.command("HSET", KERNEL.ears, "w1", "synced")

    await KernelIndex(link, Keys(), "c-1").forget("k-1")

    body = KERNEL.body(f"{source.epoch}-{ROOM}")
    ends = {
        key: await link.command("PTTL", key)
        for key in (KERNEL.meta, KERNEL.out, KERNEL.queue, KERNEL.ears, body)
    }
    assert [key for key, ms in ends.items() if ms <= 0] == []
    assert ends[body] > ends[KERNEL.out]  # what names it goes first


async def test_who_lost_the_lease_writes_nothing(log: OutputLog, link: Link) -> None:
    lease = Lease.of_kernel(link, KERNEL, owner="w1")
    assert await lease.acquire()
    source = await log.begin("ring:1", {})
    assert await log.append([message(source.epoch, 1)], holding=lease.holding) == 1
    with pytest.raises(LeaseLost):
        await log.append([message(source.epoch, 2)], holding="w0 9")


async def test_a_run_is_queued_once_in_the_order_of_asking(queue: RunQueue) -> None:
    runs = [Run(id=f"r{number}", document="d", cell="c") for number in range(3)]
    assert [await queue.add(run) for run in runs] == [True, True, True]
    assert await queue.add(runs[0]) is False
    assert await queue.waiting() == ["r0", "r1", "r2"]
    found = await queue.get("r1")
    assert found is not None
    assert (found.state, found.seq, found.generation) == (REQUESTED, "2", "2")


async def test_an_unknown_kernel_queues_nothing(link: Link) -> None:
    with pytest.raises(NoSuchKernel):
        await RunQueue(link, Keys().kernel("c-1", "none")).add(Run(id="r"))


async def test_a_run_changes_only_from_the_states_that_are_named(
    queue: RunQueue, log: OutputLog, link: Link
) -> None:
    run = Run(id="r", document="d", cell="c")
    await queue.add(run)
    assert await queue.change(run, RUNNING, when=(SENT,)) is False
    assert await queue.change(run, SENT, when=(REQUESTED,), sent="1") is True
    assert await queue.change(run, ABORTED, when=(REQUESTED,)) is False
    assert await queue.change(run, OK, when=(SENT, RUNNING), count="3") is True
    assert await queue.waiting() == []
    kinds = [entry.type for entry in await log.read(BEGINNING)]
    assert kinds == [REQUESTED, SENT, OK]
    assert await link.command("PTTL", KERNEL.run("r")) > 0
    with pytest.raises(LeaseLost):
        await queue.change(run, OK, holding="w0 1")


async def test_of_two_answers_the_first_wins_and_a_password_is_not_told(
    queue: RunQueue, link: Link
) -> None:
    run = Run(id="r", document="d", cell="c")
    await queue.add(run)
    assert await queue.answer(run, "early", user="ann") is False
    await queue.change(run, RUNNING, said="asks", prompt="Key", password="1", prompt_id="q1")
    asking = await queue.get("r")
    assert asking is not None
    assert await queue.answer(asking, "s3cret", user="ann", prompt_id="q1") is True
    assert await queue.answer(asking, "late", user="bob") is False
    assert await queue.answer_of("r") == "s3cret"
    assert b"s3cret" not in repr(await link.command("XRANGE", KERNEL.out, "-", "+")).encode()
