"""GiantStore: the values too large for one document, and since when nothing needs which.

``rt:{D}:giants`` names all of them, with 0 while something needs it, or else with when that was
first found. Who keeps the document finds out what is needed; a value is deleted once nothing has
needed it for as long as the caller says.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema.ids import EntryId

_PUT = Script.load("giant_put")
_MARK = Script.load("giant_mark")
_EXPIRE = Script.load("giant_expire")
_LET_GO = Script.load("giant_let_go")
_DROP = Script.load("giant_drop")

DAY_MS = 86_400_000
BATCH = 500
"""Names per script call, so that ten thousand of them never hold the server up."""


class GiantStore:
    """Those of one document. What writes raises LeaseLost, StoreUnavailable, StoreRefused."""

    def __init__(self, link: Link, keys: DocumentKeys) -> None:
        self._link, self._keys = link, keys

    async def put(self, name: str, text: str | bytes, *, holding: str) -> None:
        """Keep a value under its name, which is its hash or a spill's."""
        keys = self._keys
        names = (keys.lease("keep"), keys.giants, keys.giant(name))
        await self._link.call(_PUT, names, (holding, name, text))

    async def kept(self) -> dict[str, int]:
        """Name → since when nothing needs it (ms, by the store's clock); 0: something does."""
        reply = await self._link.command("ZRANGE", self._keys.giants, 0, -1, "WITHSCORES")
        flat = [part for pair in reply for part in pair] if _is_paired(reply) else reply
        scores = (int(float(score)) for score in flat[1::2])
        return {name.decode(): score for name, score in zip(flat[::2], scores, strict=True)}

    async def mark(self, *, needed: Sequence[str], unneeded: Sequence[str], holding: str) -> int:
        """Note what was found; the store's time (ms). Names of what is not kept are left out."""
        now = 0
        told = [(name, True) for name in needed] + [(name, False) for name in unneeded]
        for at in range(0, max(len(told), 1), BATCH):
            batch = told[at : at + BATCH]
            names = [name for name, _ in batch]
            number = sum(is_needed for _, is_needed in batch)
            values = [self._keys.giant(name) for name in names[:number]]
            keys = (self._keys.lease("keep"), self._keys.giants, *values)
            now = int(await self._link.call(_MARK, keys, (holding, number, *names)))
        return now

    async def drop(
        self, names: Sequence[str], *, at: EntryId, kept_ms: int, holding: str
    ) -> int | None:
        """Delete those that nothing has needed for `kept_ms`; how many. At most BATCH.

        `at`: up to where the caller knows that the log does not refer to them. None, and nothing
        deleted, when that is not its end.
        """
        keys = self._keys
        values = (keys.giant(name) for name in names)
        reply = await self._link.call(
            _DROP,
            (keys.lease("keep"), keys.log, keys.giants, *values),
            (holding, str(at), kept_ms, *names),
        )
        return int(reply) if int(reply) >= 0 else None

    async def let_go(self, names: Sequence[str], *, kept_ms: int, holding: str) -> None:
        """Let those noted as unneeded expire `kept_ms` after that; `stay` takes it back."""
        for at in range(0, len(names), BATCH):
            batch = names[at : at + BATCH]
            values = (self._keys.giant(name) for name in batch)
            keys = (self._keys.lease("keep"), self._keys.giants, *values)
            await self._link.call(_LET_GO, keys, (holding, kept_ms, *batch))

    async def expire(self, within_ms: int) -> None:
        """Let all go by themselves, as the document's file is deleted. Twice begins anew."""
        await self._set(within_ms, await self._batches(), listed_at=0)

    async def is_expiring(self) -> bool:
        """Whether somebody began to let them go."""
        return int(await self._link.command("PTTL", self._keys.giants)) > 0

    async def stay(self) -> None:
        """The document is in use, or alive after all: none goes by itself."""
        batches = await self._batches()
        if not batches[0]:
            return
        await self._set(0, batches, listed_at=len(batches) - 1)

    async def _batches(self) -> list[list[str]]:
        values = [self._keys.giant(name) for name in await self.kept()]
        return [values[at : at + BATCH] for at in range(0, max(len(values), 1), BATCH)]

    async def _set(
        self, within_ms: int, batches: Sequence[Sequence[str]], *, listed_at: int
    ) -> None:
        """The list with one of the batches: as long as any value may go, the list says so."""
        for at, values in enumerate(batches):
            keys = (self._keys.giants, *values)
            await self._link.call(_EXPIRE, keys, (within_ms, int(at == listed_at)))


def _is_paired(reply: Sequence[object]) -> bool:
    """RESP3 has pairs of name and number, RESP2 a flat list."""
    return bool(reply) and isinstance(reply[0], list | tuple)
