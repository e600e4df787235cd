"""Kernel modes: one kernel for all who have a notebook open, or one for each user."""

from __future__ import annotations

from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue

SHARED, PER_USER = "shared", "per-user"
MODES = (SHARED, PER_USER)


class StillRunning(Exception):
    """Cells of the document run or wait: its mode stays what it is."""


async def of(link: Link, keys: DocumentKeys) -> str:
    """The document's mode. Raises StoreUnavailable."""
    told = await link.command("HGET", keys.meta, "kernels")
    return PER_USER if told == PER_USER.encode() else SHARED


async def switch(link: Link, keys: Keys, mode: str, *, document_id: str, contents_id: str) -> None:
    """Set it, for who opens the notebook from now on. Raises StillRunning naming who runs."""
    document = keys.document(document_id)
    if await of(link, document) == mode:
        return
    book = RunBook(link, document)
    running = {_name(told.get("name"), told.get("user")) for told in (await book.asked()).values()}
    for kernel_id in await book.kernels():
        queue = RunQueue(link, keys.kernel(contents_id, kernel_id))
        runs = [await queue.get(run_id) for run_id in await queue.waiting()]
        running |= {
            _name(run.name, run.user) for run in runs if run and run.document == document_id
        }
    if running:
        names = ", ".join(sorted(running))
        raise StillRunning(f"cells of {names} run or wait: try again when they are over")
    await link.command("HSET", document.meta, "kernels", mode)


def _name(name: object, user: object) -> str:
    return str(name or user)
