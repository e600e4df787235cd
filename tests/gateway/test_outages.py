"""A store that is away: sockets stay, edits are refused, and who types is told so."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from rtstore.gateway import outage
from rtstore.redis_backend.keys import Keys
from rtstore.schema import frames
from rtstore.schema.session_events import ALARM
from rtstore.tasks import background
from tests.gateway.fake_jupyter import FakeJupyter, fake_jupyter
from tests.gateway.team import ROOT, Worker, joined, make_document, running_worker
from tests.support.stores import Store
from tests.support.waiting import until

SESSION = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
LONG_S = 0.3


@pytest.fixture
async def jupyter() -> AsyncIterator[FakeJupyter]:
    async with fake_jupyter() as fake:
        yield fake


@pytest.fixture
async def one(
    store: Store, jupyter: FakeJupyter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    """A worker that was told by the store where Jupyter is, as most are."""
    monkeypatch.setattr(outage, "TELL_AFTER_S", LONG_S)
    async with running_worker(store.url, "w1") as worker:
        await worker.link.command("HSET", Keys().root(ROOT).server, "url", jupyter.url)
        await make_document(worker.link)
        yield worker


async def _until_away(worker: Worker) -> None:
    async def is_away() -> bool:
        return not worker.link.connected

    await until(is_away, what="the worker knows that the store is away")


async def _told(jupyter: FakeJupyter, level: str) -> str:
    event = await jupyter.next_event()
    assert event["schema_id"] == SESSION
    assert event["if_changed"] is True
    data = event["data"]
    assert (data["level"], data["room"], data["path"]) == (level, "text:file:doc-a.txt", "a.txt")
    return str(data["msg"])


async def test_who_types_while_the_store_is_away_is_told_once_and_when_it_is_over(
    store: Store, one: Worker, jupyter: FakeJupyter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rtstore.gateway")
    async with joined(one, "ada") as ada, joined(one, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        store.kill()
        await _until_away(one)
        for person in (ada, bob, ada):
            await person.type("!")
        assert "not being stored" in await _told(jupyter, ALARM)

        await ada.type("?")
        await ada.socket.send_bytes(b"\x02\x04save\x05")
        await ada.until(lambda: bool(ada.raw))  # Ctrl+S is answered at once, and truthfully
        assert ada.raw == [frames.raw({"type": "save", "responseTo": 5, "status": "failed"})]
        assert not ada.socket.closed
        assert not bob.socket.closed
        assert jupyter.events.empty()

        async with background(bob.hear_for(60)):
            await store.restart()
            await ada.until(lambda: "!" in ada.text and ada.text.count("!") == 3)
            assert "stored again" in await _told(jupyter, "INFO")
            assert jupyter.events.empty()
    refused = [one for one in caplog.records if "edits refused" in one.message]
    assert len(refused) == 1
    assert "edits taken again document=doc-a.txt" in caplog.text


async def test_nobody_is_told_of_a_store_that_is_back_soon(
    store: Store, one: Worker, jupyter: FakeJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "TELL_AFTER_S", 3600.0)  # sooner, on any machine
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        store.kill()
        await _until_away(one)
        await ada.type("!")
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")

        async def is_refused() -> bool:
            return room._writer.outage.is_on

        await until(is_refused, what="the edit is refused")
        await store.restart()
        await ada.until_true(lambda: not room._writer.outage.is_on)
        assert room._writer.outage._timer is None
    assert jupyter.events.empty()


async def test_nobody_is_told_of_a_store_that_nobody_needed(
    store: Store, one: Worker, jupyter: FakeJupyter
) -> None:
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        store.kill()
        await _until_away(one)
        await ada.say(1, user={})
        await ada.hear_for(3 * LONG_S)
        assert not ada.socket.closed
    assert jupyter.events.empty()


async def test_who_types_into_a_full_store_is_told(one: Worker, jupyter: FakeJupyter) -> None:
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        await one.link.command("CONFIG", "SET", "maxmemory", "1")
        await ada.type("!")
        assert "takes no more data" in await _told(jupyter, ALARM)
        await one.link.command("CONFIG", "SET", "maxmemory", "0")
        async with background(ada.hear_for(60)):
            assert "stored again" in await _told(jupyter, "INFO")


async def test_an_unanswered_event_is_logged_and_no_more(
    store: Store, one: Worker, jupyter: FakeJupyter, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        one.gateway.jupyter._last = one.gateway.jupyter._found = "http://127.0.0.1:9/"
        store.kill()
        await _until_away(one)
        await ada.type("!")

        async def is_logged() -> bool:
            return "not told document=doc-a.txt" in caplog.text

        await until(is_logged, what="that nobody could be told is logged")
        assert not ada.socket.closed
