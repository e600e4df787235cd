"""Sweeper: outputs that are kept beside a document go when nothing has needed them for long.

What the document refers to, and what it was last saved with, is needed. An undo, a page that was
away, or somebody who reads the archive may bring a reference back, so what is not needed stays
for a while yet. Nothing is deleted while it is uncertain what the document says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from rtstore.errors import BadDocument
from rtstore.keeper.charge import Charge
from rtstore.redis_backend.giant_store import BATCH, DAY_MS, GiantStore
from rtstore.schema.giant_names import mentioned
from rtstore.schema.ids import EntryId

logger = logging.getLogger(__name__)

SWEEP_S = 600.0
"""What is found unneeded counts from when that is found: so much later at most."""
MARGIN_MS = DAY_MS
"""What expires while nobody keeps the document has this much longer: for who opens it late, so
that its next keeper comes in time."""
TRIES = 10
"""Of a batch in a document that is changed all the time."""


class Sweeper:
    """Sweeps one charge's."""

    def __init__(self, charge: Charge, *, kept_days: float) -> None:
        """`kept_days`: how long what nothing needs is kept; 0: for ever."""
        self._charge = charge
        self._giants = GiantStore(charge.office.link, charge.keys)
        self._kept_ms = int(kept_days * DAY_MS)
        self._is_judged = False

    async def begin(self) -> None:
        """Before anything else: what was to go while nobody kept the document stays."""
        await self._giants.stay()

    async def let_go(self) -> None:
        """Last of all: what is not needed may go while nobody keeps the document.

        Not when the last sweep could not tell. Raises as `sweep`.
        """
        if not self._kept_ms or not self._is_judged or await self._has_drafts():
            return
        gone = [name for name, since in (await self._giants.kept()).items() if since]
        await self._giants.let_go(
            gone, kept_ms=self._kept_ms + MARGIN_MS, holding=self._charge.lease.holding
        )

    async def run(self) -> None:
        """Sweep now and then, not at once: opening has enough to do. Never returns."""
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.sweep()

    async def sweep(self) -> int:
        """Note what is needed, and delete what has not been for long enough; how many.

        Raises LoadFailed, LeaseLost, StoreUnavailable, StoreRefused.
        """
        await self._revive()
        # Read first: what is put beside after this is no concern of this sweep.
        kept = await self._giants.kept()
        self._is_judged = False
        if not self._kept_ms:
            return 0
        if (said := await self._said()) is None:
            return 0
        needed, at = said
        listed = [name for name in sorted(needed) if kept.get(name, 1)]
        gone = [name for name in kept if name not in needed]
        now = await self._giants.mark(
            needed=listed,
            unneeded=[name for name in gone if not kept[name]],
            holding=self._charge.lease.holding,
        )
        self._is_judged = True
        due = [name for name in gone if kept[name] and kept[name] <= now - self._kept_ms]
        if not due or await self._has_drafts():
            return 0
        return await self._drop(due, at)

    async def _revive(self) -> None:
        """Take back that they go with the file, where a page brought the document back."""
        charge = self._charge
        if await self._giants.is_expiring() and await charge.office.files.path_of(
            charge.document_id
        ):
            await self._giants.stay()

    async def _said(self) -> tuple[set[str], EntryId] | None:
        """What the document refers to, and up to which entry; None where that can't be said."""
        charge = self._charge
        await charge.replica.follower.catch_up()
        async with charge.lock:
            await charge.settle()
            replica = charge.replica
            if replica.is_empty or replica.lacks_causes or not replica.is_whole:
                return None
            at = replica.follower.position
            try:
                content = charge.content()
            except BadDocument:
                return None
            saved = charge.base.content if charge.base is not None else None
        return await asyncio.to_thread(mentioned, content, saved), at

    async def _has_drafts(self) -> bool:
        """Whether what pages of an earlier history hold is not long in files: see `drafts`."""
        return bool(await self._charge.office.link.command("EXISTS", self._charge.keys.drafts))

    async def _drop(self, due: Sequence[str], at: EntryId) -> int:
        charge, left, dropped, refused = self._charge, list(due), 0, 0
        while left and refused < TRIES:
            done = await self._giants.drop(
                left[:BATCH], at=at, kept_ms=self._kept_ms, holding=charge.lease.holding
            )
            if done is not None:
                left, dropped = left[BATCH:], dropped + done
                continue
            refused += 1
            # Somebody edits. What they bring back stands in the update as it is: text is never
            # compressed there.
            later = await charge.log.load(at)
            if not later.is_whole_after(at) or any(entry.kind == "e" for entry in later.entries):
                break
            for entry in later.entries:
                at = entry.id
                left = [name for name in left if name.encode() not in entry.update]
        logger.info("outputs deleted document=%s number=%d", charge.document_id, dropped)
        return dropped
