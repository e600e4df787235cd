"""Rights that change while a socket is open, where it came through this server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from tests.jupyter.conftest import SECRET, TOKEN, Jupyter
from tests.jupyter.fake_worker import FakeWorker
from tests.jupyter.test_proxy import as_header, signed_in
from tests.jupyter.test_room_proxy import ROOM, closing
from tests.support.waiting import until

EVERY_S = 0.3
SYNC = b"\x00\x01\x02\x00\x00"
"""A sync step 2, with nothing in it."""


@pytest.fixture(scope="module")
def changing(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home = tmp_path_factory.mktemp("changing")
    module = "tests.jupyter.changing_rights"
    jupyter = Jupyter(
        home,
        store_url,
        environ={
            "CHANGING_RIGHTS": str(home / "rights"),
            "RTSTORE_REAUTH_S": str(EVERY_S),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        arguments=[
            f"--ServerApp.authorizer_class={module}.ChangingAuthorizer",
            f"--ServerApp.identity_provider_class={module}.ChangingIdentity",
            f"--ChangingIdentity.token={TOKEN}",
        ],
    )
    with jupyter.running():
        yield jupyter


def _say(jupyter: Jupyter, words: str) -> None:
    (jupyter.home / "rights").write_text(words)


@pytest.fixture(autouse=True)
def _everything_is_allowed(changing: Jupyter) -> Iterator[None]:
    _say(changing, "")
    yield
    _say(changing, "")


@pytest.mark.parametrize("words", ["signed-out", "contents:read"])
@pytest.mark.parametrize(("is_synced", "code"), [(True, 1008), (False, 4403)])
async def test_who_may_not_be_here_any_more_is_closed_and_cannot_come_back(
    changing: Jupyter, http: ClientSession, words: str, *, is_synced: bool, code: int
) -> None:
    async with FakeWorker(changing.state_dir, slot=0, secret=SECRET).running() as worker:
        async with http.ws_connect(changing.url(ROOM), autoclose=False) as browser:
            await browser.receive_str()
            if is_synced:  # the worker echoes
                await browser.send_bytes(SYNC)
                assert await browser.receive_bytes() == SYNC  # the server has seen it pass
            _say(changing, words)
            assert (await closing(browser))[0] == code
            with pytest.raises(WSServerHandshakeError, match="403"):
                await http.ws_connect(changing.url(ROOM))
        async with asyncio.timeout(30):
            assert (await worker.closed.get())[0] == code


async def test_who_comes_by_a_cookie_or_a_token_in_the_url_is_known_again(
    changing: Jupyter,
) -> None:
    cookie = as_header(await signed_in(changing))
    async with FakeWorker(changing.state_dir, slot=0, secret=SECRET).running():
        async with ClientSession(headers=cookie) as with_cookie, ClientSession() as bare:
            by_url = changing.url(f"{ROOM}?token={TOKEN}")
            async with (
                with_cookie.ws_connect(changing.url(ROOM), autoclose=False) as one,
                bare.ws_connect(by_url, autoclose=False) as two,
            ):
                for browser in (one, two):
                    await browser.receive_str()
                await _asked_again(changing, 4)
                for browser in (one, two):
                    await browser.send_bytes(b"ping")
                    assert await browser.receive_bytes() == b"ping"
                _say(changing, "signed-out")
                for browser in (one, two):
                    assert (await closing(browser))[0] == 4403


async def test_whose_rights_change_connects_again_and_the_worker_is_told(
    changing: Jupyter, http: ClientSession
) -> None:
    async with FakeWorker(changing.state_dir, slot=0, secret=SECRET).running() as worker:
        async with http.ws_connect(changing.url(ROOM), autoclose=False) as browser:
            await browser.receive_str()
            assert worker.identities[-1].may("contents:write")
            _say(changing, "contents:write")
            assert (await closing(browser))[0] == 1012
        async with http.ws_connect(changing.url(ROOM)) as browser:
            await browser.receive_str()
            assert not worker.identities[-1].may("contents:write")


async def test_while_it_cannot_be_told_who_somebody_is_they_stay(
    changing: Jupyter, http: ClientSession
) -> None:
    async with FakeWorker(changing.state_dir, slot=0, secret=SECRET).running():
        async with http.ws_connect(changing.url(ROOM), autoclose=False) as browser:
            await browser.receive_str()
            _say(changing, "broken")
            await _asked_again(changing, 2)
            await browser.send_bytes(b"ping")
            assert await browser.receive_bytes() == b"ping"


async def _asked_again(jupyter: Jupyter, times: int) -> None:
    asked = jupyter.home / "rights.asked"
    before = asked.stat().st_size if asked.exists() else 0

    async def look() -> bool:
        return asked.exists() and asked.stat().st_size >= before + times

    await until(look, what="it is asked again who has a socket open")


@pytest.mark.parametrize(
    ("method", "path", "denied", "status"),
    [
        ("POST", "rtstore/input/k/r", "contents:write", 200),
        ("POST", "rtstore/input/k/r", "kernels:execute", 403),
        ("DELETE", "rtstore/runs/k/r", "contents:write", 200),
        ("DELETE", "rtstore/runs/k/r", "kernels:execute", 403),
        ("GET", "rtstore/runs/k/r", "kernels:execute", 200),
        ("GET", "rtstore/runs/k/r", "contents:read", 403),
        ("PUT", "rtstore/kernel-mode/d", "contents:write", 403),
    ],
)
async def test_who_may_run_cells_answers_them_and_takes_them_back(
    changing: Jupyter, http: ClientSession, method: str, path: str, denied: str, status: int
) -> None:
    _say(changing, denied)
    async with FakeWorker(changing.state_dir, slot=0, secret=SECRET).running():
        async with http.request(method, changing.url(path)) as reply:
            assert reply.status == status
