"""What each safeguard of a kernel's log is for: without it, the race that it is there for is lost.

Every scenario is run twice, in an order that is forced: as the product is, where it must hold, and
with one safeguard taken out of the product, where the same check must fail.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha1
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from jupyter_client import BlockingKernelClient

from rtstore.errors import LeaseLost, RTStoreError
from rtstore.jupyter import launches
from rtstore.kernel_bridge import channels
from rtstore.kernel_bridge.connection import Connection
from rtstore.kernel_bridge.ear import Ear
from rtstore.kernel_bridge.ring import Ring
from rtstore.kernel_bridge.service import Desk
from rtstore.ports import free_port
from rtstore.redis_backend import output_log
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema import journal, kernel_message
from rtstore.schema.kernel_message import KernelMessage, Sender
from tests.kernel_bridge.listeners import Bridge, gaps, text
from tests.support.waiting import until

Scenario = Callable[[Link], Awaitable[None]]
Take = Callable[[pytest.MonkeyPatch], None]


async def is_caught(scenario: Scenario, link: Link, out: Take, patch: pytest.MonkeyPatch) -> None:
    """It holds as the product is, and no longer when something is taken out."""
    await scenario(link)
    await link.command("FLUSHALL")
    with patch.context() as without:
        out(without)
        with pytest.raises(AssertionError, match="lost or twice"):
            await scenario(link)


async def check(link: Link, wanted: str) -> None:
    """As the tests of kills do: once, in order, and all of it, or a gap that is shown."""
    said = await text(link)
    is_once = sorted(set(said.split())) == said.split()
    is_all = said == wanted or await gaps(link) > 0
    assert (is_once, is_all) == (True, True), f"lost or twice: {said!r} is not {wanted!r}"


def altered(script: Script, line: str, instead: str) -> Script:
    """The script with one expression replaced."""
    source, count = re.subn(re.escape(line), instead, script.source)
    assert count == 1, f"{script.name} has no {line!r}"
    return replace(script, source=source, sha=sha1(source.encode()).hexdigest())


# The fences: a beginning in the log, and the lease that is compared


def no_beginning(patch: pytest.MonkeyPatch) -> None:
    """Whoever takes over adds no entry that refuses what those before still write."""
    line = "local id = redis.call('XADD', out, epoch .. '-1', "
    without = altered(output_log._BEGIN, line, "local id = select(1, epoch .. '-1', ")
    patch.setattr(output_log, "_BEGIN", without)


def no_comparing(patch: pytest.MonkeyPatch) -> None:
    """A lease is not looked at when something is appended."""
    line = "if holding ~= '' and redis.call('GET', lease) ~= holding then"
    patch.setattr(output_log, "_APPEND", altered(output_log._APPEND, line, "if false then"))


async def who_was_replaced_writes_on(link: Link) -> None:
    """Between the heir's look at the log and its first append: it hears of it from nobody."""
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    one.hear(1)
    two.hear(1)
    await one.take_over()
    await two.ring.catch_up()
    await one.die(link)
    assert await two.lease.acquire()
    await two.source.begin()
    one.hear(2)
    two.hear(2)
    with suppress(LeaseLost):
        await one.source.copy()
    await two.source.copy()
    await check(link, "1 2 ")


@pytest.mark.parametrize("out", [no_beginning, no_comparing])
async def test_of_two_fences_one_is_enough(
    link: Link, out: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    out(monkeypatch)
    await who_was_replaced_writes_on(link)


async def test_without_a_fence_a_message_is_there_twice(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(patch: pytest.MonkeyPatch) -> None:
        no_beginning(patch)
        no_comparing(patch)

    await is_caught(who_was_replaced_writes_on, link, both, monkeypatch)


# Only who has heard all takes over


def all_are_synced(patch: pytest.MonkeyPatch) -> None:
    """Each bridge takes itself for one that has heard everything."""
    patch.setattr(Ring, "is_synced", property(lambda _: True, lambda _, __: None), raising=False)


async def a_late_one_asks_first(link: Link) -> None:
    """Of two that could take over, the one that came late asks for the lease before the other."""
    holder, late, heir = (Bridge(link, name) for name in ("w1", "w2", "w3"))
    holder.hear(1)
    heir.hear(1)
    await holder.take_over()
    await heir.ring.catch_up()
    heir.hear(2, 3)
    await holder.die(link)
    late.hear(3)
    for bridge in (late, heir):
        desk = Desk(link, KernelIndex(link, Keys(), "c-1"), bridge.lease._owner)
        ear = Ear(desk, "k-1")
        ear.ring = bridge.ring
        if await ear.may_take():
            await bridge.take_over()
    await check(link, "1 2 3 ")


async def test_without_the_synced_rule_a_late_bridge_loses_what_it_did_not_hear(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await is_caught(a_late_one_asks_first, link, all_are_synced, monkeypatch)


# What the log has before one's own socket does


def not_remembered(patch: pytest.MonkeyPatch) -> None:
    """A message that is in the log, and was not heard yet, is forgotten."""
    patch.setattr(Ring, "_note_written_first", lambda _ring, _name: None)


async def the_store_is_quicker(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(1, 2)
    await one.source.copy()
    await two.ring.catch_up()
    two.hear(1, 2, 3)
    await one.die(link)
    await two.take_over()
    await check(link, "1 2 3 ")


async def test_without_remembering_what_is_written_it_is_written_twice(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await is_caught(the_store_is_quicker, link, not_remembered, monkeypatch)


# Where one begins to follow the log


class Kernel:
    """Its iopub, as a bridge sees it: a real socket."""

    def __init__(self, context: zmq.asyncio.Context) -> None:
        self._socket = context.socket(zmq.XPUB)
        self._socket.xpub_verbose = True
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        address = f"tcp://127.0.0.1:{port}"
        self.connection = Connection(address, address, address, address, address, b"")

    async def until_heard(self) -> None:
        """Until somebody has subscribed."""
        async with asyncio.timeout(10):
            await self._socket.recv()

    async def say(self, number: int) -> KernelMessage:
        content = {"name": "stdout", "text": f"{number} "}
        frames = Sender("s", b"k").request("stream", content, msg_id=f"m{number}", date="d")
        await self._socket.send_multipart([b"topic", *frames])
        return kernel_message.parse([b"topic", *frames], key=b"k")

    def close(self) -> None:
        self._socket.close(0)


async def written_between(link: Link, written: asyncio.Event) -> None:
    """What was said after one listened is written by the holder before one looks at the log."""
    context = zmq.asyncio.Context()
    kernel = Kernel(context)
    try:
        holder, heir = Bridge(link, "w1"), Bridge(link, "w2")
        await holder.take_over()
        holder.ring.take(await kernel.say(0), 100)
        await holder.source.copy()

        async def has_followed() -> bool:
            has_heard = heir.ring.is_synced or bool(heir.ring.unwritten())
            return has_heard and heir.ring._position == await heir.log.end()

        async with heir.ring.listening(link, kernel.connection):
            await kernel.until_heard()
            await kernel.until_heard()  # to all, and to a topic of its own
            holder.ring.take(await kernel.say(1), 100)
            await holder.source.copy()
            written.set()
            await until(has_followed, what="the heir has heard it, and followed the log")
            await holder.die(link)
            await heir.take_over()
        await check(link, "0 1 ")
    finally:
        kernel.close()
        context.term()


async def test_read_after_listening_the_place_in_the_log_is_too_late(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, follow = asyncio.Event(), Ring._follow

    async def begun_late(ring: Ring) -> None:
        await written.wait()
        ring._position = await ring._log.end()
        await follow(ring)

    async def scenario(link: Link) -> None:
        written.clear()
        await written_between(link, written)

    await is_caught(
        scenario, link, lambda patch: patch.setattr(Ring, "_follow", begun_late), monkeypatch
    )


# Requests to a kernel that is dead


async def asked_while_dead() -> None:
    """A request for a kernel that is gone; the next kernel listens at the same address."""
    context = zmq.asyncio.Context()
    router = context.socket(zmq.ROUTER)
    try:
        address = f"tcp://127.0.0.1:{free_port('127.0.0.1', [0])}"
        connection = Connection(address, address, address, address, address, b"")
        async with channels.opened(connection, identity=b"rtstore") as opened:
            with suppress(RTStoreError):
                await opened.request([b"for the dead"])
            router.bind(address)
            await opened.request([b"for the living"])
            async with asyncio.timeout(20):
                first = (await router.recv_multipart())[1]
        assert first == b"for the living", f"lost or twice: the new kernel runs what is {first!r}"
    finally:
        router.close(0)
        context.term()


async def test_a_request_that_waits_for_a_dead_kernel_is_run_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(channels, "CONNECT_S", 0.2)  # the dead one is given up quickly
        await _asked(patch)
    with monkeypatch.context() as patch:
        unset = property(lambda _: False, lambda _, __: None)
        patch.setattr(zmq.asyncio.Socket, "immediate", unset, raising=False)
        with pytest.raises(AssertionError, match="for the dead"):
            await asked_while_dead()


async def _asked(patch: pytest.MonkeyPatch) -> None:
    request = channels.Channels.request

    async def patient(opened: channels.Channels, frames: list[bytes]) -> None:
        try:
            await request(opened, frames)
        finally:
            patch.setattr(channels, "CONNECT_S", 10.0)

    patch.setattr(channels.Channels, "request", patient)
    await asked_while_dead()


# Where the journal taps what a kernel says

LAST_WORDS = """
import os, sys, time
from IPython.display import display
type(sys.stdout).flush_timeout = 0.01  # nor does it wait for the one that sends
thread = get_ipython().kernel.iopub_thread
thread.schedule(lambda: time.sleep(60))  # it sends nothing more
display('last words')
os._exit(0)
"""
TAPS_TOO_LATE = f"""
import sys
sys.path.insert(0, {str(Path(launches.LAUNCHER).parent)!r})
import launcher
del sys.path[0]  # as the launcher does first of all: the modules beside it are not for kernels
from ipykernel.iostream import IOPubThread
send, really = IOPubThread.send_multipart, IOPubThread._really_send
install = launcher.install
def late(journal):
    install(journal)
    IOPubThread.send_multipart = send
    def _really_send(self, msg, *args, **kwargs):
        journal.write(launcher.IOPUB, msg)
        return really(self, msg, *args, **kwargs)
    IOPubThread._really_send = _really_send
launcher.install = late
launcher.main()
"""


@pytest.mark.parametrize("is_late", [False, True], ids=["as it is", "where it is really sent"])
def test_a_kernels_last_words_are_in_its_journal_only_if_it_taps_where_they_are_said(
    tmp_path: Path, is_late: bool
) -> None:
    path, connection = tmp_path / "1.journal", tmp_path / "kernel.json"
    program = ["-c", TAPS_TOO_LATE] if is_late else [launches.LAUNCHER]
    environ = os.environ | {"RTSTORE_JOURNAL": str(path), "HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, *program, "-f", str(connection)], env=environ)
    try:
        client = BlockingKernelClient(connection_file=str(connection))
        _connected(client, connection)
        try:
            client.wait_for_ready(timeout=60)
            client.execute(LAST_WORDS)
            assert process.wait(60) == 0
        finally:
            client.stop_channels()
    finally:
        process.kill()
        process.wait()
    key = json.loads(connection.read_text())["key"].encode()
    told = [kernel_message.parse(r.frames, key=key) for r in journal.records(path.read_bytes())]
    said = [one.content["data"] for one in told if one.msg_type == "display_data"]
    assert said == ([] if is_late else [{"text/plain": "'last words'"}])
    assert "execute_input" in [one.msg_type for one in told] or is_late


def _connected(client: BlockingKernelClient, connection: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            client.load_connection_file(str(connection))
            client.start_channels()
            return
        time.sleep(0.02)
    raise AssertionError("the kernel wrote no connection file")
