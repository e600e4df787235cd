from __future__ import annotations

import asyncio
import json
import time
from io import BytesIO

import pytest
from aiohttp import ClientSession, DummyCookieJar

from rtstore.jupyter.rights import RIGHTS
from tests.jupyter.conftest import SECRET, TOKEN, WITHIN_S, Jupyter
from tests.jupyter.fake_worker import FakeWorker

SESSION = "api/collaboration/session/a%20%2Fb.ipynb"


async def test_a_session_request_reaches_a_worker_with_who_asks(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    url = jupyter.url(f"{SESSION}?x=1&&1754000000&token={TOKEN}")
    async with http.put(url, json={"format": "json", "type": "notebook"}) as reply:
        told = await reply.json()

    assert reply.status == 200
    assert reply.headers["ETag"] == '"1"'
    assert json.loads(told["body"]) == {"format": "json", "type": "notebook"}
    (seen,) = worker.requests
    assert seen.raw_path == f"{jupyter.base_url}{SESSION}?x=1&1754000000"
    assert seen.headers["Host"] == f"127.0.0.1:{jupyter.port}"
    assert "Authorization" not in seen.headers
    assert "Cookie" not in seen.headers
    (who,) = worker.identities
    assert who.user.name.startswith("Anonymous")
    assert who.rights == {f"{resource}:{action}" for resource, action in RIGHTS}


async def test_nobody_reaches_a_worker_without_signing_in(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    async with ClientSession() as nobody:
        for path in (SESSION, "rtstore/healthz", "api/collaboration/timeline/a.ipynb"):
            async with nobody.put(jupyter.url(path), json={}) as reply:
                assert reply.status == 403
            async with nobody.get(jupyter.url(path)) as reply:
                assert reply.status == 403

    assert worker.requests == []


async def signed_in(jupyter: Jupyter) -> dict[str, str]:
    """The cookies of a browser that was here."""
    async with ClientSession(cookie_jar=DummyCookieJar()) as browser:
        async with browser.get(jupyter.url(f"api/status?token={TOKEN}")) as reply:
            cookies = dict(reply.cookies)
        header = "; ".join(f"{name}={cookie.coded_value}" for name, cookie in cookies.items())
        async with browser.get(jupyter.url("tree"), headers={"Cookie": header}) as reply:
            cookies |= dict(reply.cookies)
    return {name: cookie.coded_value for name, cookie in cookies.items()}


def as_header(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


async def test_a_cookie_is_not_enough_without_the_xsrf_token(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    cookies = await signed_in(jupyter)
    async with ClientSession(headers=as_header(cookies)) as browser:
        async with browser.put(jupyter.url(SESSION), json={}) as refused:
            assert refused.status == 403
        assert worker.requests == []

        headers = {"X-XSRFToken": cookies["_xsrf"]}
        async with browser.put(jupyter.url(SESSION), json={}, headers=headers) as taken:
            assert taken.status == 200


async def test_another_site_can_not_use_a_cookie(jupyter: Jupyter, worker: FakeWorker) -> None:
    evil = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}
    async with ClientSession(headers=as_header(await signed_in(jupyter)) | evil) as browser:
        async with browser.get(jupyter.url("rtstore/docs")) as reply:
            assert reply.status == 404  # as Jupyter's own API

    assert worker.requests == []


async def test_internal_endpoints_are_not_passed_on(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    async with http.post(jupyter.url("rtstore/internal/read"), json={"path": "a"}) as reply:
        assert reply.status == 403
        assert "signature" in (await reply.json())["message"]
    async with http.get(jupyter.url("rtstore/internal/anything")) as reply:
        assert reply.status == 404

    assert worker.requests == []


async def test_what_is_posted_in_order_goes_to_one_worker(
    jupyter: Jupyter, http: ClientSession
) -> None:
    async with (
        FakeWorker(jupyter.state_dir, slot=0, secret=SECRET).running() as one,
        FakeWorker(jupyter.state_dir, slot=1, secret=SECRET).running() as two,
    ):
        url = jupyter.url("api/kernels/11111111-1111-1111-1111-111111111111/execute")
        for number in range(4):
            async with http.post(url, json={"cell_id": str(number)}) as reply:
                assert reply.status == 200
        assert {len(one.requests), len(two.requests)} == {0, 4}


async def test_requests_go_round_robin_and_pass_by_a_worker_that_is_gone(
    jupyter: Jupyter, http: ClientSession
) -> None:
    one = FakeWorker(jupyter.state_dir, slot=0, secret=SECRET)
    two = FakeWorker(jupyter.state_dir, slot=1, secret=SECRET)

    async def asked() -> str:
        async with http.put(jupyter.url(SESSION), json={}) as reply:
            return str((await reply.json())["worker"])

    async with one.running():
        async with two.running():
            async with asyncio.timeout(WITHIN_S):
                while {await asked() for _ in range(4)} != {"fake-0", "fake-1"}:
                    pass
        assert [await asked() for _ in range(4)] == ["fake-0"] * 4


async def test_a_worker_without_a_store_is_passed_by(
    jupyter: Jupyter, http: ClientSession
) -> None:
    one = FakeWorker(jupyter.state_dir, slot=0, secret=SECRET)
    two = FakeWorker(jupyter.state_dir, slot=1, secret=SECRET)
    async with one.running(), two.running():
        one.answers = 503
        for _ in range(4):
            async with http.put(jupyter.url(SESSION), json={}) as reply:
                assert (await reply.json())["worker"] == "fake-1"


async def test_what_a_worker_refuses_is_refused_in_its_words(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    worker.answers = 404
    async with http.put(jupyter.url(SESSION), json={}) as reply:
        assert reply.status == 404
        assert (await reply.json())["worker"] == "fake-0"


async def test_a_session_request_waits_for_a_worker_that_is_on_its_way(
    jupyter: Jupyter, http: ClientSession
) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(http.put(jupyter.url(SESSION), json={}))
        await asyncio.sleep(0)
        async with http.get(jupyter.url("api/status")):
            pass  # the server had time to find no worker
        assert not asked.done()
        async with FakeWorker(jupyter.state_dir, slot=0, secret=SECRET).running():
            reply = await asked
            assert reply.status == 200


@pytest.mark.alone
async def test_without_a_worker_the_answer_says_so(jupyter: Jupyter, http: ClientSession) -> None:
    began = time.monotonic()
    async with http.get(jupyter.url("rtstore/healthz")) as reply:
        assert reply.status == 503
        assert "no rtstore worker answers" in (await reply.json())["message"]
        assert reply.headers["Retry-After"] == "1"
    assert 1.5 < time.monotonic() - began < 5


async def test_a_big_answer_comes_whole(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    body = "x" * 20_000_000
    async with http.put(jupyter.url(SESSION), data=BytesIO(body.encode())) as reply:
        assert (await reply.json())["body"] == body
