"""WsSource: writes what comes over a kernel's websocket, for as long as its lease is ours.

Nobody else hears it for us, and servers between may hold back what a kernel says: what is missing
is found by the numbers in the ids of messages, and said.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from rtstore import metrics
from rtstore.errors import BadFrame, KernelUnreachable, LeaseLost
from rtstore.kernel_bridge import transcript
from rtstore.kernel_bridge.numbers import Numbers
from rtstore.kernel_bridge.ring import name_of
from rtstore.kernel_bridge.ws_channels import WsChannels
from rtstore.redis_backend.kernel_index import WS
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import kernel_message
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import KernelMessage
from rtstore.schema.run import RUNNING, SENT, Run

logger = logging.getLogger(__name__)

BATCH, BATCH_CHARS = 200, 2**21
HOLD_S = 0.25
"""Messages of two channels may overtake each other by a little: only then they are missing."""
RECALLED = 500
"""Of what was written before us, enough to know the newest numbers."""
BLACKOUT = "nobody listened for a while"
LIMITED = "a server before the kernel limits how much it may say at once"
_GONE = ("restarting", "dead")
_REPLIES = ("shell", "stdin", "control")


@dataclass(frozen=True, slots=True)
class _Hole:
    """Where messages are missing."""

    at: EntryId
    """The one that came after them."""
    run: str
    """That it belongs to; '' if to none of ours."""
    kind: str
    why: str = ""
    """Where it is certain; else numbers that are missing tell, if they do not come yet."""


class WsSource:
    """See the module; what JournalSource is for a journal."""

    def __init__(
        self,
        log: OutputLog,
        queue: RunQueue,
        channels: WsChannels,
        lease: Lease,
        *,
        before: str = "",
    ) -> None:
        """`before`: session of the start before this one, whose last words may be to come."""
        self._log, self._queue, self._channels, self._lease = log, queue, channels, lease
        self._numbers = Numbers()
        self._epoch = self._number = 0
        self._unwritten: deque[list[OutputEntry]] = deque()
        self._hole: _Hole | None = None
        self._was_limited = False
        self._may_lack_first = True
        """Jupyter keeps the first message to itself, by which it sees that a connection works. It
        has a smaller number than all that we get, unless a kernel's welcome overtook others.
        """
        self._run: Run | None = None
        """Was under way before us, and nothing of it came to us yet."""
        self._before, self.session = before, ""
        """The kernel's own; each start of it has another."""
        self.restarted = asyncio.Event()
        """Set when the kernel was started again, or ended."""

    async def begin(self) -> None:
        """Begin our turn: from here on the log refuses what the one before us still writes."""
        newest = await self._log.newest(RECALLED)
        token = self._lease.holding.rpartition(" ")[2]
        source = await self._log.begin(f"{WS}:{token}", {"capture": WS})
        self._epoch = source.epoch
        if source.last.epoch == source.epoch:  # our turn goes on after the kernel's restart
            self._number = source.last.revision
        self._run = await self._under_way()
        if self._run is not None:
            self._numbers.recall((entry.kind, entry.msg_id) for entry in newest if entry.msg_id)

    async def _under_way(self) -> Run | None:
        for run_id in await self._queue.waiting():
            run = await self._queue.get(run_id)
            if run is not None and run.state in (SENT, RUNNING):
                return run
        return None

    def close(self) -> None:
        """Nothing is held."""

    def hurry(self) -> None:
        """It is never slow."""

    async def reply(self, frames: list[bytes]) -> None:
        """Replies come with all else."""

    async def run(self) -> None:
        """Write what comes, for ever. Raises StoreUnavailable, LeaseLost, KernelUnreachable."""
        while True:
            try:
                await self._listen()
            finally:
                self._settle()
            await self.copy()

    async def _listen(self) -> None:
        """Take what is there, at least one message; a little more where something is missing."""
        self._take(*await self._heard())
        while len(self._unwritten) < BATCH and (more := self._channels.heard_already()):
            self._take(*more)
        if self._hole is None or not self._numbers.lost:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_S):
                while self._numbers.lost and len(self._unwritten) < 10 * BATCH:
                    self._take(*await self._heard())

    async def _heard(self) -> tuple[str, list[bytes]]:
        try:
            return await self._channels.heard()
        except KernelUnreachable:
            self._settle()
            await self.copy()
            raise

    def _take(self, channel: str, frames: list[bytes]) -> None:
        try:
            message = kernel_message.parse(frames, key=b"")
        except BadFrame as error:
            metrics.BAD_MESSAGES.inc()
            logger.debug("kernel message dropped log=%s why=%s", self._log.keys.out, error)
            return
        self._number += ROOM
        first = EntryId(self._epoch, self._number)
        if message.session == self._channels.session:
            self._server_said(message, first)
            return
        kind = "iopub" if channel == "iopub" else "reply" if channel in _REPLIES else ""
        if not kind:
            return
        self._note_session(message)
        self._look_for_hole(message, channel, first)
        told = transcript.entries(message, first, kind=kind, at=name_of(message))
        self._unwritten.append(list(told))

    def _note_session(self, message: KernelMessage) -> None:
        if message.session == self._before:
            return
        if self.session not in ("", message.session) and message.msg_type == "status":
            self.restarted.set()
        self.session = message.session

    def _server_said(self, message: KernelMessage, at: EntryId) -> None:
        """Not the kernel, but a server on the way to it, in our name."""
        if message.msg_type == "status" and message.content.get("execution_state") in _GONE:
            self.restarted.set()
        elif message.msg_type == "stream":
            logger.warning("output held back log=%s", self._log.keys.out)
            self._was_limited = True
            self._hole = _Hole(at, self._run_of(message), "limit", LIMITED)

    def _look_for_hole(self, message: KernelMessage, channel: str, at: EntryId) -> None:
        run, self._run = self._run, None
        has_ground = self._numbers.follows(message.msg_id)
        opens = self._numbers.heard(message, channel=channel)
        if self._hole is not None:
            return
        if run is not None and not has_ground:
            # No number tells whether something came before this; but a run begins with "busy".
            is_first = message.parent == run.id and message.msg_type == "status"
            if not is_first or message.content.get("execution_state") != "busy":
                self._hole = _Hole(at, run.id, "blackout", BLACKOUT)
        elif opens:
            self._hole = _Hole(at, run.id if run is not None else self._run_of(message), "lost")

    def _run_of(self, message: KernelMessage) -> str:
        is_ours = message.parent_session == self._channels.session
        return message.parent if is_ours and message.parent_type == "execute_request" else ""

    def _settle(self) -> None:
        """Say before which message others are missing, if they did not come since."""
        lost, hole = self._numbers.lost, self._hole
        self._hole = None
        self._numbers.settle()
        if hole is None or not (lost or hole.why):
            return
        is_first, self._may_lack_first = self._may_lack_first and lost == 1, False
        if is_first and not (hole.run or hole.why):
            return
        if not hole.why and self._was_limited:  # that was said where it began
            self._was_limited = False
            return
        why = hole.why or f"{lost} message{'s' if lost > 1 else ''} did not come through"
        before = hole.at._replace(revision=hole.at.revision - 1)
        gap = OutputEntry(before, "gap", hole.kind, hole.run, "", "", json.dumps({"why": why}))
        sooner = [one for one in self._unwritten if one[0].id < before]
        later = [one for one in self._unwritten if one[0].id > before]
        self._unwritten = deque([*sooner, [gap], *later])

    async def copy(self) -> bool:
        """Write all that was heard; whether there was any."""
        had_any = bool(self._unwritten)
        while self._unwritten:
            batch: list[OutputEntry] = []
            number = chars = 0
            for told in self._unwritten:
                if number == BATCH or chars >= BATCH_CHARS:
                    break
                batch += told
                number, chars = number + 1, chars + sum(len(entry.content) for entry in told)
            if not self._lease.holding:
                raise LeaseLost(f"the lease of {self._log.keys.tag}")
            # Written again after a cancellation they are refused: their ids are what they were.
            await self._log.append(batch, holding=self._lease.holding)
            for _ in range(number):
                self._unwritten.popleft()
        return had_any
