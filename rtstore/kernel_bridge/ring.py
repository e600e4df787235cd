"""Ring: what one bridge heard of a kernel that writes no journal, as far as the log lacks it.

Every bridge of the host listens all the time; one, by lease, writes. Who takes over knows from
the log what is there, and has the rest here. A message is known by its signature.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import zmq
import zmq.asyncio

from rtstore import metrics
from rtstore.errors import BadFrame, StoreRefused, StoreUnavailable
from rtstore.kernel_bridge.connection import Connection
from rtstore.kernel_bridge.heard import Heard, Replies, WrittenLately
from rtstore.kernel_bridge.numbers import Numbers
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.schema import kernel_message
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.kernel_message import KernelMessage

logger = logging.getLogger(__name__)

MESSAGES_MAX, BYTES_MAX = 100_000, 128 * 2**20
"""More than this that nobody writes is forgotten: there will be a gap."""
MESSAGE_BYTES_MAX = 64 * 2**20
"""Of a longer message it is only said that it is missing."""
TOO_MUCH, TOO_LARGE = "more was said than could be written", "it was more than 64 MB"
SETTLE_ENTRIES = 1000
ROOM_FOR_OTHERS, PARTS = 1000, 4
"""Of the log's newest entries, how many may be of no message; and how many one message has."""
LOOK_S = 1.0


class Ring:
    """See the module. `listening` is its life."""

    def __init__(self, log: OutputLog, key: bytes) -> None:
        self._log, self._key = log, key
        self._heard: OrderedDict[str, Heard] = OrderedDict()
        self._bytes = 0
        self._kept = WrittenLately()
        self.replies = Replies()
        self.may_be_lost = False
        """Whether the log may lack what was written to it: `catch_up` before anything else is."""
        self.forgotten = ""
        """Why something is missing before the first message held; '' if nothing is."""
        self._numbers = Numbers()
        self._hole = ""
        """The first message before which numbers are missing."""
        self._unsettled = 0
        self._written_first: set[str] = set()
        """Signatures that the log had before our socket did."""
        self._last_written = ""
        self.own_epoch = 0
        """What is written under it we wrote ourselves."""
        self._position = EntryId(0, 0)
        self._bell = asyncio.Event()
        self._reading = asyncio.Lock()
        self.news = asyncio.Event()
        """Set when there is something to write."""
        self.restarted = asyncio.Event()
        """Set when the kernel was started again."""
        self.is_synced = False
        """Whether the log and we have heard the same since some message: none is missing here."""
        self._sessions: set[str] = set()
        self._has_complained = False

    @asynccontextmanager
    async def listening(self, link: Link, connection: Connection) -> AsyncIterator[None]:
        """Hear the kernel, and what of it is written, while the body runs."""
        # Read before we listen: what comes between is then in both, and known to be the same.
        self._position = await self._log.end()
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.SUB)
        try:
            socket.rcvhwm = 0
            socket.linger = 0
            socket.subscribe(b"")
            # The kernel answers a subscription to a topic of its own: everybody hears that.
            socket.subscribe(f"rtstore.sync.{uuid.uuid4().hex}".encode())
            connection.connect(socket, connection.iopub)
            async with (
                link.listen(self._log.keys.feed, lambda _: self._bell.set()),
                link.watch(self.store_changed),
                asyncio.TaskGroup() as tasks,
            ):
                jobs = [tasks.create_task(self._hear(socket)), tasks.create_task(self._follow())]
                try:
                    yield
                finally:
                    for job in jobs:
                        job.cancel()
        finally:
            socket.close()
            context.term()

    async def _hear(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            frames = await socket.recv_multipart()
            try:
                message = kernel_message.parse(frames, key=self._key)
            except BadFrame as error:
                metrics.BAD_MESSAGES.inc()
                if not self._has_complained:
                    logger.warning(
                        "kernel message dropped log=%s why=%s", self._log.keys.out, error
                    )
                self._has_complained = True
                continue
            self.take(message, sum(map(len, frames)))

    def take(self, message: KernelMessage, size: int) -> None:
        """One message that the kernel sent."""
        self._note_start(message.session)
        name = name_of(message)
        was_missing = self._numbers.lost
        if self._numbers.heard(message, channel="iopub") and not was_missing:
            self._hole = name  # what was missing before is explained
        if message.msg_type == "iopub_welcome":
            return
        told = Heard(name, message, size)
        if size > MESSAGE_BYTES_MAX:
            told = Heard(name, replace(message, content={}, metadata={}), 0, TOO_LARGE)
        if name in self._written_first:
            self._written_first.discard(name)
            self._kept.add(told)
            self.is_synced = True
            return
        self._heard[name] = told
        self._bytes += told.size
        if len(self._heard) > MESSAGES_MAX or self._bytes > BYTES_MAX:
            logger.warning("too much unwritten, forgotten log=%s", self._log.keys.out)
            self._heard.clear()
            self._bytes, self.is_synced, self.forgotten = 0, False, TOO_MUCH
        self.news.set()

    def _note_start(self, session: str) -> None:
        """Each start of a kernel has a session of its own, whatever it says first."""
        if session in self._sessions:
            return  # perhaps of the start before: what it said last may come late
        if self._sessions:
            self.restarted.set()
            self.settle()
        self._sessions.add(session)

    def replied(self, message: KernelMessage) -> None:
        """What the kernel told us alone: its number is not missing."""
        self.replies.came(name_of(message), message)
        self._numbers.heard(message, channel="shell")

    def missed(self) -> tuple[int, str]:
        """How many messages are missing as far as is known now, and the one that came after."""
        return self._numbers.lost, self._hole

    def settle(self) -> None:
        """What is missing was said in the log, or is explained."""
        self._numbers.settle()
        self._hole, self._unsettled = "", 0

    async def _follow(self) -> None:
        while True:
            self._bell.clear()
            with suppress(TimeoutError):
                try:
                    await self.catch_up()
                except (StoreUnavailable, StoreRefused) as error:
                    # Whatever the store does, we go on listening: nobody else may have heard.
                    logger.info("log not read log=%s why=%s", self._log.keys.out, error)
                async with asyncio.timeout(LOOK_S):
                    await self._bell.wait()

    async def catch_up(self) -> None:
        """Take off what the log has."""
        async with self._reading:
            await self._catch_up()

    def store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        """It went away, or is back: perhaps without what it was told last."""
        self.may_be_lost = True
        if is_up:
            self._bell.set()

    async def _find_lost(self) -> None:
        """Have what was written, and is not in the log any more, written again."""
        limit = ROOM_FOR_OTHERS + PARTS * len(self._kept.heard())
        entries, kept = await self._log.newest(limit), self._kept.heard()
        found = {entry.at: entry.id for entry in reversed(entries)}
        self.replies.find_lost(found)
        last = max((n for n, one in enumerate(kept) if one.name in found), default=-1)
        lost = self._kept.take(after=last + 1)
        if lost:
            logger.warning("the store lost %d messages log=%s", len(lost), self._log.keys.out)
            self._heard = OrderedDict((one.name, one) for one in (*lost, *self._heard.values()))
            self._bytes += sum(one.size for one in lost)
            self.news.set()
        # Ids may be given a second time: what is there is read once more.
        self._written_first.clear()
        end = entries[0].id if entries else BEGINNING
        self._position = min(self._position, found[kept[last].name] if last >= 0 else end)
        self.may_be_lost = False

    async def _catch_up(self) -> None:
        if self.may_be_lost:
            await self._find_lost()
        while entries := await self._log.read(self._position):
            for entry in entries:
                self._position = entry.id
                self._count(entry)
                is_ours = entry.id.epoch == self.own_epoch
                # Replies come to the writer alone; a long message is several entries.
                if entry.kind in ("iopub", "gap") and entry.at not in ("", self._last_written):
                    self._last_written = entry.at
                    # Ours too: the answer to an append that was done may have been lost.
                    if not self.written(entry.at) and not is_ours:
                        self._note_written_first(entry.at)

    def _count(self, entry: OutputEntry) -> None:
        """What others heard is not missing; nor what they said is missing."""
        is_ours = entry.id.epoch == self.own_epoch
        if entry.kind == "gap" and not entry.at and not is_ours:
            self.settle()
        elif entry.kind == "iopub":
            self._numbers.heard(_of_entry(entry), channel="iopub")
            if not is_ours:
                self._numbers.checked(entry.msg_id)
        elif entry.kind == "reply":
            self.replies.written(entry.at)
            self._numbers.heard(_of_entry(entry), channel="shell")
        self._unsettled += 1
        if self._unsettled > SETTLE_ENTRIES and not self._numbers.lost:
            self.settle()

    def written(self, name: str) -> bool:
        """The log has this message; whether we had heard it."""
        if name not in self._heard:
            return False
        # All hear the same order: who wrote this never heard what is before it here, and it would
        # be in the wrong place now.
        while (passed := next(iter(self._heard))) != name:
            self._bytes -= self._heard.pop(passed).size
        told = self._heard.pop(name)
        self._bytes -= told.size
        self._kept.add(told)
        self.is_synced, self.forgotten = True, ""
        return True

    def _note_written_first(self, name: str) -> None:
        self._written_first.add(name)
        if len(self._written_first) > MESSAGES_MAX:  # we hear nothing, or not the same
            self._written_first.clear()
            self.is_synced = False

    def unwritten(self) -> list[Heard]:
        """What the log lacks, in the order in which it was heard."""
        return list(self._heard.values())


def name_of(message: KernelMessage) -> str:
    """What the log calls the message by; without a key its id has to do."""
    told = message.signature or f"{message.session} {message.msg_id}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _of_entry(entry: OutputEntry) -> KernelMessage:
    """As much of a message as its number needs."""
    asked = entry.type.removesuffix("_reply") + "_request" if entry.kind == "reply" else ""
    return KernelMessage(
        entry.type, entry.msg_id, "", entry.parent, "", {}, {}, 0, "", parent_type=asked
    )
