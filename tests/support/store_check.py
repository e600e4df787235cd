"""Looking whether all that a store holds, and all that is said over feeds, is what records say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import redis.asyncio
from pydantic import BaseModel, TypeAdapter, ValidationError

from rtstore.redis_backend.connection import connect
from rtstore.schema.records import check
from rtstore.schema.records.action_result import RESULTS
from rtstore.schema.records.feed import FeedAwareness, FeedNotice, FeedUpdate
from rtstore.schema.records.live_message import LiveMessage, LiveNews

_READ = {
    "hash": lambda client, key: client.hgetall(key),
    "string": lambda client, key: client.get(key),
    "list": lambda client, key: client.lrange(key, 0, -1),
    "zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    "stream": lambda client, key: client.xrange(key),
}


async def wrong_in(store_url: str) -> tuple[list[str], set[str]]:
    """What is wrong in a store, and the names of the records that were found there."""
    client: Any = redis.asyncio.Redis.from_url(store_url)
    problems: list[str] = []
    found: set[str] = set()
    async with client:
        async for raw in client.scan_iter(count=1000):
            key, kind = raw.decode(), (await client.type(raw)).decode()
            if kind == "none":  # gone since
                continue
            value = await _READ[kind](client, raw)
            if not value:
                continue
            problems += check.wrong(key, kind, value)
            found |= {
                record.__name__
                for place, record in check.records_of(key)
                if check.REDIS_TYPES[place.shape] == kind
            }
    return problems, found


def check_message(told: object) -> None:
    """Raises ValidationError unless it is what the server may say in a live room."""
    LiveMessage.model_validate(told)


def check_result(record: dict[str, Any]) -> None:
    """Raises ValidationError unless an action that ended ok has a result as it is to be."""
    if record["state"] == "ok":
        TypeAdapter(RESULTS[record["action"]]).validate_python(record["result"])


class Heard:
    """What was said over channels."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.types: set[str] = set()
        """Of notices."""

    def take(self, channel: str, payload: bytes) -> None:
        """One message."""
        record: Any = FeedUpdate
        if channel.endswith(":live:feed"):
            record = LiveNews
        elif payload.startswith(b"note "):
            record = FeedNotice
        elif payload.startswith(b"aware "):
            record = FeedAwareness
        try:
            assert issubclass(record, BaseModel)
            told = record.model_validate(record.taken_apart(payload))
        except (ValueError, ValidationError) as error:
            self.problems.append(f"{channel}: {payload[:200]!r}: {error}")
            return
        self.types.add(getattr(getattr(told, "root", None), "type", record.__name__))


@asynccontextmanager
async def hearing(store_url: str, channels: Iterable[str]) -> AsyncIterator[Heard]:
    """Listen while the block runs."""
    heard = Heard()
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(connect(store_url, name="test"))
        for channel in channels:
            await stack.enter_async_context(link.listen(channel, partial(heard.take, channel)))
        yield heard
