"""What a bridge does when the kernel does not take what it is sent; without a kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rtstore.errors import KernelUnreachable
from rtstore.kernel_bridge import patience
from rtstore.kernel_bridge import runner as runners
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.runner import Runner
from rtstore.kernel_bridge.turn import Turn
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.widget_book import WidgetBook
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import Run
from tests.support.stores import Store

KERNEL = Keys().kernel("c-1", "k-1")


class DeafChannels:
    """What is sent goes nowhere: another bridge, which stood still, has our name by now."""

    def __init__(self) -> None:
        self.sent: list[Sequence[bytes]] = []

    async def request(self, frames: Sequence[bytes]) -> None:
        self.sent.append(frames)


async def serve(
    link: Link, lease: Lease, *, refuses_repeats: bool, within_s: float = 30.0
) -> DeafChannels:
    """One bridge's turn: until it gives up. Raises TimeoutError if it does not."""
    channels = DeafChannels()
    log, queue, sender = OutputLog(link, KERNEL), RunQueue(link, KERNEL), Sender("s", b"k")
    turn = Turn(
        "1",
        lambda: lease.holding,
        lambda: True,
        lambda: None,
        refuses_repeats=refuses_repeats,
    )
    book = WidgetBook(link, KERNEL)
    widgets = OutputWidgets(log, queue, book, channels, sender=sender, turn=turn)  # type: ignore[arg-type]
    made = Runner(log, queue, channels, sender=sender, turn=turn, widgets=widgets)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(within_s):
            await made.run()
    except KernelUnreachable:
        pass
    return channels


async def test_a_request_that_the_kernel_says_nothing_of_is_sent_again_on_new_channels(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "UNHEARD_S", 0.05)
    monkeypatch.setattr(runners, "LOOK_S", 0.02)
    async with connect(store.url, name="test") as link:
        await link.command("HSET", KERNEL.meta, "kernel_id", "k-1")
        lease = Lease.of_kernel(link, KERNEL, owner="w")
        assert await lease.acquire()
        await RunQueue(link, KERNEL).add(Run(id="run", source="1"))
        first = await serve(link, lease, refuses_repeats=True)
        again = await serve(link, lease, refuses_repeats=True)
        assert first.sent == again.sent != []

        with pytest.raises(TimeoutError):  # another kernel might run it twice: wait
            await serve(link, lease, refuses_repeats=False, within_s=0.5)
