"""Service: one kernel in the care of this bridge, from taking its lease to giving it back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rtstore.errors import KernelUnreachable, LeaseLost, StoreUnavailable
from rtstore.kernel_bridge import channels, holes, process
from rtstore.kernel_bridge.afar import Afar, journal_of
from rtstore.kernel_bridge.connection import Connection
from rtstore.kernel_bridge.journal_source import JournalSource
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.ring import Ring
from rtstore.kernel_bridge.ring_source import RingSource
from rtstore.kernel_bridge.runner import Runner
from rtstore.kernel_bridge.sent_runs import SentRuns
from rtstore.kernel_bridge.turn import Channels, Turn
from rtstore.kernel_bridge.ws_source import WsSource
from rtstore.redis_backend.kernel_index import WS, KernelIndex, Meta, capture_of
from rtstore.redis_backend.lease import RENEW_S, Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.widget_book import WidgetBook
from rtstore.schema import feed
from rtstore.schema.feed import FeedNotice
from rtstore.schema.kernel_message import Sender
from rtstore.schema.run import session_of
from rtstore.tasks import background, until_set

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""The feed may lose the news of a kernel; then this late."""
LOOK_AFAR_S = 0.1
"""No process tells that a kernel on another host ended."""
NOT_NOW = frozenset({"restarting", "ending", "dead"})
"""States of a kernel in which it is given nothing more to run."""
KEPT_S, TRIM_EVERY_S = 86_400.0, 10.0
"""What a kernel said can be read for a day,"""
OUT_BYTES_MAX, FRESH_S = 256 * 2**20, 60.0
"""or a minute at least, if it says more than this."""
_EPOCH = "epoch:journal:"
Job = Coroutine[None, None, None]


class Source(Protocol):
    """Where a kernel's messages come from: its journal, what bridges heard, or a websocket."""

    async def begin(self) -> None:
        """Find out how far the log has it. Raises StoreUnavailable, OSError."""

    async def run(self) -> None:
        """Write what comes, for ever."""

    async def copy(self) -> bool:
        """Write all that is there; whether there was any."""

    async def reply(self, frames: list[bytes]) -> None:
        """What came over shell or stdin."""

    def hurry(self) -> None:
        """Something is about to come."""

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all services of one bridge share."""

    link: Link
    index: KernelIndex
    worker: str


class Service:
    """See the module."""

    def __init__(
        self,
        desk: Desk,
        kernel_id: str,
        lease: Lease,
        ring: Ring | None = None,
        afar: Afar | None = None,
        sent_runs: SentRuns | None = None,
    ) -> None:
        """`ring`: what was heard of a kernel that writes no journal; `afar`: of one that is not
        at hand; `sent_runs`: what it was sent in this bridge's earlier turns.
        """
        self._sent_runs = sent_runs or SentRuns()
        self._desk, self._kernel_id, self._lease, self._ring = desk, kernel_id, lease, ring
        self._afar, self._session = afar, session_of(kernel_id)
        self._kernel_session = ""
        self._restarted = ring.restarted if ring is not None else asyncio.Event()
        """Set when the kernel was started again, where its messages are what tells."""
        self._keys = desk.index.keys_of(kernel_id)
        self._log = OutputLog(desk.link, self._keys)
        self._queue = RunQueue(desk.link, self._keys)
        self._meta: Meta = {}
        self._news = asyncio.Event()
        self._runner: Runner | None = None
        self._awaits_start = False
        self._store_is_back = asyncio.Event()
        self._is_heir = True
        """Whether we have served no start of it yet: we may come in the middle of anything."""

    async def run(self) -> None:
        """Until the kernel is gone, and all that it said is in the log. Raises RTStoreError."""
        if self._ring is not None:
            self._ring.restarted.clear()  # it was that of the one who served it then
        async with (
            self._desk.link.listen(self._keys.feed, self._heard),
            self._desk.link.watch(self._store_changed),
            background(self._renew(), self._until_store_is_back()),
        ):
            while await self._serve_one_start():
                pass

    def _heard(self, data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedNotice) and message.told.get("type") == "kernel":
            self._news.set()
        if self._runner is not None:
            self._runner.ring()

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._store_is_back.set()

    async def _until_store_is_back(self) -> None:
        """It may have lost what it was told last, though nothing of ours failed meanwhile: what we
        take for copied, and for over, is found out anew.
        """
        await self._store_is_back.wait()
        raise StoreUnavailable("it was away: begin again")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await self._lease.renew():
                raise LeaseLost(f"the lease of kernel {self._kernel_id}")

    async def _serve_one_start(self) -> bool:
        """Serve it until this start of it has ended; whether there is, or may be, another."""
        meta = self._meta = await self._desk.index.meta(self._kernel_id)
        if not meta:
            return False
        generation = meta.get("generation", "")
        if not generation:
            await self._until_news()
            if meta.get("state") == "dead":
                await self._close()
            return meta.get("state") != "dead"
        if self._afar is not None and meta.get("state") == "dead":
            await self._close()
            return False
        if self._afar is None:
            await self._serve_at_hand(meta, generation)
        else:
            await self._serve_afar(self._afar, meta, generation)
        return await self._is_there_another(generation)

    async def _is_there_another(self, generation: str) -> bool:
        """Wait until the kernel has another start, or will have none."""
        while True:
            meta = self._meta = await self._desk.index.meta(self._kernel_id)
            if meta.get("state") == "dead" or not meta:
                await self._close()
                return False
            if meta.get("generation") != generation:
                self._note_start()
                return True
            # One that somebody ordered has a number; until then the kernel takes no requests.
            is_counted = self._afar is not None and meta.get("state") == "restarting"
            if not is_counted and self._has_started_again():
                self._note_start()
                self._awaits_start = False
                return True
            await self._until_news()

    async def _close(self) -> None:
        """It is dead, and nothing more comes of it."""
        # Somebody may have asked between its end and the news of it; nobody can from now.
        await self._queue.end(self._why_ended(), holding=self._lease.holding)
        await self._desk.index.forget(self._kernel_id)

    async def _serve_at_hand(self, meta: Meta, generation: str) -> None:
        connection = Connection.read(meta.get("connection_file", ""))
        if self._ring is None:
            for earlier in earlier_starts(meta):
                async with self._source(connection, earlier) as source:
                    await source.copy()
        async with (
            self._source(connection, generation) as source,
            channels.opened(connection, identity=self._session.encode()) as opened,
        ):
            journal = journal_of(meta, generation) if self._ring is None else ""
            turn = self._turn(generation, source)
            runner = self._runner_of(opened, Sender(self._session, connection.key), turn)
            jobs = _take_replies(opened, source), self.tidy(journal)
            await self._serve(source, runner, generation, jobs)

    async def _serve_afar(self, afar: Afar, meta: Meta, generation: str) -> None:
        if capture_of(meta) != WS:
            await self._desk.index.serve_afar(self._kernel_id, generation)
        async with afar.opened(self._kernel_id, meta, session=self._session) as opened:
            before = self._kernel_session
            source = WsSource(self._log, self._queue, opened, self._lease, before=before)
            self._restarted = source.restarted
            await source.begin()
            turn = self._turn(generation, source)
            runner = self._runner_of(opened, Sender(self._session, b""), turn)
            await self._serve(source, runner, generation, (self.tidy(""),))
            self._kernel_session = source.session

    def _turn(self, generation: str, source: Source) -> Turn:
        ordered_ms = int(self._meta.get("ordered") or 0)
        # The next start is told in one step with its state, so the order is of the one we found.
        is_restarting = self._is_heir and self._meta.get("state") == "restarting"
        self._is_heir = False
        return Turn(
            generation,
            holding=lambda: self._lease.holding,
            may_send=lambda: self._may_send(generation),
            hurry=source.hurry,
            note_sent=self._sent_runs.note,
            note_over=self._sent_runs.over,
            may_miss=self._ring is not None or self._afar is not None,
            may_resend=self._afar is None and self._refuses_repeats(),
            may_show=self._ring is None and self._afar is None,
            refuses_repeats=self._ring is None and self._afar is None,  # IPython's: by signatures
            ordered_ms=ordered_ms,
            restarting_ms=ordered_ms if is_restarting else 0,
        )

    def _refuses_repeats(self) -> bool:
        """Other kernels than IPython's would run a cell again."""
        return self._ring is None or self._meta.get("repeats") == "refused"

    def _may_send(self, generation: str) -> bool:
        """Whether this start of the kernel would get it: its server may have another."""
        if self._has_started_again() or self._meta.get("generation") != generation:
            return False
        return self._meta.get("state") not in NOT_NOW

    @asynccontextmanager
    async def _source(self, connection: Connection, generation: str) -> AsyncIterator[Source]:
        source: Source
        if self._ring is not None:
            source = RingSource(self._log, self._queue, self._ring, self._lease, connection.key)
        else:
            path = journal_of(self._meta, generation)
            source = JournalSource(
                self._log, self._queue, path=path, key=connection.key, generation=generation
            )
        try:
            await source.begin()
            yield source
        except OSError as error:
            raise KernelUnreachable(f"journal of kernel {self._kernel_id}: {error}") from error
        finally:
            source.close()

    async def _serve(
        self, source: Source, runner: Runner, generation: str, jobs: tuple[Job, ...]
    ) -> None:
        self._runner = runner
        await source.copy()
        async with background(source.run(), runner.run(), *jobs):
            await self._until_ended(generation)
        await source.copy()
        await runner.end(self._why_ended())
        self._runner = None

    def _runner_of(self, opened: Channels, sender: Sender, turn: Turn) -> Runner:
        book = WidgetBook(self._desk.link, self._keys)
        widgets = OutputWidgets(self._log, self._queue, book, opened, sender=sender, turn=turn)
        return Runner(self._log, self._queue, opened, sender=sender, turn=turn, widgets=widgets)

    async def tidy(self, journal: str) -> None:
        """Keep log and disk small, for ever, while `journal` ('': none) is copied.

        Raises StoreUnavailable.
        """
        while True:
            if dropped := await self.trim():
                logger.info("trimmed kernel=%s entries=%d", self._kernel_id, dropped)
            await asyncio.sleep(TRIM_EVERY_S)  # a store may lose what it was told last
            if journal:
                remove_earlier(Path(journal))

    async def trim(self) -> int:
        """Keep the log short: documents have what is older, each keeper follows within seconds.

        How many entries were dropped. Raises StoreUnavailable.
        """
        now = time.time()
        dropped = await self._log.trim(before_ms=int((now - KEPT_S) * 1000))
        fresh = int((now - FRESH_S) * 1000)
        return dropped + await self._log.trim(before_ms=fresh, bytes_max=OUT_BYTES_MAX)

    async def _until_ended(self, generation: str) -> None:
        pid = int(self._meta.get("pid") or 0) if self._afar is None else 0
        async with background(self._watch()):
            while self._meta.get("generation") == generation and process.may_run(pid):
                if self._meta.get("state") == "dead":
                    return
                if self._has_started_again():
                    return
                if self._afar is not None:
                    await until_set(self._restarted, within_s=LOOK_AFAR_S)
                    continue
                await process.until_ended(pid, within_s=LOOK_S)

    def _has_started_again(self) -> bool:
        """Whether what it says tells of a start that nobody told us of.

        One that somebody is at is told when it is done, and mostly before the kernel speaks.
        """
        if not self._restarted.is_set() or self._ring is None:
            return self._restarted.is_set()
        if self._awaits_start:
            self._awaits_start = False
            self._restarted.clear()
            return False
        return self._meta.get("state") not in NOT_NOW

    def _note_start(self) -> None:
        """It has another start: if it has not spoken yet, that it does is no news."""
        self._awaits_start = self._ring is not None and not self._restarted.is_set()
        self._restarted.clear()

    async def _watch(self) -> None:
        while True:
            await self._until_news()
            self._meta = await self._desk.index.meta(self._kernel_id)
            if self._runner is not None:
                self._runner.ring()

    async def _until_news(self) -> None:
        await until_set(self._news, within_s=LOOK_S)
        self._news.clear()

    def _why_ended(self) -> str:
        if by := self._meta.get("by"):
            done = "restarted" if self._meta.get("state") == "restarting" else "shut down"
            return f"the kernel was {done} by {by}"
        return self._meta.get("why") or "the kernel died"


def earlier_starts(meta: Meta) -> list[str]:
    """Starts before the present one that nobody copied to the end: all bridges were away."""
    begun = [
        int(field.removeprefix(_EPOCH))
        for field in meta
        if field.startswith(_EPOCH) and field.removeprefix(_EPOCH).isdigit()
    ]
    first = max(begun, default=0)
    starts = range(max(first, 1), int(meta.get("generation") or 0))
    return [str(start) for start in starts if Path(journal_of(meta, str(start))).exists()]


def remove_earlier(journal: Path) -> None:
    """Remove the journals of starts before this one's: the log takes nothing of them any more."""
    for path in journal.parent.glob("*.journal"):
        if path.stem.isdigit() and int(path.stem) < int(journal.stem):
            try:
                path.unlink(missing_ok=True)
                Path(f"{path}{holes.NOTE}").unlink(missing_ok=True)
            except OSError as error:
                logger.debug("not removed path=%s why=%s", path, error)


async def _take_replies(opened: channels.Channels, source: Source) -> None:
    async for frames in opened.replies():
        await source.reply(frames)
