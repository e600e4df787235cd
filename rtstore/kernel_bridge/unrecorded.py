"""Unrecorded: replies that a kernel sent us and that its journal has not, as its disk was full."""

from __future__ import annotations

import time

from rtstore.errors import BadFrame
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import kernel_message
from rtstore.schema.kernel_message import KernelMessage

OWED_S = 1.0
"""A journal has each reply before it is sent; so long its file may need to show that."""
TOLD = frozenset({"execute_reply", "kernel_info_reply"})
"""They say that a request is over. The second is in no journal: see `seen`."""


class Unrecorded:
    """See the module."""

    def __init__(self, queue: RunQueue, key: bytes) -> None:
        self._queue, self._key = queue, key
        self._owed: dict[str, tuple[KernelMessage, float]] = {}

    def came(self, frames: list[bytes]) -> None:
        """This came over shell or stdin."""
        try:
            message = kernel_message.parse(frames, key=self._key)
        except BadFrame:
            return
        if message.msg_type in TOLD and message.parent:
            self._owed[message.msg_id] = message, time.monotonic()

    def seen(self, message: KernelMessage) -> None:
        """The journal has this: a reply, or what is said over iopub of one that it never has."""
        self._owed.pop(message.msg_id, None)
        for msg_id, (owed, _) in list(self._owed.items()):
            if owed.msg_type == "kernel_info_reply" and owed.parent == message.parent:
                del self._owed[msg_id]

    async def tell(self) -> None:
        """The journal was read to its end: say in the log what it should have. Raises
        StoreUnavailable.
        """
        until_s = time.monotonic() - OWED_S
        for msg_id, (message, at_s) in list(self._owed.items()):
            if at_s > until_s:
                continue
            del self._owed[msg_id]
            told = {
                name: message.content[name]
                for name in ("status", "execution_count")
                if name in message.content
            }
            await self._queue.note("reply", message.msg_type, run_id=message.parent, **told)
