"""Document: one shared document: a copy of its own that is kept equal to everybody else's.

Edits apply here at once, connected or not. What the server does not have yet is sent when it asks
for it with sync step 1, which it does on each new socket and after each trouble of its own; so
nothing that was typed here is lost as long as this copy lives.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pycrdt import Doc, Map, TransactionEvent

from rtstore.client import messages
from rtstore.client.changes import Changes
from rtstore.client.errors import NotSaved, NotSent
from rtstore.client.messages import Answer
from rtstore.client.presence import Presence
from rtstore.client.room import Room
from rtstore.errors import BadFrame, JupyterUnavailable, RTStoreError
from rtstore.schema import frames, updates

OPEN_S = 40.0
"""The server may take 30 s to load a file before it says why it can't."""
CONFIRM_S = 10.0
SAVE_S = 20.0
CONFIRM_EVERY_S = 5.0
ASK_AGAIN_S = 0.1


class Document:
    """What all kinds of document can do. Not thread-safe: use it on its event loop."""

    def __init__(self, room: Room, path: str) -> None:
        self._room = room
        self._opened_as = path
        self._doc: Doc[Any] = Doc()
        self.presence = Presence(room, self._doc.client_id)
        self._subscription = self._doc.observe(self._changed)
        self._is_applying = False
        self._is_synced = False
        self._may_send = False
        """Whether the server has asked on this socket: before, our updates may lack causes."""
        self._pending: list[bytes] = []
        self._unconfirmed: list[bytes] = []
        self._forgotten = 0
        """How many edits were confirmed, and are not in that list any more."""
        self._said: deque[int] = deque()
        """For each sync message on this socket that is not stored: up to which edit it reaches."""
        self._stored: int | None = None
        """How many sync messages on this socket are; None: this server does not say."""
        self._confirming = asyncio.Lock()
        self._confirmed_clock = 0
        """How far our own edits are confirmed, by a server that does not acknowledge."""
        self._reply: bytes | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, Answer] = {}

    # -- what it is ------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Where the file is now; follows renames."""
        return str(self._state("path") or self._opened_as)

    @property
    def is_dirty(self) -> bool:
        """Whether the document has something that the file has not, as the server says."""
        return bool(self._state("dirty"))

    @property
    def is_connected(self) -> bool:
        """Whether edits reach the others now. If not, they do later."""
        return self._room.connected and self._is_synced

    def _state(self, field: str) -> Any:  # noqa: ANN401 -- JSON
        return self._doc.get("state", type=Map).get(field)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the server says what is stored, as rtstore does."""
        return self._stored is not None

    @property
    def ydoc(self) -> Doc[Any]:
        """The pycrdt document, for what this class can't do; edits of it are shared too."""
        return self._doc

    # -- edits -----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several edits one: the others see all of them at once. Await nothing inside."""
        self._room.check()
        with self._doc.transaction():
            yield

    def _changed(self, event: TransactionEvent) -> None:
        if not self._is_applying:
            self._unconfirmed.append(event.update)
            if self._may_send:
                self._pending.append(event.update)
                if len(self._pending) == 1:  # what is typed in one turn of the loop is one message
                    asyncio.get_running_loop().call_soon(self._send_pending)
        self._room.changes.tell()

    def _send_pending(self) -> None:
        pending, self._pending = self._pending, []
        if pending and self._may_send:
            self._say(frames.update(updates.merge(pending)))

    def _say(self, message: bytes) -> None:
        """Send a sync message that has, with those before it, all edits until now."""
        self._said.append(self._forgotten + len(self._unconfirmed))
        self._room.send(message)

    def _are_stored(self, count: int) -> None:
        """The store has so many of our sync messages."""
        for _ in range(count - (self._stored or 0)):
            if self._said:
                self._forget(self._said.popleft() - self._forgotten)
        self._stored = count
        self._room.changes.tell()

    def _forget(self, edits: int) -> None:
        """The oldest so many unconfirmed edits are confirmed."""
        if edits > 0:
            del self._unconfirmed[:edits]
            self._forgotten += edits

    # -- waiting ---------------------------------------------------------------------------

    @property
    def news(self) -> Changes:
        """Told at each change."""
        return self._room.changes

    def check(self) -> None:
        """Raises the error for which the document was closed, if it was."""
        self._room.check()

    async def changes(self) -> AsyncIterator[None]:
        """Once for each change by anybody, or for several that came together.

        Raises the error for which the document was closed.
        """
        while True:
            count = self._room.changes.count
            yield
            self._room.check()
            await self._room.changes.after(count)

    async def until(self, met: Callable[[], bool]) -> None:
        """Return once `met()` is true; it is asked after each change.

        Bound it with ``asyncio.timeout``. Raises the error for which the document was closed.
        """
        async for _ in self.changes():
            if met():
                return

    async def save(self) -> None:
        """Have the server save the file; return when it has all that was edited here.

        The server saves by itself too, a second after people pause. Raises NotSaved, NotSent,
        and the error for which the document was closed.
        """
        self._room.check()
        await self.flush()
        try:
            async with asyncio.timeout(SAVE_S):
                answer = await self._saved()
                if not answer.is_saved:
                    # Whoever keeps the file since a worker died did not hear the first request.
                    answer = await self._saved()
        except TimeoutError:
            raise NotSaved(f"{self.path}: {self._why_late('no answer')}") from None
        if not answer.is_saved:
            why = answer.why or "the server could not write it; its log says why"
            raise NotSaved(f"{self.path}: {why}")

    async def _saved(self) -> Answer:
        number, asked = next(self._numbers), False
        async for _ in self.changes():
            if not self.is_connected:
                asked = False  # the answer would go to the old socket
            elif not asked:
                asked = True
                self._room.send(messages.save(number))
            if number in self._answers:
                return self._answers.pop(number)
        raise AssertionError("changes() does not end")

    async def flush(self) -> None:
        """Return when the document has all that was edited here. Raises NotSent if it takes long.

        Leaving the document does this too. Raises the error for which the document was closed.
        """
        try:
            async with asyncio.timeout(CONFIRM_S):
                while self._unconfirmed:
                    if not await self._confirm():
                        await asyncio.sleep(ASK_AGAIN_S)  # on its way, or the store is away
        except TimeoutError:
            raise NotSent(f"{self.path}: {self._why_late('not confirmed')}") from None

    def _why_late(self, why: str) -> str:
        return why if self.is_connected else f"no connection: {self._room.last_why}"

    async def _confirm(self) -> bool:
        """Ask what the server has; forget those of our edits that are among it. False: not all."""
        async with self._confirming:
            self._send_pending()
            if self._stored is not None:
                return await self._acknowledged()
            vector = updates.decode_state_vector(self._doc.get_state())
            own = self._doc.client_id
            asked_for, wanted = len(self._unconfirmed), vector.get(own, 0)
            deletes: updates.Ranges = {}
            for update in self._unconfirmed[:asked_for]:
                for client, ranges in updates.scan(update).deletes.items():
                    deletes.setdefault(client, []).extend(ranges)
            # Asked as one who lacks these edits, the server sends those of them that it has.
            has = updates.scan(await self._ask(vector | {own: self._confirmed_clock}))
            clock = max((end for client, _, end in has.clients if client == own), default=0)
            self._confirmed_clock = max(self._confirmed_clock, clock)
            has_all = self._confirmed_clock >= wanted and updates.covers(has.deletes, deletes)
            if has_all:
                self._forget(asked_for)
            return has_all

    async def _acknowledged(self) -> bool:
        """Wait until the server says that all is stored. False: the connection was lost."""
        wanted = self._forgotten + len(self._unconfirmed)
        async for _ in self.changes():
            if self._stored is None or self._forgotten >= wanted:
                return self._forgotten >= wanted
        raise AssertionError("changes() does not end")

    async def _ask(self, vector: dict[int, int]) -> bytes:
        """The server's answer to a sync step 1 with this state vector."""
        is_asked = False
        async for _ in self.changes():
            if not self.is_connected:
                is_asked = False
            elif not is_asked:
                is_asked, self._reply = True, None
                self._room.send(frames.sync_step1(updates.encode_state_vector(vector)))
            elif self._reply is not None:
                return self._reply
        raise AssertionError("changes() does not end")

    # -- the room's side -------------------------------------------------------------------

    def joined(self) -> None:
        """A socket is open: ask for what we lack. (Peer)"""
        self._room.send(frames.sync_step1(self._doc.get_state()))
        self.presence.say()

    def lost(self) -> None:
        """The socket is gone. (Peer)"""
        self._is_synced = self._may_send = False
        self._pending.clear()  # the next sync brings it
        self._said.clear()
        self._stored = None
        self._confirmed_clock = 0

    def heard(self, message: bytes) -> None:
        """A message of the server's. Raises BadFrame. (Peer)"""
        if messages.is_answer(message):
            if (answer := messages.answer(message)) is not None:
                self._answers[answer.id] = answer
                self._room.changes.tell()
            return
        if (count := messages.stored(message)) is not None:
            self._are_stored(count)
            return
        match frames.decode(message):
            case frames.SyncStep1(vector):
                self._asked(vector)
            case frames.SyncStep2(update):
                self._apply(update)
                self._reply, self._is_synced = update, True
                self._room.changes.tell()
            case frames.Update(update):
                self._apply(update)
            case frames.Awareness(update):
                self.presence.heard(update)

    def _asked(self, vector: bytes) -> None:
        updates.decode_state_vector(vector)
        self._pending.clear()  # it is in the answer
        self._say(frames.sync_step2(self._doc.get_update(vector)))
        self._may_send = True
        self._room.changes.tell()

    def _apply(self, update: bytes) -> None:
        if update == frames.NOTHING:
            return
        self._is_applying = True
        try:
            self._doc.apply_update(update)
        except Exception as error:  # the library's errors have no common base
            raise BadFrame(f"an update that can't be applied: {error}") from error
        finally:
            self._is_applying = False

    async def _look_after(self) -> None:
        """Now and then forget edits that the server has; they would pile up. Never returns."""
        while True:
            await asyncio.sleep(CONFIRM_EVERY_S)
            try:
                if self._unconfirmed and self.is_connected:
                    await self._confirm()
            except RTStoreError:
                return  # whoever uses the document next is told

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Be in the room while the body runs; entered when the content is here.

        Raises BadDocument, NoSuchDocument, LoadFailed, NotAllowed, JupyterUnavailable.
        """
        async with self._room.running(self, self._look_after(), self.presence.renew()):
            try:
                async with asyncio.timeout(OPEN_S):
                    await self.until(lambda: self._is_synced)
            except TimeoutError:
                why = "it is still being loaded" if self._room.connected else self._room.last_why
                raise JupyterUnavailable(
                    f"{self.path}: not open after {OPEN_S:g} s: {why}"
                ) from None
            try:
                yield
                await self.flush()
            finally:
                self.presence.leave()
                self._doc.unobserve(self._subscription)  # else it would keep us for ever
