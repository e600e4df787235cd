"""AppKeeper: the keeper of a document that has no file, but perhaps a schema."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any, NoReturn

from rtstore.errors import BadDocument
from rtstore.keeper.keeper import Keeper, Released
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import app_schema
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

CHECK_EVERY_S = 0.3
"""A document that changes all the time is looked at this often."""
INVALID = "invalid"
"""In the document's `state`: what its schema finds wrong."""


class AppKeeper(Keeper):
    """Compacts it, and says in `state` what its schema finds wrong."""

    @property
    def path(self) -> None:
        """There is no file to watch."""
        return

    def _jobs(self, *, was_read: bool) -> list[Coroutine[Any, Any, None]]:
        return [
            self._charge.replica.follower.run(),
            self._compactor.run(),
            self._answer(),
            self._look_after(),
            self._validate(),
        ]

    async def _load(self) -> bool:
        """Begin it, if nobody has: from then on people may write."""
        charge = self._charge
        if not charge.replica.is_empty:
            await charge.settle()
            return False
        at = charge.replica.follower.position

        def begin(document: Any) -> None:  # noqa: ANN401 -- jupyter_ydoc's
            document.path = charge.where.path

        await charge.replica.edit(begin, Origin(), charge.hand, after=at)
        await charge.replica.follower.catch_up()
        await charge.settle()
        return False

    async def _validate(self) -> None:
        charge = self._charge
        while True:
            charge.replica.edited.clear()
            found = await self._problems()
            async with charge.lock:
                await charge.settle()
                if found != _told(charge.replica.document.ystate):
                    say = partial(_say, found)
                    await charge.replica.edit(say, Origin(kind="s"), charge.hand)
            await asyncio.sleep(CHECK_EVERY_S)
            await until_set(charge.replica.edited, within_s=3600.0)

    async def _problems(self) -> list[str]:
        charge = self._charge
        text = await charge.office.link.command("GET", charge.keys.schema)
        if not text:
            return []
        try:
            schema = app_schema.parse(text)
            async with charge.lock:
                await charge.settle()
                value = app_schema.value(charge.replica.doc, schema)
            return await asyncio.to_thread(app_schema.problems, schema, value)
        except BadDocument as error:  # somebody wrote it there by hand
            return [f"document: {error}"]
        except RecursionError:
            return ["document: nested too deep to be checked"]

    async def _answer(self) -> None:
        while True:
            told = await self._notices.get()
            if told.get("type") == "schema":
                self._charge.replica.edited.set()
            elif told.get("type") == "save":
                by, number = told.get("by"), told.get("id")
                await self._charge.notice("saved", by=by, id=number, status="skipped", why="")

    async def _finish(self) -> None:
        """Nothing to save: the store has it."""

    async def _sweep(self) -> None:
        """Nothing is kept beside it."""

    async def _put_away(self) -> bool:
        return True

    async def _release(self, why: str) -> NoReturn:
        raise Released(why)


def _told(state: Any) -> list[Any] | None:  # noqa: ANN401 -- a pycrdt Map
    """What `state` says; None if that is not ours: anybody may write there."""
    told = state.get(INVALID)
    return [] if told is None else told if isinstance(told, list) else None


def _say(found: list[str], document: Any) -> None:  # noqa: ANN401 -- jupyter_ydoc's
    if found:
        document.ystate[INVALID] = found
    elif INVALID in document.ystate:
        del document.ystate[INVALID]
