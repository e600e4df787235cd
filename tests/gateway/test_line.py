"""Requests to run cells that overtake each other on their way to a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from rtstore.gateway import execute, line
from rtstore.gateway.line import Line
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.run import Run
from rtstore.schema.ticket import HEADER, Ticket
from tests.gateway.fake_jupyter import fake_jupyter
from tests.gateway.team import ALL, ROOT, Worker, make_document, running_worker
from tests.support.stores import Store

ONE, TWO, THREE = (
    Ticket(f"ax{number}", number, f"ax{number}", before=before)
    for number, before in ((1, ""), (2, "ax1"), (3, "ax2"))
)


async def test_who_came_later_waits_for_who_came_before() -> None:
    at, went = Line(), list[str]()

    async def go(ticket: Ticket) -> None:
        await at.until_next(ticket)
        went.append(ticket.id)
        at.passed(ticket)

    async with asyncio.TaskGroup() as tasks:
        for ticket in (THREE, TWO, ONE):
            tasks.create_task(go(ticket))
    assert went == ["ax1", "ax2", "ax3"]


async def test_who_never_comes_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "WAIT_S", 0.05)
    at = Line()
    await at.until_next(TWO)
    monkeypatch.setattr(line, "WAIT_S", 3600.0)
    await at.until_next(TWO)


async def test_what_is_kept_of_a_line_has_a_bound() -> None:
    at = Line()
    for number in range(3 * line.KEPT):
        at.passed(Ticket(f"ax{number}", number))
    assert len(at._passed) == line.KEPT


@pytest.fixture
async def worker(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    monkeypatch.setattr(execute, "QUEUED_WITHIN_S", 0.1)  # there is no keeper here
    monkeypatch.setattr(execute, "KNOWN_WITHIN_S", 0.1)
    monkeypatch.setattr(line, "WAIT_S", 3600.0)
    async with fake_jupyter() as jupyter, running_worker(store.url, "w1") as one:
        await one.link.command("HSET", Keys().root(ROOT).server, "url", jupyter.url)
        log = await make_document(one.link)
        await one.link.command("HSET", log.keys.meta, "type", "notebook")
        kernel = Keys().kernel(ROOT, "k-1")
        await one.link.command("HSET", kernel.meta, "kernel_id", "k-1", "generation", "1")
        yield one


@pytest.mark.parametrize("is_refused", [False, True])
async def test_cells_are_asked_for_in_the_order_in_which_they_arrived_at_jupyter(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    asked, overtook = list[str](), asyncio.Event()
    ask, until_next = RunBook.ask, Line.until_next

    async def noting(self: RunBook, runs: list[tuple[Run, Any]]) -> None:
        asked.extend(run.cell for run, _ in runs)
        await ask(self, runs)

    async def seen(self: Line, ticket: Ticket | None) -> None:
        if ticket == TWO:
            overtook.set()
        await until_next(self, ticket)

    monkeypatch.setattr(RunBook, "ask", noting)
    monkeypatch.setattr(Line, "until_next", seen)

    async def press(http: ClientSession, cell: str, ticket: Ticket, kernel: str = "k-1") -> int:
        told = {"cell_id": cell, "document_id": "json:notebook:doc-a.txt"}
        url = f"{worker.url}/api/kernels/{kernel}/execute"
        async with http.post(url, json=told, headers={HEADER: ticket.as_header()}) as reply:
            return reply.status

    async with ClientSession(headers=worker.headers("ada", ALL)) as http:
        second = asyncio.create_task(press(http, "second", TWO))
        await overtook.wait()
        first = await press(http, "first", ONE, "k-none" if is_refused else "k-1")
        assert first == (404 if is_refused else 202)
        assert await second == 202
    assert asked == (["second"] if is_refused else ["first", "second"])
