"""Questions: what a running cell asks its user (``input()``), and the answer on its way back."""

from __future__ import annotations

from rtstore.kernel_bridge import requests
from rtstore.kernel_bridge.turn import Channels, Turn
from rtstore.redis_backend.output_log import OutputEntry
from rtstore.redis_backend.run_queue import DROP, RunQueue
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import RUNNING, SENT, Run


class Questions:
    """See the module. Of one run at a time: `begin` with each."""

    def __init__(self, queue: RunQueue, channels: Channels, *, sender: Sender, turn: Turn) -> None:
        self._queue, self._channels, self._sender, self._turn = queue, channels, sender, turn
        self._open: tuple[str, dict[str, object]] | None = None

    def begin(self) -> None:
        """Nothing is asked yet."""
        self._open = None

    def asked(self, msg_id: str, told: dict[str, object]) -> None:
        """The kernel asks this; only the last may wait for an answer."""
        self._open = msg_id, told

    async def ask(self, run: Run) -> None:
        """Say in the log what waits for an answer, once, whoever serves the kernel."""
        if self._open is None:
            return
        msg_id, told = self._open
        fresh = await self._queue.get(run.id)
        if fresh is None or msg_id in (fresh.prompt_id, fresh.answered):
            return  # the bridge before us said so
        await self._queue.change(
            run,
            RUNNING,
            holding=self._turn.holding(),
            when=(SENT, RUNNING),
            said="asks",
            prompt=str(told.get("prompt", "")),
            password="1" if told.get("password") else None,
            prompt_id=msg_id,
        )

    async def answered(self, run: Run, entry: OutputEntry) -> None:
        """Somebody answered what the cell asked: tell the kernel."""
        if self._open is not None and self._open[0] == entry.msg_id:
            self._open = None
        value = await self._queue.answer_of(run.id)
        if value is None:  # the bridge before us told it
            return
        frames = self._sender.request(
            "input_reply",
            {"value": value, "status": "ok"},
            msg_id=f"{run.id}-{entry.id}",
            date=requests.now(),
        )
        await self._channels.answer(frames)
        self._turn.hurry()
        await self._queue.change(
            run, RUNNING, holding=self._turn.holding(), when=(RUNNING,), said="", answer=DROP
        )
