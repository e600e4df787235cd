"""A text file and two programs in it, each on a worker of its own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc
from pycrdt import Text as SharedText

from rtstore.client import shared_text
from tests.client.cast import at, texts
from tests.gateway.team import Worker, make_document

Pair = tuple[Worker, Worker]


async def test_what_one_types_the_other_reads(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with texts(one, two) as (mine, theirs):
        assert (mine.value, theirs.value) == ("hello", "hello")

        mine.insert(0, "Oh, ")
        theirs.append(" world")
        async with asyncio.timeout(30):
            await mine.until(lambda: mine.value == "Oh, hello world")
            await theirs.until(lambda: theirs.value == "Oh, hello world")

        theirs.delete(0, 4)
        async with asyncio.timeout(30):
            await mine.until(lambda: mine.value == "hello world")


async def test_setting_the_value_keeps_what_others_type_meanwhile(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link, text="one\ntwo\nthree\n")
    async with texts(one, two) as (mine, theirs):
        theirs.insert(0, "zero\n")
        mine.value = "one\nTWO\nthree\n"  # has not heard of it yet
        async with asyncio.timeout(30):
            await mine.until(lambda: mine.value == "zero\none\nTWO\nthree\n")
            await theirs.until(lambda: theirs.value == mine.value)


async def test_edits_of_one_turn_are_one_entry_of_the_log(workers: Pair) -> None:
    one, _ = workers
    log = await make_document(one.link)
    async with at(one, "ann") as ann, ann.text("a.txt") as mine:
        before = len(await log.read())
        for letter in "abc":
            mine.append(letter)
        await mine.flush()
        entries = await log.read()
        assert len(entries) == before + 1
        assert entries[-1].user == "ann"
        assert entries[-1].client == str(mine.ydoc.client_id)


async def test_leaving_waits_until_the_log_has_it(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with at(one, "ann") as ann:
        async with ann.text("a.txt") as mine:
            mine.delete(1, 5)
        async with ann.text("a.txt") as mine:
            mine.append("!" * 200_000)
    async with at(two, "bob") as bob, bob.text("a.txt") as theirs:
        assert theirs.value == "h" + "!" * 200_000


async def test_what_the_body_raises_comes_out_as_it_is(workers: Pair) -> None:
    one, _ = workers
    await make_document(one.link)
    with pytest.raises(ZeroDivisionError):
        async with at(one, "ann") as ann, ann.text("a.txt"):
            raise ZeroDivisionError


def empty() -> SharedText:
    doc: Doc[SharedText] = Doc()
    return doc.get("source", type=SharedText)


def test_places_that_are_not_there_are_refused() -> None:
    text = empty()
    text += "añ🎉"
    for start, end in ((-1, 0), (2, 1), (0, 4)):
        with pytest.raises(IndexError):
            shared_text.delete(text, start, end)
    shared_text.delete(text, 1, 2)
    shared_text.insert(text, 2, "é")
    assert str(text) == "a🎉é"


WORDS = st.text(alphabet="ab ñ🎉\n", max_size=30)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_change_to_leads_there(old: str, new: str) -> None:
    text = empty()
    text += old
    shared_text.change_to(text, new)
    assert str(text) == new
