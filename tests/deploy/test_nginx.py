"""Workers reached directly, behind Debian's nginx: who may enter, and what a kill costs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError
from pycrdt import Doc, Text
from yarl import URL

from rtstore.schema import frames
from tests.deploy.site import Site
from tests.gateway.team import Person
from tests.keeper.crew import notebook, write

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]
SESSION = "api/collaboration/session/"
BODY = {"format": "text", "type": "file"}


@asynccontextmanager
async def signed_in(site: Site) -> AsyncIterator[ClientSession]:
    """A browser that has opened the address with the token once: it has cookies."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:  # of an address
        async with http.get(f"{site.url}lab?token={site.token}") as reply:
            assert reply.status == 200, await reply.text()
        yield http


def xsrf(http: ClientSession, site: Site) -> dict[str, str]:
    return {"X-XSRFToken": http.cookie_jar.filter_cookies(URL(site.url))["_xsrf"].value}


async def join(
    http: ClientSession, site: Site, path: str, *, doc: Doc[Text] | None = None, **headers: str
) -> Person:
    """Come in, with what one has of it, and ask once for the rest."""
    url = f"{site.url}{SESSION}{path}?token={site.token}"
    async with http.put(url, json=BODY, headers=xsrf(http, site)) as reply:
        assert reply.status in (200, 201), await reply.text()
        told = await reply.json()
    room = f"api/collaboration/room/text:file:{told['fileId']}?sessionId={told['sessionId']}"
    person = Person(await http.ws_connect(site.url + room, headers=headers), "ann", doc or Doc())
    await person.socket.send_bytes(frames.sync_step1(person.doc.get_state()))
    return person


async def test_nobody_enters_without_signing_in(site: Site) -> None:
    async with ClientSession() as nobody:
        async with nobody.put(f"{site.url}{SESSION}a.txt", json=BODY) as reply:
            assert reply.status == 403
        for room in ("text:file:x", "JupyterLab:globalAwareness"):
            with pytest.raises(WSServerHandshakeError) as refused:
                await nobody.ws_connect(f"{site.url}api/collaboration/room/{room}")
            assert refused.value.status == 403
        forged = {"X-Rtstore-Identity": "e30=.00"}
        async with nobody.put(f"{site.url}{SESSION}a.txt", json=BODY, headers=forged) as reply:
            assert reply.status == 403
        async with nobody.post(f"{site.url}rtstore/internal/stat", json={"paths": []}) as reply:
            assert reply.status == 404


async def test_a_folder_may_be_called_as_our_paths_are(site: Site) -> None:
    for path in ("rtstore/a.txt", "rtstore/metrics", "api/collaboration/b.txt"):
        write(site.jupyter, path, path)
        async with signed_in(site) as http:
            async with http.get(f"{site.url}api/contents/{path}") as reply:
                assert (reply.status, (await reply.json())["content"]) == (200, path)
            person = await join(http, site, path)
            await person.until(lambda p=path, q=person: q.text == p)  # type: ignore[misc]
            await person.socket.close()


async def test_a_worker_answers_through_nginx_but_counts_for_us_alone(site: Site) -> None:
    async with ClientSession() as nobody:
        async with nobody.get(f"{site.url}rtstore/readyz") as reply:
            assert (await reply.json())["status"] == "ready"
        async with nobody.get(f"{site.url}rtstore/metrics") as reply:
            assert reply.status == 404
        async with nobody.get(f"http://127.0.0.1:{site.ports[0]}/rtstore/metrics") as reply:
            assert "rtstore_connections" in await reply.text()


async def test_a_cookie_alone_is_not_enough_for_other_sites(site: Site) -> None:
    write(site.jupyter, "text", "a.txt")
    async with signed_in(site) as http:
        async with http.put(f"{site.url}{SESSION}a.txt", json=BODY) as reply:
            assert reply.status == 403  # no XSRF token
        person = await join(http, site, "a.txt")
        await person.until(lambda: person.synced)
        room = person.socket._response.url
        with pytest.raises(WSServerHandshakeError) as refused:
            await http.ws_connect(room, headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403
        bogus = room.update_query(token="wrong")
        with pytest.raises(WSServerHandshakeError):
            await http.ws_connect(bogus, headers={"Origin": "https://evil.example"})
        own = site.url.rstrip("/")
        allowed = await http.ws_connect(room, headers={"Origin": own})
        await allowed.close()
        with_token = room.update_query(token=site.token)
        trusted = await http.ws_connect(with_token, headers={"Origin": "https://evil.example"})
        await trusted.close()  # whoever has the token may do all, wherever they come from
        await person.socket.close()


async def test_a_killed_worker_costs_nothing(site: Site) -> None:
    write(site.jupyter, "", "kill.txt")
    async with signed_in(site) as one, signed_in(site) as two:
        ann, bob = await join(one, site, "kill.txt"), await join(two, site, "kill.txt")
        await ann.until(lambda: ann.synced)
        await bob.until(lambda: bob.synced)
        for number in range(2):
            await ann.type(f"{number}")
            await bob.until(partial(bob_has, bob, str(number)))
            site.kill_worker(number)
            ann, bob = await again(one, site, ann), await again(two, site, bob)
        await ann.type("2")
        await bob.until(lambda: bob.text == "012")
        file = site.jupyter.files / "kill.txt"
        await ann.until_true(lambda: file.read_text() == "012", within_s=60)


def bob_has(bob: Person, text: str) -> bool:
    return bob.text.endswith(text)


async def again(http: ClientSession, site: Site, person: Person) -> Person:
    """Come back if the socket was cut, as y-websocket does: it is, or its worker answers."""
    person.was_told = False
    try:
        await person.socket.send_bytes(frames.sync_step1(person.doc.get_state()))
        await person.until(lambda: person.was_told, within_s=30)
    except ConnectionError:
        return await _back(http, site, person)
    return person


async def _back(http: ClientSession, site: Site, person: Person) -> Person:
    back = await join(http, site, "kill.txt", doc=person.doc)
    await back.until(lambda: back.synced, within_s=30)
    return back


async def test_people_have_the_names_that_jupyter_gives_them(site: Site) -> None:
    write(site.jupyter, notebook("x"), "named.ipynb")
    async with signed_in(site) as http:
        async with http.get(f"{site.url}api/me") as reply:
            me: dict[str, Any] = (await reply.json())["identity"]
        socket = await http.ws_connect(
            f"{site.url}api/collaboration/room/JupyterLab:globalAwareness"
        )
        person = Person(socket, "ann")
        await person.say(1, user={"username": "root"}, current="notebook:named.ipynb")
        await person.until(lambda: bool(person.people))
        (state,) = person.people.values()
        assert state.state is not None
        assert state.state["user"]["username"] == me["username"], json.dumps(me)
