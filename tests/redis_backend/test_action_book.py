"""What an action uploads is kept with its record, from its asking to its end."""

from __future__ import annotations

from typing import Any

from rtstore.redis_backend.action_book import ActionBook
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link


def _record(**more: Any) -> dict[str, Any]:
    return {"id": "up-1", "action": "contents.upload", "state": "requested", "ended": None} | more


async def test_what_is_uploaded_stays_what_it_was_when_it_was_asked_for_first(link: Link) -> None:
    book = ActionBook(link, Keys().root("c1"))
    first = _record(user="ann")
    assert await book.ask(first, b'"of ann"') is None
    assert await book.ask(_record(user="bob"), b'"of bob"') == first
    assert await book.content("up-1") == b'"of ann"'
    assert await book.waiting() == ["up-1"]


async def test_it_goes_with_the_end_of_the_action_and_no_sooner(link: Link) -> None:
    keys = Keys().root("c1")
    book = ActionBook(link, keys)
    first = _record()
    await book.ask(first, b'"of ann"')
    assert 0 < await link.command("PTTL", keys.live("content:up-1")) <= 600_000
    taken = first | {"state": "in progress"}
    assert await book.swap(first, taken)
    assert not await book.swap(first, first | {"state": "ok", "ended": 1})
    assert await book.content("up-1") == b'"of ann"'
    assert await book.swap(taken, taken | {"state": "ok", "ended": 1})
    assert await book.content("up-1") is None
