"""Who waits for whom among requests to run cells."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from aiohttp import ClientSession, TraceConfig, web

from rtstore.jupyter.tickets import PAUSE_S, Tickets
from rtstore.schema.ticket import HEADER, Ticket
from tests.jupyter.conftest import Jupyter
from tests.jupyter.fake_worker import FakeWorker
from tests.jupyter.test_proxy import as_header, signed_in
from tests.support.waiting import until

LINE = ("api/kernels/k/execute", "ada")
EXECUTE = "api/kernels/11111111-1111-1111-1111-111111111111/execute"


def test_who_comes_waits_for_the_last_one_that_was_not_answered_yet() -> None:
    tickets = Tickets()
    one, two = tickets.take(LINE), tickets.take(LINE)
    assert (one.before, two.before) == ("", one.id)
    tickets.give_back(LINE, one)
    assert tickets.take(LINE).before == two.id


def test_nobody_waits_for_what_was_answered_or_is_anothers() -> None:
    tickets = Tickets()
    tickets.give_back(LINE, tickets.take(LINE))
    assert tickets.take(LINE).before == ""
    assert tickets.take((LINE[0], "eve")).before == ""


async def test_who_is_there_while_a_server_catches_up_is_of_one_lot() -> None:
    tickets, one_waits = Tickets(), asyncio.Event()
    found = list[Ticket]()

    async def come(line: tuple[str, str]) -> None:
        ticket = tickets.take(line)
        one_waits.set()
        found.append(await tickets.with_others(line, ticket))

    async def be_busy() -> None:
        await one_waits.wait()
        time.sleep(3 * PAUSE_S)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(come(LINE))
        await be_busy()
        tasks.create_task(come(LINE))
        tasks.create_task(come((LINE[0], "eve")))
    first, second, other = sorted(found, key=number_of)
    assert [(one.lot, one.of) for one in (first, second)] == [(first.id, 2)] * 2
    assert (other.lot, other.of) == (other.id, 1)
    await come(LINE)
    assert (found[-1].lot, found[-1].of) == (found[-1].id, 1)


@pytest.mark.alone
async def test_requests_at_once_say_whom_they_must_not_overtake(
    jupyter: Jupyter, worker: FakeWorker
) -> None:
    async def press(cell: int) -> None:
        async with browser.post(jupyter.url(EXECUTE), json={"cell_id": str(cell)}) as reply:
            assert reply.status == 200

    cookies = await signed_in(jupyter)
    headers = as_header(cookies) | {"X-XSRFToken": cookies["_xsrf"]}
    sent, tracing = list[object](), TraceConfig()
    tracing.on_request_chunk_sent.append(partial(_note, sent))
    async with ClientSession(headers=headers, trace_configs=[tracing]) as browser:
        await press(0)
        worker.reads.clear()
        async with asyncio.TaskGroup() as pressed:
            with stopped(jupyter):  # so that it finds all of them at once, however slow we are
                for cell in range(1, 5):
                    pressed.create_task(press(cell))
                await until(lambda: _is(len(sent) == 5), what="they are on their way")
            await until(lambda: _is(len(worker.requests) == 5), what="they are with the worker")
            worker.reads.set()
        await press(5)

    alone, *together, last = [ticket_of(request) for request in worker.requests]
    together.sort(key=number_of)
    assert [alone.before, together[0].before, last.before] == ["", "", ""]
    assert {(one.lot, one.of) for one in together} == {(together[0].id, 4)}
    assert [two.before for two in together[1:]] == [one.id for one in together[:-1]]


async def test_a_browsers_own_ticket_is_not_passed_on(
    jupyter: Jupyter, worker: FakeWorker, http: ClientSession
) -> None:
    own = {HEADER: "7 mine another"}
    async with http.post(jupyter.url(EXECUTE), json={"cell_id": "c"}, headers=own) as reply:
        assert reply.status == 200
    ticket = ticket_of(worker.requests[0])
    assert (ticket.id != "mine", ticket.before) == (True, "")


@contextmanager
def stopped(jupyter: Jupyter) -> Iterator[None]:
    """What is sent to the server waits."""
    assert jupyter.process is not None
    jupyter.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        jupyter.process.send_signal(signal.SIGCONT)


async def _note(sent: list[object], *told: object) -> None:
    sent.append(told)


def ticket_of(request: web.Request) -> Ticket:
    ticket = Ticket.of_header(request.headers[HEADER])
    assert ticket is not None
    return ticket


def number_of(ticket: Ticket) -> int:
    return int(ticket.id.partition("x")[2])


async def _is(value: bool) -> bool:
    return value
