"""RunRequests: what people asked to run, put into the queues of kernels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtstore.errors import StoreFull, StoreRefused
from rtstore.keeper.charge import Charge
from rtstore.keeper.run_batches import Asked, Batches, are_missing
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import NoSuchKernel, RunQueue
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import live, murmur
from rtstore.schema.run import Run, source_sha
from rtstore.tasks import until_calm, until_set

logger = logging.getLogger(__name__)

QUIET_S, QUIET_MAX_S = 0.02, 0.5
"""The request may overtake the last keystrokes, which come over another socket; and "Run All"
sends one request a cell, in no sure order. So wait until nothing came for this long, and until all
are here that the Jupyter server had at once."""
SEVERAL, QUIET_LONGER_S = 2, 0.1
"""Where several came, more may: a busy server takes them one after another."""
LOOK_S = 2.0
"""The feed may lose the news; then this late."""
Answer = dict[str, Any]
"""``status`` as of HTTP, ``why``, and the ``cell`` that it is about."""


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
        self._batches = Batches()

    def ring(self) -> None:
        """Somebody asked for a run."""
        self._rung += 1
        self._news.set()

    async def run(self) -> None:
        """Queue what is asked for. Never returns. Raises StoreUnavailable, LeaseLost."""
        loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            if await self._book.asked():
                came_s = loop.time()
                await self._until_all_here()
                await self._settle(came_s)
                self._batches.answered(loop.time())
                continue
            await until_set(self._news, within_s=LOOK_S)

    async def _until_all_here(self) -> None:
        deadline = asyncio.get_running_loop().time() + QUIET_MAX_S
        await self._until_quiet(deadline)
        while asyncio.get_running_loop().time() < deadline:
            if not are_missing(await self._book.asked()):
                return
            self._news.clear()
            await until_set(self._news, within_s=QUIET_S)

    async def _until_quiet(self, deadline: float) -> None:
        follower, loop = self._charge.replica.follower, asyncio.get_running_loop()
        first = self._rung
        await follower.catch_up()
        while loop.time() < deadline:
            at = (follower.position, self._rung)
            pause_s = QUIET_S if self._rung - first < SEVERAL else QUIET_LONGER_S
            await until_calm(pause_s, within_s=deadline - loop.time())
            if (follower.position, self._rung) == at:
                return

    async def _settle(self, came_s: float) -> None:
        charge = self._charge
        asked = await self._book.asked()
        await charge.replica.follower.catch_up()
        async with charge.lock:
            await charge.settle()
            cells = _cells(charge)
        places = {cell_id: cell.index for cell_id, cell in cells.items()}
        for batch in self._batches.of(list(asked.values()), places, came_s=came_s):
            for post in batch.posts:
                refused = self._refusal(post, cells)
                for told in post:
                    answer = refused or await self._queue(told | {"batch": batch.id}, cells)
                    await self._book.settled(told["id"])
                    await charge.notice("run settled", run=told["id"], **answer)

    def _refusal(self, post: list[Asked], cells: dict[str, _Cell]) -> Answer | None:
        """Why none of the request's cells may run, with the cell; None if they may."""
        for told in post:
            cell_id = str(told.get("cell", ""))
            cell, saw = cells.get(cell_id), str(told.get("saw") or "")
            if cell is None:
                why = f"no cell {cell_id!r} in {self._charge.where.path}"
                return {"status": 404, "why": why, "cell": cell_id}
            if not cell.is_code:
                return {
                    "status": 400,
                    "why": f"cell {cell_id!r} is not a code cell",
                    "cell": cell_id,
                }
            if saw and saw not in (source_sha(cell.source), str(murmur.murmur2(cell.source))):
                why = "the cell was changed: look at it, and run it again"
                return {"status": 409, "why": why, "cell": cell_id}
        return None

    async def _queue(self, told: Asked, cells: dict[str, _Cell]) -> Answer:
        cell = cells[told["cell"]]
        answer: Answer = {"status": 200, "why": "", "cell": told["cell"]}
        source = str(told["code"]) if "code" in told else cell.source
        if not source.strip():
            await self._blank(told["cell"])
            return answer
        given = {key: str(value) for key, value in told.items()}
        given |= {"source": source, "sha": source_sha(source)}
        run = Run.of_fields({**given, "may_fail": "1" if cell.may_fail else ""})
        try:
            await self._queue_of(run.kernel).add(run)
        except NoSuchKernel:
            return answer | {"status": 404, "why": f"no kernel {run.kernel}"}
        except StoreFull:
            raise
        except (ValueError, StoreRefused) as error:  # this one can't be; the others can
            logger.warning("not queued run=%s: %r", run.id, error)
            return answer | {"status": 400, "why": f"it can't be run: {error}"}
        return answer

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
