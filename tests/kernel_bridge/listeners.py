"""Bridges that hear one kernel which keeps no journal, without the kernel."""

from __future__ import annotations

from rtstore.kernel_bridge.ring import Ring
from rtstore.kernel_bridge.ring_source import RingSource
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import KernelMessage

KERNEL = Keys().kernel("c-1", "k-1")


def said(number: int, session: str = "s") -> KernelMessage:
    content = {"name": "stdout", "text": f"{number} "}
    return KernelMessage(
        "stream", f"m{number}", session, "run", "", {}, content, 0, f"sig{session}{number}"
    )


class Bridge:
    """What one bridge heard, and its turn at writing."""

    def __init__(self, link: Link, name: str) -> None:
        self.log = OutputLog(link, KERNEL)
        self.ring = Ring(self.log, b"")
        self.lease = Lease.of_kernel(link, KERNEL, owner=name)
        self.queue = RunQueue(link, KERNEL)
        self.source = RingSource(self.log, self.queue, self.ring, self.lease, b"")

    def hear(self, *numbers: int) -> None:
        for number in numbers:
            self.ring.take(said(number), 100)

    async def take_over(self) -> None:
        assert await self.lease.acquire()
        await self.source.begin()
        await self.source.copy()

    async def die(self, link: Link) -> None:
        """As a SIGKILL, and the lease's time."""
        await link.command("DEL", KERNEL.lease)


async def text(link: Link) -> str:
    log = OutputLog(link, KERNEL)
    entries = [e for e in await log.read(BEGINNING) if e.kind == "iopub"]
    return "".join([(await log.content(e))["text"] for e in entries])


async def gaps(link: Link) -> int:
    return len([e for e in await OutputLog(link, KERNEL).read(BEGINNING) if e.kind == "gap"])
