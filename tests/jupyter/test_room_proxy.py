from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from rtstore.redis_backend.link import Link
from tests.jupyter.conftest import SECRET, TOKEN, WITHIN_S, Jupyter, until
from tests.jupyter.fake_worker import FakeWorker
from tests.jupyter.test_proxy import as_header, signed_in

ROOM = "api/collaboration/room/json:notebook:1a2b"


async def closing(browser: ClientWebSocketResponse) -> tuple[int | None, str]:
    """How the server closed the socket."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            message = await browser.receive()
            if message.type is WSMsgType.CLOSE:
                return message.data, message.extra or ""
            assert message.type is WSMsgType.BINARY, message


async def test_frames_of_any_size_go_both_ways_in_order(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    frames = [bytes([i]) * size for i, size in enumerate([1, 20_000_000, 3, 70_000, 0, 9])]
    url = jupyter.url(ROOM + f"?sessionId=s.1&token={TOKEN}")
    async with http.ws_connect(url, max_msg_size=0) as browser:
        assert await browser.receive_str() == "fake-0"
        for frame in frames:
            await browser.send_bytes(frame)
        for frame in frames:
            assert await browser.receive_bytes() == frame

    assert worker.requests[0].raw_path == f"{jupyter.base_url}{ROOM}?sessionId=s.1"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1003, '{"reason":"unknown_session","sessionId":"s","reloadable":true}'),
        (1007, "bad frame"),
        (1009, "too big"),
        (1012, "the worker is stopping"),
        (1013, ""),
        (4400, "cell 3 (id é) is no cell: " + "x" * 90),
        (4404, "no such file"),
        (4500, "the disk is on fire"),
    ],
)
async def test_what_the_worker_says_when_it_closes_the_browser_hears(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession, code: int, reason: str
) -> None:
    async with http.ws_connect(jupyter.url(ROOM), autoclose=False) as browser:
        await browser.receive_str()
        await browser.send_str(f"close {code} {reason}")
        assert await closing(browser) == (code, reason)
        await browser.close()


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4999, "bye")])
async def test_what_the_browser_says_when_it_closes_the_worker_hears(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession, code: int, reason: str
) -> None:
    async with http.ws_connect(jupyter.url(ROOM)) as browser:
        await browser.receive_str()
        await browser.close(code=code, message=reason.encode())

    async with asyncio.timeout(WITHIN_S):
        assert await worker.closed.get() == (code, reason)


async def test_a_browser_that_vanishes_leaves_the_worker_at_once(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    browser = await http.ws_connect(jupyter.url(ROOM))
    await browser.receive_str()
    transport = browser.get_extra_info("socket")
    assert transport is not None
    transport._sock.shutdown(socket.SHUT_RDWR)

    async with asyncio.timeout(20):  # what is not seen at once, a ping finds after 30 s
        code, _ = await worker.closed.get()
    assert code == 1001


async def test_a_worker_that_ends_a_socket_without_a_word_is_a_restart(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    async with http.ws_connect(jupyter.url(ROOM), autoclose=False) as browser:
        await browser.receive_str()
        await browser.send_str("vanish")
        code, _ = await closing(browser)

    assert code == 1012


@contextmanager
def worker_process(jupyter: Jupyter, slot: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that can be killed."""
    command = [sys.executable, "-m", "tests.jupyter.fake_worker"]
    process = subprocess.Popen(
        [*command, str(jupyter.state_dir), str(slot), SECRET], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_after_sigkill_of_a_worker_the_next_connection_lands_on_another(
    jupyter: Jupyter, http: ClientSession
) -> None:
    with worker_process(jupyter, 0) as zero, worker_process(jupyter, 1) as one:
        processes = {"fake-0": zero, "fake-1": one}
        async with http.ws_connect(jupyter.url(ROOM), autoclose=False) as browser:
            first = await browser.receive_str()
            os.kill(processes[first].pid, signal.SIGKILL)
            assert (await closing(browser))[0] == 1012

        for _ in range(4):
            async with http.ws_connect(jupyter.url(ROOM)) as browser:
                assert await browser.receive_str() != first


async def test_rooms_are_spread_over_the_workers(jupyter: Jupyter, http: ClientSession) -> None:
    one = FakeWorker(jupyter.state_dir, slot=0, secret=SECRET)
    two = FakeWorker(jupyter.state_dir, slot=1, secret=SECRET)
    async with one.running(), two.running():

        async def names() -> set[str]:
            found = set()
            for _ in range(2):
                async with http.ws_connect(jupyter.url(ROOM)) as browser:
                    found.add(await browser.receive_str())
            return found

        async def both() -> bool:
            return await names() == {"fake-0", "fake-1"}

        await until(both)
        assert await names() == {"fake-0", "fake-1"}


async def refused(session: ClientSession, jupyter: Jupyter, **options: Any) -> int:
    with pytest.raises(WSServerHandshakeError) as error:
        await session.ws_connect(jupyter.url(ROOM), **options)
    return error.value.status


async def test_nobody_joins_a_room_without_signing_in(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    async with ClientSession() as nobody:
        assert await refused(nobody, jupyter) == 403

    assert worker.requests == []


async def test_another_site_can_not_open_sockets_with_a_cookie(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    async with ClientSession(headers=as_header(await signed_in(jupyter))) as browser:
        assert await refused(browser, jupyter, origin="https://evil.example") == 403
        assert worker.requests == []

        async with browser.ws_connect(jupyter.url(ROOM), origin=jupyter.origin) as own:
            assert await own.receive_str() == "fake-0"


async def test_the_host_that_a_reverse_proxy_was_asked_for_is_our_origin(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    cookie = as_header(await signed_in(jupyter))
    asked = {"X-Forwarded-Host": "lab.example:443", "X-Forwarded-Proto": "https"}
    async with ClientSession(headers=cookie | asked) as browser:
        async with browser.ws_connect(jupyter.url(ROOM), origin="https://lab.example") as own:
            assert await own.receive_str() == "fake-0"
        assert worker.requests[0].headers["X-Forwarded-Host"] == "lab.example:443"
        assert await refused(browser, jupyter, origin="https://evil.example") == 403


async def test_a_plain_request_for_a_room_reaches_no_worker(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    async with http.get(jupyter.url(ROOM)) as reply:
        assert reply.status == 400

    assert worker.requests == []


async def test_what_a_worker_refuses_before_the_upgrade_is_refused(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    with pytest.raises(WSServerHandshakeError) as error:
        await http.ws_connect(jupyter.url("api/collaboration/room/refuse-403"))
    assert error.value.status == 403


async def test_without_a_worker_the_upgrade_is_refused_with_503(
    jupyter: Jupyter, http: ClientSession
) -> None:
    assert await refused(http, jupyter) == 503


async def test_a_slow_browser_holds_its_worker_back(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    """512 MB wait for a browser that reads nothing: they must not wait in the server."""
    async with http.ws_connect(jupyter.url(ROOM), max_msg_size=0) as browser:
        await browser.receive_str()
        before = resident_mb(jupyter)
        transport = browser._response.connection
        assert transport is not None
        assert transport.transport is not None
        transport.transport.pause_reading()
        await browser.send_str("flood 512 1000000")

        async def is_held_back() -> bool:
            # the worker's socket is full and stays full
            return resident_mb(jupyter) - before < 64 and await is_stalled(worker)

        await until(is_held_back)
        assert resident_mb(jupyter) - before < 64
        transport.transport.resume_reading()
        async with asyncio.timeout(60):
            for _ in range(512):
                assert len(await browser.receive_bytes()) == 1_000_000


async def is_stalled(worker: FakeWorker) -> bool:
    """Whether what the worker has to send does not move."""
    transport = worker.requests[-1].transport
    assert transport is not None
    waiting = transport.get_write_buffer_size()
    await asyncio.sleep(0.2)
    return bool(waiting > 0 and waiting == transport.get_write_buffer_size())


async def test_a_slow_worker_holds_its_browser_back(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    async with http.ws_connect(jupyter.url(ROOM), max_msg_size=0) as browser:
        await browser.receive_str()
        before = resident_mb(jupyter)
        worker.reads.clear()
        sent = 0
        try:
            async with asyncio.timeout(2):
                while sent < 512:
                    await browser.send_bytes(bytes(1_000_000))
                    sent += 1
        except TimeoutError:
            pass

        assert sent < 64
        assert resident_mb(jupyter) - before < 64
        worker.reads.set()


def resident_mb(jupyter: Jupyter) -> float:
    assert jupyter.process is not None
    with open(f"/proc/{jupyter.process.pid}/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def test_who_comes_and_goes_is_told_on_the_event_bus(
    jupyter: Jupyter, worker: FakeWorker, link: Link
) -> None:
    room = jupyter.url("api/collaboration/room/JupyterLab:globalAwareness")
    cookies = as_header(await signed_in(jupyter))
    async with (
        ClientSession(headers={"Authorization": f"token {TOKEN}"}) as listener,
        listener.ws_connect(jupyter.url("api/events/subscribe")) as events,
        ClientSession(headers=cookies) as browser,
    ):
        tab = await browser.ws_connect(room)
        joined = await next_event(events, "awareness")
        other_tab = await browser.ws_connect(room)
        await tab.close()
        await other_tab.close()
        left = await next_event(events, "awareness")

    assert joined["action"] == "join"
    assert left["action"] == "leave"
    assert joined["roomid"] == left["roomid"] == "JupyterLab:globalAwareness"
    assert joined["username"] == left["username"] == worker.identities[0].user.username


async def next_event(events: ClientWebSocketResponse, kind: str) -> dict[str, str]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            told = await events.receive_json()
            if told["schema_id"].endswith(f"/jupyter_collaboration/{kind}/v1"):
                return dict(told)
