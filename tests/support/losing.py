"""A store that loses what it had, without a word."""

from __future__ import annotations

from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Opened, UpdateLog
from rtstore.schema.ids import BEGINNING


async def lose_the_end(link: Link, log: UpdateLog, *, left: int) -> None:
    """Of a log only the first entries are there, as after a crash; it is another server's."""
    entries = await link.command("XRANGE", log.keys.log, "-", "+")
    await link.command("DEL", log.keys.log)
    for name, fields in entries[:left]:
        await link.command("XADD", log.keys.log, name, *fields)
    await link.command("HSET", log.keys.meta, "srv", "another:server")


async def somebody_opens(link: Link, log: UpdateLog, *, gen: str = "gen2") -> Opened:
    """Another worker, which has nothing of the document."""
    stranger = UpdateLog(link, log.keys, worker="stranger")
    place = {"server": "c-test", "path": "a.txt", "type": "file", "format": "text"}
    return await stranger.open(BEGINNING, gen=gen, place=place)
