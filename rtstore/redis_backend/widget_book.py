"""WidgetBook: what the Output widgets of one kernel took, as its bridges keep it."""

from __future__ import annotations

from collections.abc import Mapping

from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.link import Link, Script

_KEEP = Script.load("widget_book_keep")


class WidgetBook:
    """``rt:{K}:widgets``."""

    def __init__(self, link: Link, keys: KernelKeys) -> None:
        self._link, self._keys = link, keys

    async def read(self) -> dict[str, str]:
        """All that was kept; {} if nothing was. Raises StoreUnavailable."""
        told = await self._link.command("HGETALL", self._keys.widgets)
        return {k.decode(): v.decode("utf-8", "replace") for k, v in told.items()}

    async def keep(self, fields: Mapping[str, str], *, holding: str) -> None:
        """Set fields; '' deletes one. Raises LeaseLost if `holding` is not held."""
        pairs = [part for pair in fields.items() for part in pair]
        await self._link.call(_KEEP, (self._keys.widgets, self._keys.lease), (holding, *pairs))
