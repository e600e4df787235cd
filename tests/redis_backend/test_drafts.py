from __future__ import annotations

import pytest

from rtstore.redis_backend.drafts import DONE_S, Draft, Drafts
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link

ANNS = Draft("ann", "file", "text", b"\x00\xff\n{}")
BOBS = Draft("bob", "notebook", "json", b"other")


@pytest.fixture
def drafts(link: Link, keys: DocumentKeys) -> Drafts:
    return Drafts(link, keys)


async def test_a_draft_waits_until_it_is_seen_to(drafts: Drafts) -> None:
    assert await drafts.put(ANNS)
    assert await drafts.put(BOBS)
    waiting = await drafts.waiting()
    assert sorted(waiting.values(), key=lambda one: one.user) == [ANNS, BOBS]

    name = next(name for name, draft in waiting.items() if draft == ANNS)
    await drafts.done(name, path="a.draft.txt")
    assert list((await drafts.waiting()).values()) == [BOBS]


async def test_the_same_state_again_is_no_other_draft(drafts: Drafts) -> None:
    assert await drafts.put(ANNS)
    assert not await drafts.put(ANNS)
    [name] = await drafts.waiting()
    await drafts.done(name, path="a.draft.txt")
    assert not await drafts.put(ANNS)
    assert await drafts.waiting() == {}


async def test_only_what_was_seen_to_expires(
    drafts: Drafts, link: Link, keys: DocumentKeys
) -> None:
    await drafts.put(ANNS)
    [name] = await drafts.waiting()
    await drafts.done(name, path="")
    assert 0 < await link.command("TTL", keys.drafts) <= DONE_S
    await drafts.put(BOBS)
    assert await link.command("TTL", keys.drafts) == -1
