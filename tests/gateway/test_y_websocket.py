"""The unmodified `yjs` and `y-websocket` from npm, in node, against two workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from aiohttp import web

from rtstore.gateway import room
from rtstore.gateway.serving import Place, listening
from rtstore.redis_backend.drafts import Drafts
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import decoded
from tests.gateway.pages import install, page
from tests.gateway.team import ROOT, Worker, make_document, running_worker
from tests.gateway.test_last_words import end_history
from tests.support.stores import Store
from tests.support.waiting import until

Pair = tuple[Worker, Worker]
ROOM = "text:file:doc-a.txt"
SESSION = f"{ROOT}.1.gen1"
WITH_ITS_SOCKET_S = 15.0
"""Who is forgotten for their silence is so after 20 s; how soon: see test_presence.py."""


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    install()


@asynccontextmanager
async def jupyter() -> AsyncIterator[str]:
    """As much of a Jupyter server as a worker asks when it is reached directly: who has a token.

    The token of these people is their name.
    """

    async def me(request: web.Request) -> web.Response:
        name = request.query.get("token", "")
        if not name:
            return web.json_response({}, status=403)
        rights = {"contents": ["read", "write"]}
        identity = {"username": name, "name": name, "display_name": name}
        return web.json_response({"identity": identity, "permissions": rights})

    app = web.Application()
    app.router.add_get("/api/me", me)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.fixture
async def workers(store: Store) -> AsyncIterator[Pair]:
    async with (
        jupyter() as url,
        running_worker(store.url, "w1", jupyter_url=url) as one,
        running_worker(store.url, "w2", jupyter_url=url) as two,
    ):
        await make_document(one.link)
        yield one, two


async def test_two_pages_on_two_workers_hold_one_text(workers: Pair) -> None:
    one, two = workers
    async with (
        page(one.url, ROOM, sessionId=SESSION, token="ann") as ann,
        page(two.url, ROOM, sessionId=SESSION, token="bob") as bob,
    ):
        await ann.until(lambda: ann.seen["synced"] and ann.text == "hello")
        await bob.until(lambda: bob.seen["synced"] and bob.text == "hello")

        for letter in "añ🎉":
            ann.do("append", letter)
        bob.do("insert", 0, "Oh, ")
        await ann.until(lambda: ann.text == "Oh, helloañ🎉")
        await bob.until(lambda: bob.text == ann.text)

        bob.do("delete", 0, 4)
        await ann.until(lambda: ann.text == "helloañ🎉")


async def test_a_page_that_asks_is_told_what_the_store_has(store: Store, workers: Pair) -> None:
    one, two = workers
    there = {"sessionId": SESSION, "acknowledge": "1"}
    async with (
        page(one.url, ROOM, **there, token="ann") as ann,
        page(two.url, ROOM, sessionId=SESSION, token="bob") as bob,
    ):
        await ann.until(lambda: ann.seen["synced"] and ann.seen["stored"] == 1)  # sync step 2
        ann.do("append", "1")
        await ann.until(lambda: ann.seen["stored"] == 2)
        store.kill()
        ann.do("append", "2")
        await store.restart()
        await bob.until(lambda: bob.text == "hello12")
        # The update, and each sync step 2 that a store that is back has a room ask for.
        await ann.until(lambda: ann.seen["stored"] == ann.seen["sent"] >= 4)
        assert bob.seen["stored"] is None


async def test_presence_is_seen_and_ends_with_the_page(workers: Pair) -> None:
    one, two = workers
    async with page(one.url, ROOM, sessionId=SESSION, token="ann") as ann:
        async with page(two.url, ROOM, sessionId=SESSION, token="bob") as bob:
            bob.do("present", "cursor", {"anchor": 3})
            ann.do("present", "cursor", {"anchor": 1})
            await ann.until(lambda: ann.names == ["bob"])
            await bob.until(lambda: bob.names == ["ann"])
            await ann.until(lambda: ann.seen["people"][0].get("cursor") == {"anchor": 3})
        await ann.until(lambda: ann.names == [], within_s=WITH_ITS_SOCKET_S)  # it was killed

        async with page(two.url, ROOM, sessionId=SESSION, token="eve") as eve:
            eve.do("present", "cursor", {"anchor": 2})
            await ann.until(lambda: ann.names == ["eve"])
            await eve.until(lambda: eve.names == ["ann"])  # who came before
            eve.do("leave")
            await ann.until(lambda: ann.names == [], within_s=WITH_ITS_SOCKET_S)


async def test_a_page_whose_worker_restarts_comes_back_with_what_was_typed(
    workers: Pair,
) -> None:
    one, two = workers
    typed = [f"{number:02}" for number in range(60)]
    async with AsyncExitStack() as later:
        first = AsyncExitStack()
        port = await first.enter_async_context(listening(one.gateway, Place("127.0.0.1", 0)))
        at = partial(page, room=ROOM, sessionId=SESSION)
        ann = await later.enter_async_context(at(f"http://127.0.0.1:{port}", token="ann"))
        bob = await later.enter_async_context(at(two.url, token="bob"))
        await bob.until(lambda: bob.text == "hello")
        await ann.until(lambda: ann.text == "hello")

        for number, word in enumerate(typed):
            ann.do("append", word)
            if number == 20:
                await bob.until(lambda: "00" in bob.text)
                await first.aclose()  # as at SIGTERM
            if number == 40:
                bob.do("append", "BOB")
                await ann.until(lambda: bool(ann.seen["closed"]))
                again = listening(two.gateway, Place("127.0.0.1", port))
                await later.enter_async_context(again)

        whole = "hello" + "".join(typed)
        await ann.until(lambda: ann.text.replace("BOB", "") == whole and "BOB" in ann.text)
        await bob.until(lambda: bob.text == ann.text)
        ann.do("append", "!")
        await bob.until(lambda: bob.text.endswith("!"))


async def test_without_a_token_or_with_another_history_it_is_not_let_in(workers: Pair) -> None:
    one, _ = workers
    async with (
        page(one.url, ROOM, sessionId=SESSION) as nobody,
        page(one.url, ROOM, sessionId=f"{ROOT}.1.old", token="ann") as old,
    ):
        await old.until(lambda: old.seen["closed"][:1] == [1003])  # and it comes again
        await nobody.until(lambda: bool(nobody.seen["closed"]))
        assert not nobody.seen["synced"]
        assert old.text == nobody.text == ""


async def test_a_page_whose_history_ends_leaves_what_it_typed_meanwhile(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TICK_S", 3600.0)  # nobody asks for what was refused
    one, two = workers
    log = UpdateLog(one.link, Keys().document("doc-a.txt"), worker="w0")
    async with page(two.url, ROOM, sessionId=SESSION, token="ann") as ann:
        await ann.until(lambda: ann.seen["synced"] and ann.text == "hello")
        await one.link.command("CONFIG", "SET", "maxmemory", "1")
        ann.do("append", " unsent")  # refused, so that only the page has it
        theirs = await two.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        await ann.until(lambda: ann.text == "hello unsent")

        async def is_refused() -> bool:
            return all(member.is_held for member in theirs._fan.members())

        await until(is_refused, what="the store has refused it")
        await one.link.command("CONFIG", "SET", "maxmemory", "0")
        await end_history(one.link, log)
        await ann.until(lambda: 1003 in ann.seen["closed"])

    [draft] = (await Drafts(one.link, log.keys).waiting()).values()
    assert draft.user == "ann"
    assert decoded.content("file", draft.update) == "hello unsent"
    assert not any(entry.is_content for entry in await log.read())
