"""Tabs of an earlier history: asked for all they have, told nothing, closed with 1003."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import WSMsgType
from pycrdt import Doc, Text

from rtstore.gateway import last_words
from rtstore.redis_backend.drafts import Draft, Drafts
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import frames
from rtstore.schema.ids import BEGINNING, EntryId
from tests.gateway.team import PATIENCE_S, ROOT, Person, Worker, joined, make_document, typed
from tests.support.waiting import until

Pair = tuple[Worker, Worker]
EARLIER = f"{ROOT}.1.gen0"


def tab(text: str) -> Doc[Text]:
    """What a page holds that was there before the history was lost."""
    doc: Doc[Text] = Doc()
    doc.apply_update(typed(text, client=9))
    return doc


async def drafts_of(link: Link, log: UpdateLog) -> list[Draft]:
    return list((await Drafts(link, log.keys).waiting()).values())


async def until_closed(person: Person) -> tuple[int, dict[str, Any]]:
    """Answering as a browser does: the code, and what the reason says."""
    async with asyncio.timeout(PATIENCE_S):
        while (message := await person.socket.receive()).type is WSMsgType.BINARY:
            frame = frames.decode(message.data)
            if isinstance(frame, frames.SyncStep1):
                assert frame.state_vector == frames.EMPTY_STATE_VECTOR
                missing = person.doc.get_update(frame.state_vector)
                await person.socket.send_bytes(frames.sync_step2(missing))
            else:
                assert not isinstance(frame, frames.SyncStep2 | frames.Update)
    return person.socket.close_code or 0, json.loads(message.extra or "{}")


async def test_a_tab_of_an_earlier_history_leaves_what_it_has_and_is_told_to_load_anew(
    workers: Pair,
) -> None:
    one, two = workers
    log = await make_document(one.link)
    before = await log.read()
    doc = tab("hello and unsent")
    heard: list[bytes] = []
    async with two.link.listen(log.keys.feed, heard.append):
        async with joined(one, "ada", session=EARLIER, doc=doc) as ada:
            code, reason = await until_closed(ada)
    assert (code, reason["reloadable"], reason["kept"]) == (1003, True, True)
    assert await drafts_of(one.link, log) == [Draft("ada", "file", "text", doc.get_update())]
    assert any(b'"draft"' in message for message in heard)
    assert await log.read() == before


async def test_what_it_has_is_kept_as_the_type_that_it_has_open(workers: Pair) -> None:
    one, _ = workers
    log = await make_document(one.link)
    doc = tab("{}")
    async with joined(one, "ada", room="json:notebook:doc-a.txt", session=EARLIER, doc=doc) as ada:
        assert (await until_closed(ada))[0] == 1003
    [draft] = await drafts_of(one.link, log)
    assert (draft.type, draft.format) == ("notebook", "json")


@pytest.mark.parametrize("session", ["", "c-other.1.gen0", f"{ROOT}.0.gen0", f"{ROOT}.1.", "x"])
async def test_a_session_of_nobody_we_know_is_closed_unasked(workers: Pair, session: str) -> None:
    one, _ = workers
    log = await make_document(one.link)
    async with joined(one, "ada", session=session, doc=tab("unsent")) as ada:
        message = await ada.socket.receive(timeout=PATIENCE_S)
        assert message.type is WSMsgType.CLOSE
        assert ada.socket.close_code == 1003
        assert "kept" not in json.loads(message.extra or "{}")
    assert await drafts_of(one.link, log) == []


async def test_who_may_only_read_is_closed_unasked(workers: Pair) -> None:
    one, _ = workers
    log = await make_document(one.link)
    rights = frozenset({"contents:read"})
    async with joined(one, "ada", session=EARLIER, rights=rights, doc=tab("unsent")) as ada:
        message = await ada.socket.receive(timeout=PATIENCE_S)
        assert message.type is WSMsgType.CLOSE
        assert "kept" not in json.loads(message.extra or "{}")
    assert await drafts_of(one.link, log) == []


async def test_a_tab_that_says_nothing_is_closed_after_a_while(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_words, "ANSWER_S", 0.1)
    one, _ = workers
    log = await make_document(one.link)
    async with joined(one, "ada", session=EARLIER) as ada:
        asked = await ada.socket.receive(timeout=PATIENCE_S)
        assert isinstance(frames.decode(asked.data), frames.SyncStep1)
        message = await ada.socket.receive(timeout=PATIENCE_S)
        assert ada.socket.close_code == 1003
        assert "kept" not in json.loads(message.extra or "{}")
    assert await drafts_of(one.link, log) == []


async def test_a_tab_that_has_nothing_leaves_nothing_and_has_nothing_to_lose(
    workers: Pair,
) -> None:
    one, _ = workers
    log = await make_document(one.link)
    async with joined(one, "ada", session=EARLIER, doc=Doc()) as ada:
        code, reason = await until_closed(ada)
    assert (code, reason["kept"]) == (1003, True)
    assert await drafts_of(one.link, log) == []


async def test_an_answer_that_is_no_update_is_a_bad_frame(workers: Pair) -> None:
    one, _ = workers
    log = await make_document(one.link)
    async with joined(one, "ada", session=EARLIER) as ada:
        await ada.socket.send_bytes(frames.sync_step2(b"\xff\xff\xff"))
        assert await ada.until_closed() == 1007
    assert await drafts_of(one.link, log) == []


async def test_a_store_that_can_not_keep_it_sends_the_tab_away_with_all_it_has(
    workers: Pair,
) -> None:
    one, _ = workers
    log = await make_document(one.link)
    async with joined(one, "eve") as eve:  # the room is there before the store is full
        await eve.until(lambda: eve.synced)
        await one.link.command("CONFIG", "SET", "maxmemory", "1")
        try:
            async with joined(one, "ada", session=EARLIER, doc=tab("unsent")) as ada:
                await ada.hear_for(PATIENCE_S)
                assert ada.socket.close_code == 1013
        finally:
            await one.link.command("CONFIG", "SET", "maxmemory", "0")
    async with joined(one, "ada", session=EARLIER, doc=ada.doc) as ada:
        assert (await until_closed(ada))[0] == 1003
    assert len(await drafts_of(one.link, log)) == 1


async def test_a_page_that_comes_back_all_the_time_leaves_one_draft(workers: Pair) -> None:
    log = await make_document(workers[0].link)
    doc = tab("unsent")
    for worker in workers * 2:
        async with joined(worker, "ada", session=EARLIER, doc=doc) as ada:
            assert (await until_closed(ada))[0] == 1003
    assert len(await drafts_of(workers[0].link, log)) == 1


async def test_members_whose_history_ends_under_them_are_asked_too(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(two, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        ada.doc.get("source", type=Text).insert(0, "unsent ")
        await end_history(one.link, log)
        for person in (ada, bob):
            code, reason = await until_closed(person)
            assert (code, reason["kept"]) == (1003, True)
            assert "load it again" in reason["errorReason"]  # it fits in beside that
        kept = {one.user: one.update for one in await drafts_of(one.link, log)}
        assert kept == {"ada": ada.doc.get_update(), "bob": bob.doc.get_update()}
    assert not any(entry.is_content for entry in await log.read())


async def end_history(link: Link, log: UpdateLog) -> None:
    """As if who is there had expired, and somebody opened the file as another type."""
    newest = (await log.read())[-1].id
    await link.command("HSET", log.keys.meta, "saved_id", str(newest))
    await reset(link, log, tail=newest)


async def reset(link: Link, log: UpdateLog, *, tail: EntryId) -> None:
    """Begin the history anew, though there are people, who may say so again at any moment."""

    async def is_done() -> bool:
        await link.command("DEL", log.keys.who, log.keys.who_exp)
        return await log.reset(
            kind="notebook", format="json", gen="gen2", tail=tail, snapshot=BEGINNING
        )

    await until(is_done, what="the history is begun anew")
