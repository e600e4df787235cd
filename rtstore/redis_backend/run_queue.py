"""RunQueue: the runs of one kernel, in the order in which it gets them."""

from __future__ import annotations

import json
import time
from typing import Any

from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema.run import ABORTED, LOST, OVER, REQUESTED, RUNNING, SENT, Run

_ADD = Script.load("run_queue_add")
_CHANGE = Script.load("run_queue_change")
_ANSWER = Script.load("run_queue_answer")
_NOTE = Script.load("output_log_note")

KEPT_MS = 30 * 86_400_000
"""A run that is over can be looked up for this long."""
FAILED_MS = 3_600_000
"""No batch takes longer to be asked for."""
DROP = "@drop"
"""As the value of a field: delete it."""
HIDDEN = "········"
"""What is shown of a password, however long it is."""


class NoSuchKernel(Exception):
    """The store knows no kernel of this name."""


class RunQueue:
    """One kernel's queue. Each change of a run is an entry of the kernel's log as well."""

    def __init__(self, link: Link, keys: KernelKeys) -> None:
        self._link, self._keys = link, keys

    async def add(self, run: Run) -> bool:
        """Put it at the end; False when it was added before. Raises NoSuchKernel.

        A run of a batch that failed is aborted at once, and so is one that was asked for before
        somebody ordered a restart: it was for the kernel of then.
        """
        keys = self._keys
        pairs = [part for pair in run.as_fields().items() if pair[0] != "state" for part in pair]
        content = run.told(
            name=run.name,
            sha=run.sha,
            requested=int(run.requested or 0),
            records_timing=bool(run.records_timing),
        )
        order = await self._link.call(
            _ADD,
            (keys.run(run.id), keys.queue, keys.out, keys.feed, keys.meta, keys.failed),
            (run.id, _now_ms(), json.dumps(content), run.batch, KEPT_MS, *pairs),
        )
        if int(order) < 0:
            raise NoSuchKernel(self._keys.tag)
        return int(order) > 0

    async def waiting(self) -> list[str]:
        """Ids of all that are not over, in order."""
        return [
            name.decode() for name in await self._link.command("ZRANGE", self._keys.queue, 0, -1)
        ]

    async def get(self, run_id: str) -> Run | None:
        """One run; None if there is none (any more)."""
        told = await self._link.command("HGETALL", self._keys.run(run_id))
        if not told:
            return None
        return Run.of_fields(
            {key.decode(): value.decode("utf-8", "replace") for key, value in told.items()}
        )

    async def has(self, run_id: str) -> bool:
        """Whether there is (still) such a run."""
        return bool(await self._link.command("EXISTS", self._keys.run(run_id)))

    async def change(
        self,
        run: Run,
        to: str,
        *,
        holding: str = "",
        when: tuple[str, ...] = (REQUESTED, SENT, RUNNING),
        said: str | None = None,
        **changed: Any,  # noqa: ANN401 -- of Run
    ) -> bool:
        """Bring it to a state, if it is in one of `when`; whether it was.

        `said`: type of the entry in the log (default: the state; '' for none), which also tells
        of the fields in `changed` that are not None. Raises LeaseLost if `holding` is not held.
        """
        keys = self._keys
        is_over = to in OVER
        if is_over:
            changed |= {"ended": str(_now_ms()), "frames": DROP, "answer": DROP, "prompt_id": DROP}
        pairs = [str(part) for pair in changed.items() if pair[1] is not None for part in pair]
        hidden = ("frames", "answer", "sent_at", "prompt_id", "unsent")
        told = {k: v for k, v in changed.items() if k not in hidden and v not in (None, DROP)}
        done = await self._link.call(
            _CHANGE,
            (keys.run(run.id), keys.queue, keys.out, keys.feed, keys.lease),
            (
                run.id, holding, f",{','.join(when)},", to, _now_ms(), KEPT_MS if is_over else 0,
                to if said is None else said, json.dumps(run.told(**told)), *pairs,
            ),
        )  # fmt: skip
        return bool(done)

    async def end(
        self, why: str, *, by: str = "", holding: str = "", asked_until_ms: int = 0
    ) -> None:
        """The kernel ended: what ran is lost, and what waited never runs, if it was asked for
        until a time (unix, ms; 0: whenever). `by`: username of who ended it, if anybody did.
        """
        for to, when in ((LOST, (SENT, RUNNING)), (ABORTED, (REQUESTED,))):
            for run_id in await self.waiting():
                run = await self.get(run_id)
                if run is None:
                    continue
                is_later = asked_until_ms and int(run.requested or 0) > asked_until_ms
                if to == ABORTED and is_later:
                    continue
                by_other = "1" if to == LOST and by not in ("", run.user) else None
                await self.change(run, to, holding=holding, when=when, why=why, by_other=by_other)

    async def abort(self, why: str, *, of: Run, until_ms: int = 0, holding: str = "") -> None:
        """Take out what waits of the same user and document as `of`, asked for until a time
        (unix, ms; 0: whenever).
        """
        for run_id in await self.waiting():
            run = await self.get(run_id)
            if run is None or (until_ms and int(run.requested or 0) > until_ms):
                continue
            if (run.user, run.document) == (of.user, of.document):
                await self.change(run, ABORTED, holding=holding, when=(REQUESTED,), why=why)

    async def fail(self, run: Run, why: str) -> None:
        """Have no more of the run's batch run."""
        if not run.batch:
            return
        keys = self._keys
        await self._link.command("HSET", keys.failed, run.batch, why)
        await self._link.command("PEXPIRE", keys.failed, FAILED_MS)

    async def failed(self, run: Run) -> str:
        """Why no more of the run's batch run; '' if nothing is against it."""
        if not run.batch:
            return ""
        why = await self._link.command("HGET", self._keys.failed, run.batch)
        return why.decode("utf-8", "replace") if why else ""

    async def answer(self, run: Run, value: str, *, user: str, prompt_id: str = "") -> bool:
        """Answer what it asks; False when it asks nothing, or another question, by now."""
        keys = self._keys
        shown = HIDDEN if run.password else value
        content = run.told(by=user, prompt=run.prompt, value=shown)
        done = await self._link.call(
            _ANSWER,
            (keys.run(run.id), keys.out, keys.feed),
            (run.id, prompt_id, user, value, _now_ms(), json.dumps(content)),
        )
        return bool(done)

    async def answer_of(self, run_id: str) -> str | None:
        """What was answered and the kernel was not told yet; None if nothing."""
        told = await self._link.command("HGET", self._keys.run(run_id), "answer")
        return told.decode("utf-8", "replace") if told is not None else None

    async def drop(self, run_id: str) -> None:
        """Take a run off the queue whose hash is gone."""
        await self._link.command("ZREM", self._keys.queue, run_id)

    async def note(self, kind: str, what: str, *, run_id: str = "", **told: Any) -> None:  # noqa: ANN401
        """Say in the log what no message of the kernel says."""
        keys = self._keys
        await self._link.call(
            _NOTE, (keys.out, keys.feed), (_now_ms(), kind, what, run_id, json.dumps(told))
        )


def _now_ms() -> int:
    return int(time.time() * 1000)
