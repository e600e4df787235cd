"""Runner: gives one kernel its runs, one at a time, and says how each goes.

All that it knows of a run it reads in the kernel's log, so that whoever takes over knows as much.
"""

from __future__ import annotations

import asyncio
import logging
import time

from rtstore import metrics
from rtstore.errors import NotSent
from rtstore.kernel_bridge import requests
from rtstore.kernel_bridge.hearing import Hearing
from rtstore.kernel_bridge.orders import Orders
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.patience import Patience
from rtstore.kernel_bridge.questions import Questions
from rtstore.kernel_bridge.spoken import Spoken, before
from rtstore.kernel_bridge.turn import Channels, Turn
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import DROP, RunQueue
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import ABORTED, LOST, REQUESTED, RUNNING, SENT, Run
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

REPLY_WITHIN_S = 1.0
"""The reply comes before the kernel says idle; where it got lost, what iopub said has to do."""
QUIET_S = 5.0
"""Replies overtake what the kernel said before. If nothing more came for so long, nothing will."""
PROBED = "kernel_info_reply"
MISSED_END = "nobody listened when it ended"
UNRECORDED = "its end found no place in the kernel's journal"
UNSURE = "nobody knows whether the kernel got it"
EARLIER = "the kernel was started again"
LOOK_S = 1.0
"""The feed may lose a message; then this late."""


class Runner:
    """See the module. One for each start of the kernel and each turn of a bridge."""

    def __init__(
        self,
        log: OutputLog,
        queue: RunQueue,
        channels: Channels,
        *,
        sender: Sender,
        turn: Turn,
        widgets: OutputWidgets,
    ) -> None:
        self._log, self._queue, self._channels = log, queue, channels
        self._sender, self._turn, self._widgets = sender, turn, widgets
        self._bell = asyncio.Event()
        self._position = EntryId(0, 0)
        self._questions = Questions(queue, channels, sender=sender, turn=turn)
        self._spoken = Spoken(log, generation=turn.generation)
        self._orders = Orders(restart_ms=turn.restarting_ms)
        self._current: Run | None = None
        self._patience = Patience()
        self._is_resuming = False
        self._begin(None)

    def _begin(self, run: Run | None) -> None:
        self._current = run
        self._probed, self._has_answered = "", False
        self._questions.begin()
        self._heard = Hearing(run.count if run else "")

    def ring(self) -> None:
        """Something was added to the log or the queue."""
        self._bell.set()

    async def run(self) -> None:
        """For ever. Raises StoreUnavailable, LeaseLost, KernelUnreachable."""
        await self._resume()
        while True:
            self._bell.clear()
            await self.follow()
            if self._current is None:
                await self._send_next()
            if self._turn.refuses_repeats:
                self._patience.check(self._current)
            if self._current is not None:
                await self._widgets.show()
            elif self._turn.may_send():
                await self._widgets.flush()
            wait_s = REPLY_WITHIN_S / 4 if self._heard.idle_s else LOOK_S
            await until_set(self._bell, within_s=wait_s)

    async def _resume(self) -> None:
        """Go on with the run that the bridge before us sent."""
        self._position = await self._widgets.begin()
        self._spoken.begin(self._position)
        for run_id in await self._queue.waiting():
            run = await self._queue.get(run_id)
            if run is None:
                continue
            if run.state == REQUESTED and self._turn.is_of_earlier(run):
                await self._drop(run, EARLIER)
            elif run.state in (SENT, RUNNING) and await self._go_on(run):
                return

    async def _go_on(self, run: Run) -> bool:
        """Go on with a run that was sent; False if it was to another start of the kernel."""
        run = await self._placed(run)
        self._begin(run)
        self._position = EntryId.parse(run.sent_at or "0-0")
        if run.generation != self._turn.generation:
            await self._end_earlier(run)
            return False
        await self._replay()
        if self._current is not None and self._current.state == SENT:
            await self._send_again(self._current)
        self._patience.begin(sent_before_s=time.time() - int(run.sent or 0) / 1000)
        self._heard.is_in_doubt = True  # its end may have found no place in the journal
        if self._turn.may_miss:
            await self._may_have_missed_end()
        return True

    async def _placed(self, run: Run) -> Run:
        """The run, with a place in a log that may have begun anew since it was sent."""
        end = await self._log.end()
        if EntryId.parse(run.sent_at or "0-0") <= end:
            return run
        first = await self._spoken.first_of(run)
        sent_at = str(before(first) if first else end)
        await self._mark(run, sent_at=sent_at)
        return Run.of_fields({**run.as_fields(), "sent_at": sent_at})

    async def _end_earlier(self, run: Run) -> None:
        """The start that it was sent to is over, and the log has all that came of it."""
        self._is_resuming = True
        await self.follow()
        self._is_resuming = False
        await self._end_if_heard()
        if self._current is not None:
            by_other = "1" if self._heard.ended and self._heard.by_other else None
            why, holding = self._heard.ended or EARLIER, self._turn.holding()
            await self._queue.change(run, LOST, holding=holding, why=why, by_other=by_other)
        self._begin(None)
        self._orders = Orders(restart_ms=self._turn.restarting_ms)  # those were of that start

    async def _replay(self) -> None:
        """Follow what was said before us; of what was asked only the last may wait."""
        self._is_resuming = True
        await self.follow()
        self._is_resuming = False
        if self._current is not None:
            await self._questions.ask(self._current)

    async def _send_again(self, run: Run) -> None:
        """Perhaps the kernel never got it."""
        if run.unsent:
            await self._mark(run, unsent=DROP)
        elif not self._turn.may_resend:
            return
        # The same bytes: a kernel that has them refuses the second by their signature.
        logger.info("sent again run=%s", run.id)
        await self._widgets.flush(must=True)
        await self._request(run, requests.kept(run))

    async def _request(self, run: Run, frames: list[bytes]) -> None:
        self._turn.hurry()
        try:
            await self._channels.request(frames)
        except NotSent:
            await self._mark(run, unsent="1")
            raise
        self._patience.begin()

    async def _mark(self, run: Run, **fields: str) -> None:
        holding = self._turn.holding()
        at = (run.state,)
        await self._queue.change(run, run.state, holding=holding, when=at, said="", **fields)

    async def _probe(self, run: Run) -> None:
        """Ask the kernel something that it answers when it is through with our run."""
        self._probed = f"{run.id}-probe-{self._turn.holding().rpartition(' ')[2]}"
        await self._channels.request(requests.kernel_info(self._sender, self._probed))

    async def follow(self) -> None:
        """Act on all that the log has of our run."""
        while entries := await self._log.read(self._position):
            for entry in entries:
                self._position = entry.id
                self._spoken.note(entry)
                await self._widgets.take(entry)
                await self._heed(entry)
        if self._current is not None and self._heard.idle_s:
            waited_s = time.monotonic() - self._heard.idle_s
            if self._heard.status or waited_s > REPLY_WITHIN_S:
                await self._finish(self._current)
        elif time.monotonic() - self._heard.said_s > QUIET_S:
            if self._has_answered:
                await self._missed_end()
            elif self._heard.has_replied or self._heard.is_in_doubt:
                await self._may_have_missed_end()

    async def _heed(self, entry: OutputEntry) -> None:
        self._heard.said_s = time.monotonic()
        if entry.kind == "act":
            await self._acted(entry)
        elif entry.kind == "gap":
            self._heard.is_in_doubt = True
            if self._turn.may_miss and not self._is_resuming:
                await self._may_have_missed_end()
        elif entry.parent == self._probed != "":
            await self._probe_said(entry)
        elif self._current is not None and entry.parent == self._current.id:
            await self._step(self._current, entry)

    async def _probe_said(self, entry: OutputEntry) -> None:
        if entry.type == "status":
            await self._missed_end()
        elif entry.type == PROBED and self._turn.may_miss:
            self._has_answered = True
        elif entry.type == PROBED:  # the journal was read to its end, and has nothing of it
            await self._missed_end()

    async def _missed_end(self) -> None:
        """The kernel answers us, so our run is over, and nobody heard how it ended."""
        self._probed, self._has_answered = "", False
        run = self._current
        if run is None or self._heard.idle_s:
            return
        if not self._turn.may_miss:
            await self._queue.note("gap", "disk", run_id=run.id, why=UNRECORDED)
        if not self._heard.has_replied:  # which says how
            missed = MISSED_END if self._turn.may_miss else UNRECORDED
            self._heard.ended, self._heard.status = missed, "aborted"
            if run.state == SENT and self._turn.may_miss:
                self._heard.ended = UNSURE
                await self._queue.note("gap", "unsure", run_id=run.id, why=UNSURE)
        self._heard.idle_s = time.monotonic()

    async def _may_have_missed_end(self) -> None:
        """Something is missing, or the kernel does not say that it is through."""
        run = self._current
        if run is not None and not (self._probed or self._heard.idle_s):
            await self._probe(run)

    async def _acted(self, entry: OutputEntry) -> None:
        """Somebody does something to the kernel while our run is in it."""
        told = await self._log.content(entry)
        self._orders.note(entry, told)
        if self._current is not None and not self._heard.idle_s:
            name = str(told.get("name") or told.get("by") or "")
            ended = "" if entry.type == "interrupt" else self._orders.why
            self._heard.acted(by=told.get("by"), name=name, run=self._current, ended=ended)

    async def _step(self, run: Run, entry: OutputEntry) -> None:
        is_unheard = entry.kind == "iopub" or not self._turn.may_miss
        if run.state == SENT and entry.kind != "run" and is_unheard and entry.type != "status":
            run = await self._runs(run)  # that it began was not heard
        match entry.kind, entry.type:
            case "iopub", "status":
                await self._status_is(
                    run, str((await self._log.content(entry))["execution_state"])
                )
            case "iopub", "execute_input":
                count = (await self._log.content(entry)).get("execution_count")
                self._heard.count = str(count or "")
            case "iopub", "error" if not self._widgets.takes(run.id):
                self._heard.has_failed = True
            case "reply", "execute_reply":
                self._heard.replied(await self._log.content(entry))
            case "reply", "input_request":
                self._questions.asked(entry.msg_id, await self._log.content(entry))
                if not self._is_resuming:
                    await self._questions.ask(run)
            case "run", "answered" if run.generation == self._turn.generation:
                await self._questions.answered(run, entry)
            case _:
                pass

    async def _status_is(self, run: Run, execution_state: str) -> None:
        if execution_state == "busy" and run.state == SENT:
            await self._runs(run)
        elif execution_state == "idle":
            self._heard.idle_s = time.monotonic()

    async def _runs(self, run: Run) -> Run:
        """The kernel is at it."""
        started = str(int(time.time() * 1000))
        await self._queue.change(
            run, RUNNING, holding=self._turn.holding(), when=(SENT,), started=started
        )
        self._current = Run.of_fields({**run.as_fields(), "state": RUNNING})
        return self._current

    async def _finish(self, run: Run) -> None:
        outcome = self._heard.outcome(run)
        self._begin(None)
        if outcome.stops:  # first of all: whoever takes over in the middle finds only what waits
            await self._queue.fail(run, outcome.stops)
        holding = self._turn.holding()
        await self._queue.change(
            run, outcome.state, holding=holding, when=(SENT, RUNNING), **outcome.told
        )
        self._turn.note_over(run.id)
        metrics.RUNS.labels(state=outcome.state).inc()
        if outcome.stops:
            until_ms = self._orders.restart_ms
            await self._queue.abort(outcome.stops, of=run, until_ms=until_ms, holding=holding)

    async def _drop(self, run: Run, why: str) -> None:
        holding = self._turn.holding()
        await self._queue.change(run, ABORTED, holding=holding, when=(REQUESTED,), why=why)

    async def end(self, why: str) -> None:
        """The kernel ended, and all that it said is in the log: so did its runs."""
        await self.follow()
        await self._end_if_heard()
        await self._queue.end(
            self._orders.why_ended(why),
            by=self._orders.by,
            holding=self._turn.holding(),
            asked_until_ms=self._orders.restart_ms,
        )
        if self._current is not None:
            self._turn.note_over(self._current.id)

    async def _end_if_heard(self) -> None:
        """Nothing more comes: if the kernel said that it is through with our run, it is over."""
        if self._current is not None and self._heard.idle_s:
            await self._finish(self._current)

    async def _send_next(self) -> None:
        for run_id in await self._queue.waiting():
            run = await self._queue.get(run_id)
            if run is None:
                await self._queue.drop(run_id)
            elif run.state != REQUESTED:  # a store forgot how it ended
                self._bell.set()
                await self._go_on(run)
                return
            elif first := await self._spoken.first_of(run):
                await self._take_up(run, first)
                return
            elif why := await self._queue.failed(run):
                await self._drop(run, why)
            elif self._turn.may_send():
                await self._send(run)
                return

    async def _take_up(self, run: Run, first: EntryId) -> None:
        """The kernel has it: a store forgot that, and was asked for it again.

        Sent once more it would wait for what was said already; changed meanwhile, it would run
        twice.
        """
        generation = int(self._turn.generation or 0)
        if self._spoken.is_of_earlier(first):
            generation -= 1
        told = {
            "sent": str(int(time.time() * 1000)),
            "sent_at": str(before(first)),
            "generation": str(generation),
            "seq": run.seq,
        }
        holding = self._turn.holding()
        self._bell.set()
        if await self._queue.change(
            run, SENT, holding=holding, when=(REQUESTED,), put_back="1", **told
        ):
            logger.warning("not sent, the kernel speaks of it already run=%s", run.id)
            run = await self._runs(Run.of_fields({**run.as_fields(), **told, "state": SENT}))
            await self._go_on(run)

    async def _send(self, run: Run) -> None:
        frames = requests.execute(self._sender, run)
        # What the cells before it left in widgets: on the same socket, so the kernel has it first.
        if not await self._widgets.flush(must=True):
            return
        told = {
            "sent": str(int(time.time() * 1000)),
            "sent_at": str(self._position),
            "generation": self._turn.generation,
            "seq": run.seq,
            "frames": requests.packed(frames),
        }
        holding = self._turn.holding()
        if not await self._queue.change(run, SENT, holding=holding, when=(REQUESTED,), **told):
            self._bell.set()
            return
        run = Run.of_fields({**run.as_fields(), **told, "state": SENT})
        self._turn.note_sent(run)
        self._begin(run)
        await self._request(run, frames)
