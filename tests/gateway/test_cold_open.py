"""Opening a document that no worker has open: readers wait for the store once, writers longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rtstore.gateway.serving import Place, listening, open_gateway
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.schema.ids import BEGINNING
from rtstore.settings import Settings
from tests.gateway.team import (
    PATIENCE_S,
    ROOT,
    SECRET,
    Worker,
    joined,
    make_document,
    running_worker,
)
from tests.support.stepped_link import SteppedLink
from tests.support.stores import Store
from tests.support.waiting import until


@asynccontextmanager
async def stepped_worker(store: Store) -> AsyncIterator[tuple[Worker, SteppedLink]]:
    """A gateway whose store answers step by step."""
    settings = Settings.load(redis_url=store.url, secret=SECRET, contents_id=ROOT)
    async with connect(store.url, name="slow", keys=Keys()) as real:
        link = SteppedLink(real)
        async with (
            open_gateway(link, Keys(), settings, worker="slow", contents_id=ROOT) as gateway,
            listening(gateway, Place("127.0.0.1", 0)) as port,
        ):
            yield Worker("slow", gateway, link, f"http://127.0.0.1:{port}"), link
            link.go()


async def test_who_opens_a_document_reads_it_after_one_round_trip(store: Store) -> None:
    async with running_worker(store.url, "w1") as other, stepped_worker(store) as (slow, link):
        await make_document(other.link)
        link.hold()
        async with joined(slow, "ada") as ada:
            asked = await link.step()
            await ada.until(lambda: ada.synced)
            assert ada.text == "hello"
            assert "update_log_load" in asked
            link.go()


async def test_who_is_there_is_seen_with_the_document(store: Store) -> None:
    async with running_worker(store.url, "w1") as other, stepped_worker(store) as (slow, link):
        log = await make_document(other.link)
        async with joined(other, "bob") as bob:
            await bob.say(1, user={})
            await bob.until(lambda: bob.doc.client_id in bob.people)

            async def is_written() -> bool:
                who = await other.link.command("HVALS", log.keys.who)
                return any(str(bob.doc.client_id).encode() in value for value in who)

            await until(is_written, what="who is here is in the store")
            link.hold()
            async with joined(slow, "ada") as ada:
                await link.step()
                await ada.until(lambda: bob.doc.client_id in ada.people)
                link.go()


async def test_what_is_typed_before_the_log_is_open_waits_for_it(store: Store) -> None:
    async with running_worker(store.url, "w1") as other, stepped_worker(store) as (slow, link):
        log = await make_document(other.link)
        async with joined(other, "bob") as bob:
            await bob.until(lambda: bob.synced)
            link.hold()
            async with joined(slow, "ada") as ada:
                await link.step()
                await ada.until(lambda: ada.synced)
                await ada.type("!")
                await ada.type("?")
                steps = 0
                while "update_log_append" not in await link.step():
                    steps += 1
                assert steps >= 1, "the log was opened first"
                link.go()
                await bob.until(lambda: bob.text == "hello!?")
        assert [e.user for e in await log.read()] == ["", "", "ada", "ada"]


async def test_who_was_shown_a_history_that_has_ended_loads_again_and_writes_nothing(
    store: Store,
) -> None:
    """The log is lost and made anew between what the reader is shown and the opening."""
    async with running_worker(store.url, "w1") as other, stepped_worker(store) as (slow, link):
        log = await make_document(other.link)
        link.hold()
        async with joined(slow, "ada") as ada:
            await until(link.has_asked_all, what="the document is loaded")
            assert "update_log_load" in link.asked
            await other.link.command("DEL", log.keys.log, log.keys.meta)
            place = {"server": ROOT, "path": "a.txt", "type": "file", "format": "text"}
            await log.open(BEGINNING, gen="gen2", place=place)
            await link.step()
            await ada.until(lambda: ada.synced)
            await ada.type("!")
            link.go()
            await ada.hear_for(PATIENCE_S)  # and answers when asked for all it has
            assert ada.socket.close_code == 1003
        assert [e.user for e in await log.read() if e.is_content] == []


async def test_a_store_that_takes_nothing_still_shows_documents(store: Store) -> None:
    async with running_worker(store.url, "w1") as one:
        log = await make_document(one.link)
        await one.link.command("CONFIG", "SET", "maxmemory", "1")
        async with joined(one, "ada") as ada:
            await ada.until(lambda: ada.synced)
            assert ada.text == "hello"
            await ada.type("!")
            await one.link.command("CONFIG", "SET", "maxmemory", "0")

            async def is_in_the_log() -> bool:
                await ada.hear_for(0.02)
                return any(e.user == "ada" for e in await log.read())

            await until(is_in_the_log, what="it was asked for again")
