"""``python -m rtstore.supervisor.store_watch DATA_DIR IDLE_S``: stops the idle embedded store.

One per store, detached; killed, it is started again by the next who needs the store. It imports
little, for it runs as long as the store does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.supervisor.locks import FileLock
from rtstore.supervisor.store_connection import StoreConnection

logger = logging.getLogger(__name__)

LOOK_S = 5.0


async def watch(store: EmbeddedStore, *, idle_s: float) -> None:
    """Return when the store is gone: because it was idle, or otherwise."""
    lock = FileLock(store.directory / "watch.lock")
    # The one before us leaves when its store has gone: it may need a moment.
    if not await lock.acquire(timeout_s=10.0):
        return
    try:
        while await _watch_until_idle(store, idle_s=idle_s):
            if await store.stop(unless_used=True):
                logger.info("store stopped: unused for %.0f s", idle_s)
                return
    except (StoreUnavailable, StoreRefused) as error:
        logger.info("watch ended: %s", error)
    finally:
        lock.release()


async def _watch_until_idle(store: EmbeddedStore, *, idle_s: float) -> bool:
    """True when nobody used the store for `idle_s`; False when it is gone."""
    clock = asyncio.get_running_loop().time
    async with store.connected("watch") as connection:
        unused_since, seen = clock(), await _connections(connection)
        while clock() - unused_since < idle_s:
            if await connection.closed(timeout_s=min(LOOK_S, idle_s / 6)):
                return False
            # The count also tells of those who came and went between two looks.
            count = await _connections(connection)
            if count != seen or await connection.other_users():
                unused_since, seen = clock(), count
    return True


async def _connections(connection: StoreConnection) -> int:
    return int((await connection.info())["total_connections_received"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    os.chdir("/")  # keep no directory of the user busy
    asyncio.run(watch(EmbeddedStore(Path(sys.argv[1])), idle_s=float(sys.argv[2])))
