"""Numbers: whether messages of a kernel are missing, told by their ids.

A kernel that makes ids as jupyter_client does (``<session>_<pid>_<number>``) counts all that it
says on any channel, also replies that only others get. So each number that is missing on iopub is
a reply, one for each request that the kernel is through with, or it was lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rtstore.schema.kernel_message import KernelMessage

_ID = re.compile(r"(.+)_(\d{1,15})\Z")
HOLE_MAX = 100_000
"""Of a larger hole only so much is remembered."""

Number = tuple[str, int]


class Numbers:
    """See the module. Only iopub tells what is missing: replies overtake it."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._missing: set[Number] = set()
        self._ahead: set[Number] = set()
        """Replies that overtook iopub."""
        self._replied: set[str] = set()
        """Requests whose reply we have, and the kernel did not say that it is through yet."""
        self._owed: set[str] = set()
        """Requests that the kernel is through with, and whose reply is not ours or is to come."""

    def recall(self, said: Iterable[tuple[str, str]]) -> None:
        """What was heard before us, as channel and msg_id: what comes next follows on it."""
        for channel, msg_id in said:
            if (number := _parsed(msg_id)) is None:
                continue
            if channel == "iopub":
                self._last[number[0]] = max(number[1], self._last.get(number[0], -1))
            else:
                self._ahead.add(number)

    def follows(self, msg_id: str) -> bool:
        """Whether anything is known that came before this message."""
        return (number := _parsed(msg_id)) is not None and number[0] in self._last

    def heard(self, message: KernelMessage, *, channel: str) -> bool:
        """The next message; whether numbers before it are missing that were not until now."""
        is_iopub = channel == "iopub"
        self._note_request(message, is_iopub=is_iopub)
        if (number := _parsed(message.msg_id)) is None:
            return False
        name, count = number
        last = self._last.get(name, count - 1 if is_iopub else -1)
        if count <= last:
            self._missing.discard(number)
            return False
        if not is_iopub:
            self._ahead.add(number)
            return False
        self._last[name] = count
        skipped = {(name, n) for n in range(max(last + 1, count - HOLE_MAX), count)}
        self._missing |= skipped - self._ahead
        self._ahead = {one for one in self._ahead if one[0] == name and one[1] > count}
        return not self._missing.isdisjoint(skipped)

    @property
    def lost(self) -> int:
        """How many messages are missing that were for us, as far as is known now."""
        return max(0, len(self._missing) - len(self._owed))

    def checked(self, msg_id: str) -> None:
        """Somebody else wrote this message of iopub, and saw to what was missing before it.

        We may have joined later, and not know what those numbers were.
        """
        if (number := _parsed(msg_id)) is None or not self._missing:
            return
        name, count = number
        self._missing = {one for one in self._missing if one[0] != name or one[1] > count}
        if not self._missing:
            self._owed.clear()

    def settle(self) -> None:
        """What is missing was told, or explained: begin anew."""
        self._missing.clear()
        self._owed.clear()

    def _note_request(self, message: KernelMessage, *, is_iopub: bool) -> None:
        if not message.parent_type.endswith("_request"):
            return
        if not is_iopub and message.msg_type.endswith("_reply"):
            if message.parent in self._owed:
                self._owed.discard(message.parent)
            else:
                self._replied.add(message.parent)
        elif is_iopub and _is_through(message):
            if message.parent in self._replied:
                self._replied.discard(message.parent)
            else:
                self._owed.add(message.parent)


def _is_through(message: KernelMessage) -> bool:
    """Whether it says that a request is done, and so replied to.

    A kernel that shuts down tells everybody of its reply, and mostly is gone before it is idle.
    """
    if message.msg_type == "status":
        return message.content.get("execution_state") == "idle"
    return message.msg_type == "shutdown_reply"


def _parsed(msg_id: str) -> Number | None:
    told = _ID.match(msg_id)
    return (told[1], int(told[2])) if told is not None else None
