"""A store that forgot runs which a bridge had sent, without a kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtstore.kernel_bridge import requests, sent_runs
from rtstore.kernel_bridge.sent_runs import SentRuns
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import OK, REQUESTED, SENT, Run
from tests.kernel_bridge.listeners import KERNEL
from tests.kernel_bridge.test_runner import Kernel
from tests.support.waiting import until

RUN = Run(id="run", document="d", cell="c", kernel="k-1", user="ann", source="1", requested="5")
AS_SENT = Run.of_fields(
    {**RUN.as_fields(), "sent": "7", "sent_at": "1-1", "generation": "1", "frames": "[]"}
)


@pytest.fixture
async def queue(link: Link) -> RunQueue:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    return RunQueue(link, KERNEL)


async def said(link: Link) -> list[str]:
    return [entry.type for entry in await Kernel(link).log.read(BEGINNING)]


@pytest.mark.parametrize("forgotten", ["the run", "that it was sent"])
async def test_it_is_told_that_they_were_sent(link: Link, queue: RunQueue, forgotten: str) -> None:
    kept = SentRuns()
    kept.note(AS_SENT)
    if forgotten == "that it was sent":
        await queue.add(RUN)

    assert await kept.put_back(queue)

    found = await queue.get("run")
    assert found is not None
    assert (found.state, found.sent_at, found.frames) == (SENT, "1-1", "[]")
    assert await queue.waiting() == ["run"]
    assert await said(link) == ["requested", "sent"]
    (_, entry) = await Kernel(link).log.read(BEGINNING)
    assert json.loads(entry.content)["put_back"] == "1"


async def test_what_it_knows_is_not_told_again(link: Link, queue: RunQueue) -> None:
    kept = SentRuns()
    kept.note(AS_SENT)
    await queue.add(RUN)
    await queue.change(RUN, SENT, when=(REQUESTED,))
    await queue.change(RUN, OK)
    await kept.put_back(queue)
    assert await said(link) == ["requested", "sent", "ok"]


async def test_a_kernel_that_it_knows_no_more_has_no_runs(link: Link) -> None:
    kept = SentRuns()
    kept.note(AS_SENT)
    assert not await kept.put_back(RunQueue(link, KERNEL))
    assert await RunQueue(link, KERNEL).waiting() == []


def test_a_run_is_the_same_request_whoever_sends_it_and_when() -> None:
    assert requests.execute(Sender("s", b"k"), RUN) == requests.execute(Sender("s", b"k"), RUN)


async def test_several_that_were_sent_are_followed_one_after_the_other(
    link: Link, queue: RunQueue
) -> None:
    kernel = Kernel(link)
    for name in ("first", "second"):
        run = Run.of_fields({**RUN.as_fields(), "id": name})
        await queue.add(run)
        told: dict[str, Any] = {"generation": "1", "sent": "7", "frames": "[]", "sent_at": "0-0"}
        await queue.change(run, SENT, when=(REQUESTED,), **told)
        await kernel.say("iopub", "status", name, execution_state="busy")
        await kernel.say("reply", "execute_reply", name, status="ok", execution_count=1)
        await kernel.say("iopub", "status", name, execution_state="idle")

    async def are_over() -> bool:
        return not await queue.waiting()

    async with kernel.served("w1"):
        await until(are_over, what="both are over")
    assert kernel.sent == []
    for name in ("first", "second"):
        found = await queue.get(name)
        assert found is not None
        assert found.state == OK


async def test_what_was_over_long_before_is_not_put_back(
    queue: RunQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_runs, "KEPT_S", 0.0)  # all that is over was so long before
    told = SentRuns()
    for name in "abc":
        told.note(Run.of_fields({**AS_SENT.as_fields(), "id": name}))
    await told.put_back(queue)
    assert await queue.waiting() == ["c"]  # only one is in the kernel at a time
    told.note(Run.of_fields({**AS_SENT.as_fields(), "id": "d"}))
    told.over("d")
    await told.put_back(queue)
    assert await queue.waiting() == ["c"]
