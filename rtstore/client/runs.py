"""Runs: one execution of one cell on the server, from the request to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rtstore.client.changes import Changes
from rtstore.client.errors import ActionFailed, RunFailed
from rtstore.client.requests import Reply, Requests
from rtstore.errors import JupyterUnavailable
from rtstore.schema.run import ABORTED, ERROR, LOST, OK, OVER, REQUESTED, RUNNING

ASK_AGAIN_S, ASK_AGAIN_MAX_S = 0.2, 3.0
"""The document says when to look again; where it does not, this late."""
UNKNOWN_S = 60.0
"""A run that was taken is known to the server a moment later."""
SHOWN_S = 10.0
"""The notebook shows what a run said a moment after its end."""


@dataclass(frozen=True, slots=True)
class CellError:
    """The exception that a cell raised."""

    ename: str
    evalue: str
    traceback: str
    """For a terminal, with its colours."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a cell asks with ``input()``."""

    prompt: str
    is_password: bool
    id: str = ""


class Shown(Protocol):
    """The notebook, as the run's followers need it."""

    def sign_of(self, cell_id: str) -> tuple[str, int | None, bool] | None:
        """What it shows: (state, count, whether it asks); None for a cell that is gone."""

    @property
    def news(self) -> Changes:
        """Told at each change of the document."""


@dataclass(slots=True)
class Run:
    """One run. What it says of itself is of the last look: `refresh`, `done` or `asks` look."""

    cell_id: str
    kernel_id: str
    id: str
    _requests: Requests = field(repr=False)
    _notebook: Shown = field(repr=False)
    _location: str = field(default="", repr=False)
    """Where to ask, of a server that is not rtstore."""
    state: str = REQUESTED
    """``requested``, ``sent``, ``running``; then ``ok``, ``error``, ``aborted`` or ``lost``."""
    outputs: list[dict[str, Any]] = field(default_factory=list, repr=False)
    """What it put out so far, as nbformat has it, whatever the cell shows by now."""
    execution_count: int | None = None
    why: str = ""
    """Why it was aborted or lost, or who interrupted it."""
    question: Question | None = None
    """What it asks now."""

    @property
    def is_over(self) -> bool:
        """Whether it does not change any more."""
        return self.state in OVER

    @property
    def error(self) -> CellError | None:
        """The exception that ended it."""
        for output in reversed(self.outputs):
            if output.get("output_type") == "error":
                lines = [str(line) for line in output.get("traceback") or ()]
                ename, evalue = str(output.get("ename", "")), str(output.get("evalue", ""))
                return CellError(ename, evalue, "\n".join(lines))
        return None

    def check(self) -> Run:
        """Itself if it ended well. Raises RunFailed if not, RuntimeError if it is not over."""
        if not self.is_over:
            raise RuntimeError(f"cell {self.cell_id} is not over: await run.done()")
        if self.state == OK:
            return self
        error, cell = self.error, f"cell {self.cell_id}"
        if error is None:
            why = f"{self.state}: {self.why}" if self.why else self.state
            raise RunFailed(f"{cell}: {why}", state=self.state)
        raise RunFailed(
            f"{cell}: {error.ename}: {error.evalue}",
            state=self.state,
            ename=error.ename,
            evalue=error.evalue,
            traceback=error.traceback,
        )

    async def done(self) -> Run:
        """Itself, when it is over and the notebook shows so.

        Bound it with ``asyncio.timeout``. Raises NotAllowed, and JupyterUnavailable when the
        server is away for long; not for a cell that failed: see `check`.
        """
        await self._until(lambda: self.is_over)
        try:
            async with asyncio.timeout(SHOWN_S):
                while not self._is_shown():
                    await self._notebook.news.after(self._notebook.news.count)
        except TimeoutError:
            pass  # somebody ran it again, or the outputs are on their way still
        return self

    async def asks(self) -> Question | None:
        """What it asks with ``input()``, as soon as it does; None when it ends without."""
        await self._until(lambda: self.question is not None or self.is_over)
        return self.question

    async def answer(self, value: str) -> None:
        """Answer what it asks. Raises ActionFailed if nothing is asked, or somebody was first."""
        if self._location:
            path, body = f"api/kernels/{self.kernel_id}/input", {"input": value}
        else:
            path, body = f"rtstore/input/{self.kernel_id}/{self.id}", {"value": value}
            if self.question is not None:
                body["prompt_id"] = self.question.id
        reply = await self._requests.ask("POST", path, body)
        if reply.status >= 400:
            why = "nothing is asked (any more)" if reply.status in (404, 409) else reply.message
            raise ActionFailed(f"cell {self.cell_id}: {why}", status=reply.status)
        self.question = None

    async def cancel(self) -> None:
        """Take it out of the queue. Raises ActionFailed (409) when it began, or is over."""
        path = self._location or f"rtstore/runs/{self.kernel_id}/{self.id}"
        reply = await self._requests.ask("DELETE", path)
        if reply.status >= 400:
            raise ActionFailed(f"cell {self.cell_id}: {reply.message}", status=reply.status)

    async def interrupt(self) -> None:
        """Interrupt the kernel. Raises ActionFailed."""
        await interrupt(self._requests, self.kernel_id)

    async def refresh(self) -> Run:
        """Itself, after another look."""
        if self._location:
            self._take_request(await self._requests.ask("GET", self._location))
        else:
            path = f"rtstore/runs/{self.kernel_id}/{self.id}"
            self._take_run(await self._requests.ask("GET", path))
        return self

    def _take_run(self, reply: Reply) -> None:
        """As rtstore says it."""
        if reply.status == 404:
            if self.state != REQUESTED and not self.is_over:
                self.state, self.why = LOST, "the server does not know it any more"
            return
        told = reply.told
        self.state = str(told.get("state") or self.state)
        self.outputs = list(told.get("outputs") or ())
        self.execution_count = int(told["count"]) if told.get("count") else None
        self.why = str(told.get("why") or "")
        asked = str(told.get("prompt_id") or "")
        self.question = (
            Question(str(told.get("prompt") or ""), bool(told.get("password")), asked)
            if asked
            else None
        )

    def _take_request(self, reply: Reply) -> None:
        """As jupyter-server-nbmodel says it."""
        told = reply.told if isinstance(reply.told, dict) else {}
        asked, self.question = told.get("input_request"), None
        if self.is_over:  # that was told once
            return
        if reply.status == 404:
            self.state, self.why = LOST, "the server does not know it any more"
        elif reply.status == 300 and isinstance(asked, dict):
            self.state = RUNNING
            self.question = Question(str(asked.get("prompt")), bool(asked.get("password")))
        elif reply.status == 200:
            self.state = OK if told.get("status") == "ok" else ERROR
            self.execution_count = told.get("execution_count")
            outputs = told.get("outputs") or "[]"
            self.outputs = json.loads(outputs) if isinstance(outputs, str) else outputs
        elif reply.status == 202:
            self.state = RUNNING
        else:
            self.state, self.why = ERROR, str(told.get("error") or reply.message)

    async def _until(self, met: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        wait, since = ASK_AGAIN_S, loop.time()
        while True:
            sign = self._notebook.sign_of(self.cell_id)
            try:
                await self.refresh()
            except JupyterUnavailable:
                if loop.time() - since > UNKNOWN_S:
                    raise
            else:
                if self.state != REQUESTED:
                    since = loop.time()
                elif loop.time() - since > UNKNOWN_S and not self._is_waiting():
                    self.state, self.why = ABORTED, "the server does not know it"
            if met():
                return
            await self._until_another(sign, within_s=wait)
            wait = min(2 * wait, ASK_AGAIN_MAX_S)

    def _is_waiting(self) -> bool:
        """Whether the notebook says that the cell is to be run still."""
        sign = self._notebook.sign_of(self.cell_id)
        return sign is not None and sign[0] not in ("", "idle")

    async def _until_another(self, sign: object, *, within_s: float) -> None:
        news = self._notebook.news
        try:
            async with asyncio.timeout(within_s):
                while self._notebook.sign_of(self.cell_id) == sign:
                    await news.after(news.count)
        except TimeoutError:
            return

    def _is_shown(self) -> bool:
        sign = self._notebook.sign_of(self.cell_id)
        if sign is None or self.state not in (OK, ERROR):
            return True
        state, count, _ = sign
        return state in ("", "idle") and self.execution_count in (None, count)


async def interrupt(requests: Requests, kernel_id: str) -> None:
    """Interrupt a kernel. Raises ActionFailed, NotAllowed, JupyterUnavailable."""
    await _press(requests, kernel_id, "interrupt")


async def restart(requests: Requests, kernel_id: str) -> None:
    """Restart a kernel, and return when it has. Raises as `interrupt`."""
    await _press(requests, kernel_id, "restart")


async def _press(requests: Requests, kernel_id: str, what: str) -> None:
    reply = await requests.ask("POST", f"api/kernels/{kernel_id}/{what}", repeats=False)
    if reply.status >= 400:
        raise ActionFailed(f"{what} of {kernel_id}: {reply.message}", status=reply.status)
