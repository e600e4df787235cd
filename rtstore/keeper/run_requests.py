"""RunRequests: what people asked to run, put into the queues of kernels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtstore.keeper.charge import Charge
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import NoSuchKernel, RunQueue
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import live, murmur
from rtstore.schema.run import Run, source_sha
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

QUIET_S, QUIET_MAX_S = 0.03, 0.5
"""The request may overtake the last keystrokes, which come over another socket; and "Run All"
sends one request a cell, in no sure order. So wait until nothing came for this long."""
SEVERAL, QUIET_LONGER_S = 2, 0.1
"""Where several came, more may: a busy server takes them one after another."""
LOOK_S = 2.0
"""The feed may lose the news; then this late."""


@dataclass(frozen=True, slots=True)
class _Cell:
    index: int
    source: str
    is_code: bool
    may_fail: bool


class RunRequests:
    """See the module. For one charge."""

    def __init__(self, charge: Charge, book: RunBook, queue_of: Callable[[str], RunQueue]) -> None:
        self._charge, self._book, self._queue_of = charge, book, queue_of
        self._news = asyncio.Event()
        self._rung = 0

    def ring(self) -> None:
        """Somebody asked for a run."""
        self._rung += 1
        self._news.set()

    async def run(self) -> None:
        """Queue what is asked for. Never returns. Raises StoreUnavailable, LeaseLost."""
        while True:
            self._news.clear()
            if await self._book.asked():
                await self._until_quiet()
                await self._settle()
                continue
            await until_set(self._news, within_s=LOOK_S)

    async def _until_quiet(self) -> None:
        follower, loop = self._charge.replica.follower, asyncio.get_running_loop()
        until, first = loop.time() + QUIET_MAX_S, self._rung
        await follower.catch_up()
        while loop.time() < until:
            at = (follower.position, self._rung)
            await asyncio.sleep(QUIET_S if self._rung - first < SEVERAL else QUIET_LONGER_S)
            if (follower.position, self._rung) == at:
                return

    async def _settle(self) -> None:
        charge = self._charge
        asked = await self._book.asked()
        await charge.replica.follower.catch_up()
        async with charge.lock:
            await charge.settle()
            cells = _cells(charge)
        first: dict[str, int] = {}
        for told in asked.values():
            at = int(told.get("requested", 0))
            first[told.get("user", "")] = min(at, first.get(told.get("user", ""), at))

        def order(told: dict[str, Any]) -> tuple[int, str, int]:
            user, cell = told.get("user", ""), cells.get(told.get("cell", ""))
            return (first[user], user, cell.index if cell else 0)

        for told in sorted(asked.values(), key=order):
            status, why = await self._queue(told, cells)
            await self._book.settled(told["id"])
            await charge.notice("run settled", run=told["id"], status=status, why=why)

    async def _queue(self, told: dict[str, Any], cells: dict[str, _Cell]) -> tuple[int, str]:
        cell = cells.get(told.get("cell", ""))
        if cell is None:
            return 404, f"no cell {told.get('cell')!r} in {self._charge.where.path}"
        if not cell.is_code:
            return 400, f"cell {told.get('cell')!r} is not a code cell"
        if not _is_as_seen(told, cell.source):
            return 409, "the cell was changed: look at it, and run it again"
        source = str(told.get("code") or cell.source)
        if not source.strip():
            await self._blank(told["cell"])
            return 200, ""
        given = {key: str(value) for key, value in told.items()}
        given |= {"source": source, "sha": source_sha(source)}
        run = Run.of_fields({**given, "may_fail": "1" if cell.may_fail else ""})
        try:
            await self._queue_of(run.kernel).add(run)
        except NoSuchKernel:
            return 404, f"no kernel {run.kernel}"
        return 200, ""

    async def _blank(self, cell_id: str) -> None:
        """A cell without code is not run; what it showed goes, as after a run."""
        charge = self._charge

        def clear(document: Any) -> None:  # noqa: ANN401 -- jupyter_ydoc's
            for cell in document.ycells:
                if cell.get("id") == cell_id:
                    if len(cell["outputs"]):
                        del cell["outputs"][:]
                    if cell.get("execution_count") is not None:
                        cell["execution_count"] = None

        async with charge.lock:
            await charge.settle()
            await charge.replica.edit(clear, Origin(), charge.hand)


def _cells(charge: Charge) -> dict[str, _Cell]:
    content = live.content(charge.replica.document)
    if not isinstance(content, dict):
        return {}
    return {
        str(cell.get("id")): _Cell(
            index,
            str(cell.get("source", "")),
            is_code=cell.get("cell_type") == "code",
            may_fail=_may_fail(cell.get("metadata")),
        )
        for index, cell in enumerate(content["cells"])
        if isinstance(cell, dict)
    }


def _may_fail(metadata: object) -> bool:
    """Whether the cell's tags say so, as JupyterLab and nbclient read them."""
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list) and "raises-exception" in tags


def _is_as_seen(told: dict[str, Any], source: str) -> bool:
    """Whether the source is the one whose hash came with the request, if one came."""
    saw = str(told.get("saw") or "")
    return not saw or saw in (source_sha(source), str(murmur.murmur2(source)))
