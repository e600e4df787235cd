"""Starts an IPython kernel that writes down each message before it sends it.

Run by its path in the kernel's own Python (>= 3.9, ipykernel >= 6), which need not have rtstore:
``python launcher.py -f CONNECTION_FILE``, in place of ``python -m ipykernel_launcher -f …``. The
journal is the file that RTSTORE_JOURNAL names; `rtstore.schema.journal` says its format. What
can't be journaled is sent all the same; if nothing can, ``<journal>.failed`` says why.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

IOPUB, REPLY, LOST = 0, 1, 255
MESSAGE_BYTES_MAX = 100 * 2**20
"""A store takes no value over 512 MiB: a longer one would hold up all that comes after it."""
TOO_LARGE = b"it was more than 100 MB"
REPLIES = (b'"execute_reply"', b'"input_request"', b'"shutdown_reply"', b'"interrupt_reply"')
"""Messages off iopub that somebody may need who was not there when they were sent."""
DELIMITER = b"<IDS|MSG>"
SHOW = b'"rtstore_show_request"'
"""A request on control: say its content over iopub, as a widget's message to all pages."""


class Journal:
    """An append-only file of records. After a failed write it says how many are missing."""

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(path, flags, 0o600)
        self._lock = threading.RLock()  # a signal may come while we write, and its handler print
        self._end = os.fstat(self._file).st_size
        self._lost = 0

    def write(self, channel: int, frames: list[Any]) -> None:
        """Add one record; never raises but on a bug."""
        parts = [bytes(frame) for frame in frames]
        with self._lock:
            if self._lost and not self._append(LOST, [str(self._lost).encode()]):
                self._lost += 1
                return
            self._lost = 0
            if sum(map(len, parts)) > MESSAGE_BYTES_MAX:
                channel, parts = LOST, [b"1", TOO_LARGE]
            if not self._append(channel, parts):
                self._lost = 1

    def _append(self, channel: int, parts: list[bytes]) -> bool:
        head = struct.pack(
            f"<BH{len(parts)}I", channel, len(parts), *[len(part) for part in parts]
        )
        size = len(head) + sum(len(part) for part in parts)
        record = b"".join((struct.pack("<I", size), head, *parts))
        try:
            written = os.write(self._file, record)
            while written < len(record):
                written += os.write(self._file, record[written:])
        except OSError:  # the disk is full: half a record would hide all that comes after it
            os.ftruncate(self._file, self._end)
            return False
        self._end += len(record)
        return True


def install(journal: Journal) -> None:
    """Have ipykernel write to `journal` what it is about to send."""
    from ipykernel.iostream import CHILD, IOPubThread
    from ipykernel.kernelapp import IPKernelApp
    from jupyter_client.session import Session

    send_multipart, sign = IOPubThread.send_multipart, Session.sign
    init_iopub = IPKernelApp.init_iopub

    def journaled_send(self: Any, msg: Any, *args: Any, **kwargs: Any) -> Any:
        # On the thread that says it, before it is queued for the one that sends: what flush()
        # promised is written. A forked child pipes to its parent, which comes through here too.
        if self._check_mp_mode() != CHILD:
            journal.write(IOPUB, msg)
        return send_multipart(self, msg, *args, **kwargs)

    def journaled_sign(self: Any, msg_list: Any) -> Any:
        # All that could fail in a message is done by now. A step earlier we would stand in the
        # traceback that a user sees, of what can't be sent.
        signature = sign(self, msg_list)
        header = bytes(msg_list[0])
        if any(one in header for one in REPLIES) and self.session.encode() in header:
            journal.write(REPLY, [DELIMITER, signature, *msg_list])
        return signature

    def unbounded_iopub(self: Any, context: Any) -> Any:
        # By default a kernel drops what a slow reader has not taken after 1,000 messages.
        context.sndhwm = 0
        return init_iopub(self, context)

    IOPubThread.send_multipart = journaled_send
    Session.sign = journaled_sign
    IPKernelApp.init_iopub = unbounded_iopub


def show_what_is_asked() -> None:
    """Have ipykernel understand SHOW, also while a cell runs."""
    from ipykernel.ipkernel import IPythonKernel

    process_control = IPythonKernel.process_control

    async def showing_control(self: Any, msg: Any) -> Any:
        # Before the kernel says that it is busy and idle: pages would take that for the cell's.
        _, frames = self.session.feed_identities(msg, copy=False)
        if len(frames) < 2 or SHOW not in bytes(frames[1]):
            return await process_control(self, msg)
        try:
            told = self.session.deserialize(frames, content=True, copy=False)
        except ValueError as error:  # not signed by who has the key
            self.log.warning("nothing shown: %s", error)
            return None
        topic = f"comm-{told['content']['comm_id']}".encode()
        self.session.send(self.iopub_socket, "comm_msg", told["content"], told, ident=topic)
        return None

    IPythonKernel.process_control = showing_control


def _note(path: str, why: str) -> None:
    """Say beside the journal why there is none; where that can't be said either, be quiet."""
    try:
        with open(path + ".failed", "w") as note:  # noqa: PTH123
            note.write(why)
    except OSError:
        pass


def main() -> None:
    """Start the kernel."""
    first = sys.path[0] if sys.path else ""
    # Our folder: its modules are not for the user to import. With PYTHONSAFEPATH it is not there.
    if first and Path(first).resolve() == Path(__file__).resolve().parent:
        sys.path.pop(0)
    path = os.environ.pop("RTSTORE_JOURNAL", "")
    try:
        install(Journal(path))
    except Exception as error:  # a kernel without journal beats no kernel
        _note(path, f"{type(error).__name__}: {error}")
    with suppress(Exception):  # widgets are shown later without it
        show_what_is_asked()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
