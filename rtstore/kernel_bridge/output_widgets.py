"""OutputWidgets: tells one kernel what its Output widgets took of the runs that we sent it.

A page does this for what it runs itself. For a run of ours no page does, as none waits for its
messages. All of it follows from the kernel's log; what is kept besides only saves reading that
from its beginning, so whoever takes over tells the same.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rtstore.kernel_bridge.turn import Channels, Turn
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.widget_book import WidgetBook
from rtstore.schema.captures import CAPTURED, CLOSING, Captures, is_start, state_of
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import Sender
from rtstore.schema.widget_outputs import MODEL, MODULE, WidgetOutputs

logger = logging.getLogger(__name__)

OURS = "rtstore-widget-"
"""So begin the ids of what we send."""
SHOW = "rtstore_show_request"
"""What our launcher's kernels understand: see there."""
ANSWER_S = 10.0
"""A kernel that has not answered by then is told the next all the same."""
SHOW_EVERY_S, SHOW_CHARS_PER_S = 0.25, 10**6
"""How often pages are shown what widgets take while the cell runs: the less often, the more."""
KEEP_ENTRIES = 2_000
"""After so many entries the place in the log is kept, whether or not there was anything."""
_AT, _CAPTURES, _WIDGET = "at", "captures", "widget:"


@dataclass(slots=True)
class _Told:
    """What the kernel was told and has not answered."""

    comm: str
    at_s: float
    method: str
    """update; request_state; show: the kernel does not keep it, it only tells all pages."""


class OutputWidgets:
    """See the module. `begin`, then `take` each entry of the log, and `flush`."""

    def __init__(
        self,
        log: OutputLog,
        queue: RunQueue,
        book: WidgetBook,
        channels: Channels,
        *,
        sender: Sender,
        turn: Turn,
    ) -> None:
        self._log, self._queue, self._book, self._channels = log, queue, book, channels
        self._sender, self._turn = sender, turn
        self._shows = turn.may_show
        self._unshown: set[str] = set()
        """Widgets that took something which no page was shown."""
        self._show_at_s = 0.0
        self._position = EntryId(0, 0)
        self._captures = Captures()
        self._models: dict[str, WidgetOutputs] = {}
        self._unkept: set[str] = set()
        """Widgets that changed since they were kept."""
        self._entries = 0
        """How many entries were taken since."""
        self._told: dict[str, _Told] = {}
        self._ours: dict[str, bool] = {}
        self._number = 0

    async def begin(self) -> EntryId:
        """Find out what there is; the entry up to which it is known. Raises StoreUnavailable."""
        kept = await self._book.read()
        self._position = EntryId.parse(kept.get(_AT, "0-0"))
        self._captures = Captures(json.loads(kept.get(_CAPTURES, "{}")))
        self._models = {
            field.removeprefix(_WIDGET): WidgetOutputs.of_json(json.loads(told))
            for field, told in kept.items()
            if field.startswith(_WIDGET)
        }
        if await self._log.end() < self._position:  # a store that lost what it was told last
            self._position, self._captures, self._models = EntryId(0, 0), Captures(), {}
            self._unkept |= {field.removeprefix(_WIDGET) for field in kept if _WIDGET in field}
        while entries := await self._log.read(self._position):
            for entry in entries:
                await self.take(entry)
        return self._position

    def takes(self, parent: str) -> bool:
        """Whether what is said to a request now is shown by a widget, not by its cell."""
        return bool(self._captures.by(parent))

    async def take(self, entry: OutputEntry) -> None:
        """The next entry; one that was taken is passed over. Raises StoreUnavailable."""
        if entry.id <= self._position:
            return
        self._position = entry.id
        self._entries += 1
        if entry.kind != "iopub":
            return
        if entry.parent in self._told and entry.type in ("status", "comm_msg"):
            await self._answered(entry)
        try:
            await self._take(entry)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # What a kernel says may have any form; one odd message must not stop its runs.
            logger.warning("message not for widgets log=%s: %r", self._log.keys.out, error)

    async def _take(self, entry: OutputEntry) -> None:
        if entry.type in CAPTURED:
            comm = self._captures.by(entry.parent)
            if comm and await self._is_ours(entry.parent):
                model = self._models.setdefault(comm, WidgetOutputs())
                model.take(entry.type, await self._log.content(entry))
                self._unkept.add(comm)
                self._unshown.add(comm)
        elif entry.type == "comm_open" or entry.type in CLOSING:
            await self._take_comm(entry)
        elif entry.type == "status" and not entry.parent:
            self._take_status(await self._log.content(entry))

    def _take_status(self, content: dict[str, Any]) -> None:
        if is_start("status", content):
            self._unkept |= self._models.keys()
            self._models.clear()
            self._captures.forget()
            self._told.clear()
            self._unshown.clear()

    async def _take_comm(self, entry: OutputEntry) -> None:
        if entry.type == "comm_msg" and not _may_matter(entry):
            return
        content = await self._log.content(entry)
        comm = str(content.get("comm_id", ""))
        if entry.type == "comm_open":
            state = (content.get("data") or {}).get("state") or {}
            if (state.get("_model_module"), state.get("_model_name")) == (MODULE, MODEL):
                self._models[comm] = model = WidgetOutputs()
                model.replace(state.get("outputs"))
                self._unkept.add(comm)
            return
        if entry.type == "comm_close" and self._models.pop(comm, None) is not None:
            self._unkept.add(comm)
        self._captures.take(entry.type, content)
        state = state_of(content, "update", "echo_update")
        if comm in self._models and "outputs" in state and not _is_about(entry.parent, comm):
            self._models[comm].replace(state["outputs"])
            self._unkept.add(comm)

    async def _is_ours(self, request: str) -> bool:
        """Whether no page takes care of what is said to a request."""
        if request.startswith(OURS):
            return True
        if request not in self._ours:
            self._ours[request] = await self._queue.has(request)
        return self._ours[request]

    # -- telling the kernel ----------------------------------------------------------------

    async def flush(self, *, must: bool = False) -> bool:
        """Tell the kernel what it does not know, and keep it; whether it knows all now.

        One thing after the other: while it has not answered, the next has to wait, unless it
        `must` know. Raises KernelUnreachable, StoreUnavailable, LeaseLost.
        """
        is_waiting = self._is_waiting()
        if any(told.method == "show" for told in self._told.values()):
            return False  # it comes another way: pages might be shown it last
        untold = [comm for comm, model in self._models.items() if not model.is_told]
        if untold and is_waiting and not must:
            return False
        if untold:
            await self.keep()  # with it untold: if we die now, the next one tells it again
            for comm in untold:
                model = self._models[comm]
                await self._send(comm, "update", {"outputs": model.outputs})
                model.is_told = True
                self._unkept.add(comm)
        elif self._unkept or self._entries >= KEEP_ENTRIES:
            await self.keep()
        self._unshown.clear()
        return True

    async def show(self) -> None:
        """Show all pages what widgets took of a cell that still runs.

        The kernel takes in what it is told only when the cell is over. Raises KernelUnreachable,
        StoreUnavailable, LeaseLost.
        """
        now = asyncio.get_running_loop().time()
        if self._entries >= KEEP_ENTRIES:
            await self.keep()
        if not self._shows or not self._unshown or now < self._show_at_s or self._is_waiting():
            return
        chars = 0
        for comm in self._unshown & self._models.keys():
            await self._send(comm, "show", {"outputs": self._models[comm].outputs})
            chars += self._models[comm].chars
        self._unshown.clear()
        self._show_at_s = now + max(SHOW_EVERY_S, chars / SHOW_CHARS_PER_S)

    def _is_waiting(self) -> bool:
        oldest = asyncio.get_running_loop().time() - ANSWER_S
        late = [name for name, told in self._told.items() if told.at_s <= oldest]
        for name in late:
            if self._told.pop(name).method == "show":
                self._shows = False
        return bool(self._told)

    async def _send(self, comm: str, method: str, state: dict[str, Any] | None = None) -> None:
        self._number += 1
        name = f"{OURS}{comm}-{self._position}-{self._number}"
        self._told[name] = _Told(comm, asyncio.get_running_loop().time(), method)
        data: dict[str, Any] = {"method": method}
        if state is not None:
            data = {"method": "update", "state": state, "buffer_paths": []}
        is_shown = method == "show"
        frames = self._sender.request(
            SHOW if is_shown else "comm_msg",
            {"comm_id": comm, "data": data},
            msg_id=name,
            date=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        )
        await (self._channels.show(frames) if is_shown else self._channels.request(frames))

    async def _answered(self, entry: OutputEntry) -> None:
        """The kernel has what it was told, and has told all pages if it echoes that."""
        told = self._told[entry.parent]
        content = await self._log.content(entry)
        is_echo = bool(state_of(content, "update", "echo_update"))
        is_over = content.get("execution_state") == "idle"
        if not is_echo and not is_over:
            return
        del self._told[entry.parent]
        self._unkept.add(told.comm)
        if is_over and told.method == "show":
            self._shows = False  # it does not know what that is
        if is_over and told.method == "update" and told.comm in self._models:
            # It echoes nothing: so ask for all of it, which it tells everybody.
            await self._send(told.comm, "request_state")

    async def keep(self) -> None:
        """Write down what there is. Raises StoreUnavailable, LeaseLost."""
        waits = {told.comm for told in self._told.values()}
        fields = {_AT: str(self._position), _CAPTURES: json.dumps(self._captures.as_json())}
        for comm in self._unkept:
            model = self._models.get(comm)
            told = model.as_json() if model is not None else {}
            if comm in waits and told:
                told["is_told"] = False
            fields[_WIDGET + comm] = json.dumps(told) if told else ""
        await self._book.keep(fields, holding=self._turn.holding())
        self._unkept, self._entries = set(), 0


def _may_matter(entry: OutputEntry) -> bool:
    """Whether it may say whose outputs a widget takes, or what it shows; plots say much else."""
    content = entry.content
    return '"msg_id"' in content or '"outputs"' in content or not content.startswith("{")


def _is_about(request: str, comm: str) -> bool:
    """Whether the request was ours, to tell the kernel of this widget: we know it better."""
    return request.startswith(f"{OURS}{comm}-")
