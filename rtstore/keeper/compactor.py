"""Compactor: keeps a log short. What leaves it is archived first, entry by entry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from rtstore.errors import StaleEpoch
from rtstore.keeper.charge import Charge
from rtstore.pubsub.content import content_of
from rtstore.redis_backend.history import History
from rtstore.schema import updates
from rtstore.schema.frames import NOTHING
from rtstore.schema.squash import squash

logger = logging.getLogger(__name__)

CHECK_S = 5.0
TAIL_BYTES_MIN = 2**16
TAIL_ENTRIES_MAX = 1000
KEEP_ENTRIES = 500
"""Members that come back after a short absence read entries, not the whole document."""
SQUASH_AT_ONCE = 5000
"""So that the interpreter lock is held for some 50 ms, however long the log."""


class Compactor:
    """Compacts one charge's log."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        office = charge.office
        self._history = History(
            office.link, charge.keys, charge.document_id, directory=office.settings.history_dir
        )

    async def run(self) -> None:
        """Compact whenever the tail outgrows the snapshot. Never returns."""
        while True:
            await asyncio.sleep(CHECK_S)
            if self._is_long():
                await self.compact(keep=KEEP_ENTRIES)

    def _is_long(self) -> bool:
        replica = self._charge.replica
        return replica.tail_entries > TAIL_ENTRIES_MAX + KEEP_ENTRIES or (
            replica.tail_bytes > max(TAIL_BYTES_MIN, replica.snapshot_bytes)
            and replica.tail_entries > KEEP_ENTRIES // 5
        )

    async def compact(self, *, keep: int) -> int:
        """Merge all into the snapshot, leaving the newest `keep` entries; how many were trimmed.

        Raises StoreUnavailable, StoreRefused.
        """
        charge = self._charge
        loaded = await charge.log.load()
        if not loaded.entries:
            return 0
        if charge.replica.lacks_causes and not loaded.is_whole:
            return 0  # a snapshot would hide that something is lost
        await self._history.archive(loaded.entries)
        merged = await _squashed(content_of(loaded))
        last = loaded.entries[-1].id
        first_kept = last._replace(revision=last.revision + 1)
        if keep:
            first_kept = loaded.entries[-keep:][0].id
        try:
            trimmed = await charge.log.compact(loaded.snapshot_id, last, merged, keep=first_kept)
        except StaleEpoch as error:
            logger.info("somebody else compacted document=%s: %s", charge.document_id, error)
            return 0
        replica = charge.replica
        replica.tail_entries = replica.tail_bytes = 0
        replica.snapshot_bytes = len(merged)
        logger.info(
            "compacted document=%s entries=%d trimmed=%d bytes=%d",
            charge.document_id, len(loaded.entries), trimmed, len(merged),
        )  # fmt: skip
        return trimmed


async def _squashed(content: Sequence[bytes]) -> bytes:
    whole = NOTHING
    for at in range(0, len(content), SQUASH_AT_ONCE):
        block = content[at : at + SQUASH_AT_ONCE]
        whole = await asyncio.to_thread(lambda told: squash(updates.merge(told)), [whole, *block])
    return whole
