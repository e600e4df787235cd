"""Workers that restart, stores that die, and documents that are refused: what a program sees."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from rtstore.client import HistoryGone, NotSaved, connect
from rtstore.client import document as documents
from rtstore.client.errors import why_closed
from rtstore.errors import (
    BadDocument,
    JupyterUnavailable,
    LoadFailed,
    NoSuchDocument,
    NotAllowed,
    TooBig,
)
from rtstore.gateway.member import Member
from rtstore.gateway.serving import Place, listening
from rtstore.schema import feed
from rtstore.tasks import background
from tests.client.cast import at, texts
from tests.gateway.team import ALL, Worker, make_document
from tests.support.stores import Store

Pair = tuple[Worker, Worker]


async def test_typing_goes_on_while_the_worker_is_away(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with AsyncExitStack() as later, at(two, "bob") as bob, bob.text("a.txt") as theirs:
        first = AsyncExitStack()
        port = await first.enter_async_context(listening(one.gateway, Place("127.0.0.1", 0)))
        there = connect(f"http://127.0.0.1:{port}", headers=one.headers("ann", ALL))
        async with there as ann, ann.text("a.txt") as mine:
            mine.append("1")
            await theirs.until(lambda: theirs.value == "hello1")

            await first.aclose()  # as at SIGTERM: 1012
            await mine.until(lambda: not mine.is_connected)
            mine.append("2")
            mine.delete(0, 1)
            theirs.append("3")

            await later.enter_async_context(listening(two.gateway, Place("127.0.0.1", port)))
            async with asyncio.timeout(60):
                await mine.until(lambda: sorted(mine.value) == sorted("ello123"))
                await theirs.until(lambda: theirs.value == mine.value)
            assert mine.is_connected


@pytest.mark.parametrize("says", ["the store has it", "nothing of that"])
async def test_a_store_that_dies_loses_nothing_of_what_was_typed(
    store: Store, workers: Pair, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if says == "nothing of that":  # as jupyter-collaboration
        monkeypatch.setattr(Member, "acknowledge", lambda _: None)
    one, two = workers
    await make_document(one.link)
    async with texts(one, two) as (mine, theirs):
        store.kill()
        mine.append("1")
        theirs.delete(0, 2)
        await store.restart()
        async with asyncio.timeout(60):
            await mine.until(lambda: mine.value == "llo1")
            await theirs.until(lambda: theirs.value == "llo1")
            await mine.flush()
            await theirs.flush()


async def test_reasons_are_raised(workers: Pair) -> None:
    one, _ = workers
    await make_document(one.link)
    async with at(one, "ann") as ann:
        with pytest.raises(BadDocument, match="open as file"):
            async with ann.text("a.txt"), ann.notebook("a.txt"):
                pass
        with pytest.raises(BadDocument, match="root"):
            async with ann.text("../a.txt"):
                pass
    async with at(one, "eve", frozenset({"contents:read"})) as eve:
        with pytest.raises(NotAllowed, match="contents:write"):
            async with eve.text("a.txt"):
                pass
    async with connect(one.url, headers={"X-Rtstore-Identity": "forged"}) as eve:
        with pytest.raises(NotAllowed, match="refuses"):
            async with eve.presence():
                pass
    async with connect("http://127.0.0.1:1/") as nobody:
        with pytest.raises(JupyterUnavailable, match="can't reach"):
            async with nobody.text("a.txt"):
                pass


def test_close_codes_mean_errors() -> None:
    final = {
        1009: TooBig,
        4400: BadDocument,
        4401: NotAllowed,
        4403: NotAllowed,
        4404: NoSuchDocument,
        4500: LoadFailed,
    }
    for code, kind in final.items():
        error = why_closed(code, "because")
        assert type(error) is kind
        assert str(error) == "because"
    gone = why_closed(1003, '{"reason":"unknown_session","errorReason":"wiped"}')
    assert isinstance(gone, HistoryGone)
    assert str(gone) == "wiped"
    assert [why_closed(code, "") for code in (1000, 1006, 1011, 1012, 1013)] == [None] * 5


async def test_a_deleted_file_ends_the_document_with_the_reason(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    with pytest.raises(HistoryGone, match="deleted"):
        async with at(two, "bob") as bob, bob.text("a.txt") as theirs:
            await one.link.command("SPUBLISH", log.keys.feed, feed.notice("deleted"))
            async with asyncio.timeout(30):
                await theirs.until(lambda: False)
    with pytest.raises(HistoryGone):
        async with at(two, "bob") as bob, bob.text("a.txt") as theirs:
            await one.link.command("SPUBLISH", log.keys.feed, feed.notice("deleted"))
            async with asyncio.timeout(30):
                while True:
                    theirs.append("x")  # the next edit says so
                    await asyncio.sleep(0.01)


async def test_a_save_is_answered_or_raises(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log = await make_document(one.link)
    asked: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    ids: list[object] = []

    def heard(payload: bytes) -> None:
        message = feed.parse(payload)
        if not isinstance(message, feed.FeedNotice) or message.told["type"] != "save":
            return
        if (number := message.told["id"]) not in ids:  # else it waits, and is asked for again
            ids.append(number)
            asked.put_nowait(message.told)

    async def saved(status: str) -> None:
        """What a keeper would answer."""
        told = await asked.get()  # requests are taken in the order in which they are waited for
        note = feed.notice("saved", by=told["by"], id=told["id"], status=status)
        await one.link.command("SPUBLISH", log.keys.feed, note)

    async with two.link.listen(log.keys.feed, heard), texts(one, two) as (mine, _):
        async with background(saved("success")):
            await mine.save()
        with pytest.RaisesGroup(pytest.RaisesExc(NotSaved, match="could not write")):
            async with background(saved("failed"), saved("failed")):
                await mine.save()
        async with background(saved("failed"), saved("success")):
            await mine.save()  # another keeper took over meanwhile
        monkeypatch.setattr(documents, "SAVE_S", 0.2)
        with pytest.raises(NotSaved, match="no answer"):
            await mine.save()
