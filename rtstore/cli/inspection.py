"""Finding what a person asks about: the store, and a document in it by path or id."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from rtstore.errors import NoSuchDocument, StoreUnavailable
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.schema.ids import is_document_id
from rtstore.settings import Settings
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.tasks import cause_of

T = TypeVar("T")

SCAN_COUNT = 1000
_TAG_OF_FILES = ":files"


@dataclass(frozen=True, slots=True)
class Found:
    """One document."""

    document_id: str
    path: str
    """'' when no contents root has it any more."""
    keys: DocumentKeys


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who has a document open."""

    user: str
    name: str


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run one command's work; an error that rtstore raises on purpose comes out by itself."""
    try:
        return asyncio.run(job)
    except BaseExceptionGroup as group:
        raise cause_of(group) from None


def settings_with(redis: str | None) -> Settings:
    """The settings in force; `redis` is the command's own option."""
    return Settings.load(redis_url=redis)


async def store_url(settings: Settings) -> str:
    """Where the store is; the embedded one is not started for a look. Raises StoreUnavailable."""
    if settings.redis_url is not None:
        return settings.redis_url
    embedded = EmbeddedStore(settings.data_dir.expanduser())
    if await embedded.status() is None or embedded.url is None:
        raise StoreUnavailable(
            "the embedded store does not run, so nothing is open; `rtstore lab` starts it, or"
            " give --redis URL"
        )
    return embedded.url


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[tuple[Link, Keys]]:
    """A link to the store in force. Raises StoreUnavailable, SettingsError."""
    keys = Keys(settings.key_prefix)
    async with connect(await store_url(settings), name="look", keys=keys) as link:
        yield link, keys


async def roots(link: Link, keys: Keys, settings: Settings) -> list[str]:
    """Contents roots that have files, or the one that a setting names."""
    if settings.contents_id:
        return [settings.contents_id]
    found = await scan(link, f"{keys.prefix}:{{*}}{_TAG_OF_FILES}")
    start = len(keys.prefix) + len(":{")
    return sorted(name[start : -len("}" + _TAG_OF_FILES)] for name in found)


async def scan(link: Link, pattern: str) -> list[str]:
    """Names of keys, in steps that hold nobody up."""
    found: set[str] = set()
    cursor = b"0"
    while True:
        cursor, names = await link.command("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT)
        found.update(name.decode() for name in names)
        if cursor == b"0":
            return sorted(found)


async def find(link: Link, keys: Keys, settings: Settings, told: str) -> Found:
    """The document that a person means by a path below a contents root, or by its id.

    Raises NoSuchDocument saying how to name one.
    """
    indexes = [FileIndex(link, keys.root(name)) for name in await roots(link, keys, settings)]
    ids: dict[str, str] = {}
    with suppress(NoSuchDocument):  # no path: an id, perhaps
        for index in indexes:
            if document_id := await index.id_of(told):
                ids[document_id] = told.strip("/")
    if len(ids) > 1:
        raise NoSuchDocument(
            f"{told} is a file of {len(ids)} contents roots; give one of the ids {', '.join(ids)},"
            " or set RTSTORE_CONTENTS_ID"
        )
    if not ids and is_document_id(told):
        for index in indexes:
            if path := await index.path_of(told):
                ids[told] = path
        if not ids and await link.command("EXISTS", keys.document(told).meta):
            ids[told] = ""
    for document_id, path in ids.items():
        return Found(document_id, path, keys.document(document_id))
    raise NoSuchDocument(
        f"no document is called {told}: give its path below the directory that Jupyter serves, or"
        " its id (`rtstore docs --all` lists both)"
    )


async def people(link: Link, keys: DocumentKeys) -> list[Here]:
    """Who has the document open now; each page is one."""
    now = int(time.time() * 1000)
    async with asyncio.TaskGroup() as tasks:  # in one write
        who = tasks.create_task(link.command("HGETALL", keys.who))
        alive = tasks.create_task(link.command("ZRANGEBYSCORE", keys.who_exp, now, "+inf"))
    return [_here(who.result()[field]) for field in alive.result() if field in who.result()]


def _here(value: bytes) -> Here:
    try:
        told = json.loads(value)
        user = str(told["user"])
        return Here(user, str(told.get("name") or user))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Here("?", "?")
