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

import zmq
import zmq.asyncio

from rtstore import metrics
from rtstore.errors import BadFrame, StoreRefused, StoreUnavailable
from rtstore.kernel_bridge.connection import Connection
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.schema import kernel_message
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import KernelMessage

logger = logging.getLogger(__name__)

MESSAGES_MAX, BYTES_MAX = 100_000, 64 * 2**20
"""More than this that nobody writes is forgotten: there will be a gap."""
LOOK_S = 1.0


class Ring:
    """See the module. `listening` is its life."""

    def __init__(self, log: OutputLog, key: bytes) -> None:
        self._log, self._key = log, key
        self._heard: OrderedDict[str, tuple[KernelMessage, int]] = OrderedDict()
        self._bytes = 0
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
        self._session = ""
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
        if message.msg_type == "iopub_welcome":
            return
        if self._session and message.session != self._session and message.msg_type == "status":
            self.restarted.set()
        self._session = message.session
        name = name_of(message)
        if name in self._written_first:
            self._written_first.discard(name)
            self.is_synced = True
            return
        self._heard[name] = (message, size)
        self._bytes += size
        if len(self._heard) > MESSAGES_MAX or self._bytes > BYTES_MAX:
            logger.warning("too much unwritten, forgotten log=%s", self._log.keys.out)
            self._heard.clear()
            self._bytes, self.is_synced = 0, False
        self.news.set()

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

    async def _catch_up(self) -> None:
        while entries := await self._log.read(self._position):
            for entry in entries:
                self._position = entry.id
                is_ours = entry.id.epoch == self.own_epoch
                # Replies come to the writer alone; a long message is several entries.
                if entry.kind == "iopub" and entry.at != self._last_written:
                    self._last_written = entry.at
                    # Ours too: the answer to an append that was done may have been lost.
                    if not self.written(entry.at) and not is_ours:
                        self._note_written_first(entry.at)

    def written(self, name: str) -> bool:
        """The log has this message; whether we had heard it."""
        if name not in self._heard:
            return False
        self._bytes -= self._heard.pop(name)[1]
        self.is_synced = True
        return True

    def _note_written_first(self, name: str) -> None:
        self._written_first.add(name)
        if len(self._written_first) > MESSAGES_MAX:  # we hear nothing, or not the same
            self._written_first.clear()
            self.is_synced = False

    def unwritten(self) -> list[KernelMessage]:
        """What the log lacks, in the order in which it was heard."""
        return [message for message, _ in self._heard.values()]


def name_of(message: KernelMessage) -> str:
    """What the log calls the message by; without a key its id has to do."""
    told = message.signature or f"{message.session} {message.msg_id}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
