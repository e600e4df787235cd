"""Kernel modes: one kernel for all who have a notebook open, or one for each user."""

from __future__ import annotations

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.run import OVER

SHARED, PER_USER = "shared", "per-user"
MODES = (SHARED, PER_USER)


class StillRunning(Exception):
    """Cells of the document run or wait: its mode stays what it is."""


async def of(link: Link, keys: DocumentKeys) -> str:
    """The document's mode. Raises StoreUnavailable."""
    told = await link.command("HGET", keys.meta, "kernels")
    return PER_USER if told == PER_USER.encode() else SHARED


async def switch(link: Link, keys: DocumentKeys, mode: str) -> None:
    """Set it, for who opens the notebook from now on. Raises StillRunning naming who runs."""
    if await of(link, keys) == mode:
        return
    runs = await RunBook(link, keys).runs()
    running = [run for run in runs.values() if run["state"] not in OVER]
    if running:
        names = ", ".join(sorted({str(run.get("name") or run.get("user")) for run in running}))
        raise StillRunning(f"cells of {names} run or wait: try again when they are over")
    await link.command("HSET", keys.meta, "kernels", mode)
