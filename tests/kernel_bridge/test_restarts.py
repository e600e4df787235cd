"""A bridge that takes over while a kernel is started again, without a kernel."""

from __future__ import annotations

import pytest

from rtstore.kernel_bridge.runner import EARLIER
from rtstore.kernel_bridge.service import Desk, Service
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.schema.run import ABORTED, ERROR, LOST, OK, REQUESTED, Run
from tests.kernel_bridge.listeners import KERNEL
from tests.kernel_bridge.test_runner import Kernel
from tests.support.waiting import until


@pytest.fixture
async def kernel(link: Link) -> Kernel:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    return Kernel(link)


async def state(kernel: Kernel, run_id: str) -> tuple[str, str]:
    found = await kernel.queue.get(run_id)
    assert found is not None
    return found.state, found.why


async def test_what_was_asked_for_after_the_restart_was_ordered_waits_for_the_new_kernel(
    kernel: Kernel,
) -> None:
    for name, requested in (("earlier", "1000"), ("later", "2000")):
        await kernel.queue.add(Run(id=name, user="ann", source="1", requested=requested))
    async with kernel.served("heir", restarting_ms=1500, may_send=lambda: False) as runner:
        await runner.end("it was restarted")
    assert await state(kernel, "earlier") == (ABORTED, "it was restarted")
    assert (await state(kernel, "later"))[0] == REQUESTED


async def test_only_a_bridge_that_came_in_the_middle_takes_the_order_for_this_start_s(
    link: Link, kernel: Kernel
) -> None:
    lease = Lease.of_kernel(link, KERNEL, owner="w")
    service = Service(Desk(link, KernelIndex(link, Keys(), "c-1"), "w"), "k-1", lease)
    service._meta = {"state": "restarting", "ordered": "1500", "generation": "1"}

    class Source:
        def hurry(self) -> None: ...

    source = Source()
    assert service._turn("1", source).restarting_ms == 1500  # type: ignore[arg-type]
    # Who saw the order in the log ended that start by it; and this one is the next.
    assert service._turn("1", source).restarting_ms == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["ok", "error"])
async def test_a_run_that_ended_before_the_restart_ended_as_the_log_says(
    kernel: Kernel, status: str
) -> None:
    async with kernel.served("w1"):
        await kernel.begin()
    await kernel.say("reply", "execute_reply", status=status, execution_count=7)
    await kernel.say("iopub", "status", execution_state="idle")
    await kernel.queue.note("act", "restart", by="bob", name="Bob")
    async with kernel.served("heir", generation="2"):

        async def is_over() -> bool:
            return (await kernel.run()).is_over

        await until(is_over, what="it is over")
    run = await kernel.run()
    assert (run.state, run.count) == ({"ok": OK, "error": ERROR}[status], "7")


@pytest.mark.parametrize("by", ["bob", ""])
async def test_a_run_that_did_not_end_before_the_restart_is_lost(kernel: Kernel, by: str) -> None:
    async with kernel.served("w1"):
        await kernel.begin()
    if by:
        await kernel.queue.note("act", "restart", by="bob", name="Bob")
    await kernel.queue.add(Run(id="after", user="ann", document="d", source="1"))
    async with kernel.served("heir", generation="2") as runner:

        async def is_over() -> bool:
            return (await kernel.run()).is_over

        await until(is_over, what="it is over")
        run = await kernel.run()
        assert (run.state, run.by_other) == (LOST, "1" if by else "")
        assert run.why == ("the kernel was restarted by Bob" if by else EARLIER)
        # That was the start before; of this one nobody ordered anything.
        assert (runner._orders.restart_ms, runner._orders.why_ended("died")) == (0, "died")


async def test_an_end_that_came_without_its_reply_counts_when_the_kernel_dies(
    kernel: Kernel,
) -> None:
    async with kernel.served("w1") as runner:
        await kernel.begin()
        await kernel.say("iopub", "status", execution_state="idle")
        await runner.end("the kernel died")
    assert (await kernel.run()).state == OK
