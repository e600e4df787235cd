"""Bodies of requests, whatever is in them: a person is told what is wrong, and nothing fails."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.run import REQUESTED, RUNNING, Run
from tests.gateway.fake_jupyter import FakeJupyter, fake_jupyter
from tests.gateway.team import ALL, ROOT, Worker, make_document, running_worker
from tests.support.stores import Store

KERNEL = Keys().kernel(ROOT, "k-1")
PART = b'--x\r\nContent-Disposition: form-data; name="value"\r\n\r\n\xff\r\n--x--\r\n'
FORMS = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=none-such",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
)
QUICK = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_text = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)


def _object(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some of the fields that are known, of any type, or as they must be."""
    return st.fixed_dictionaries({}, optional={k: v | _json for k, v in known.items()})


def _bodies(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    told = (_object(**known) | _json).map(lambda told: json.dumps(told).encode())
    return told | st.binary(max_size=40)


_cell = _object(cell_id=st.just("c"), source_hash=_text)
_runs = _bodies(
    cell_id=st.just("c"),
    document_id=st.sampled_from(["json:notebook:doc-a.txt", "doc-none", "json:notebook:{x}"]),
    cells=st.lists(_cell, max_size=3),
    code=_text,
    source_hash=_text,
    record_timing=st.booleans(),
    metadata=_object(cell_id=st.just("c"), document_id=_text),
)


@pytest.fixture
async def worker(store: Store) -> AsyncIterator[Worker]:
    async with fake_jupyter() as jupyter, running_worker(store.url, "w1") as one:
        await _furnish(one.link, jupyter)
        yield one


async def _furnish(link: Link, jupyter: FakeJupyter) -> None:
    """A text that is open, and a kernel with a run that asks something."""
    await link.command("HSET", Keys().root(ROOT).server, "url", jupyter.url)
    await make_document(link)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    queue, run = RunQueue(link, KERNEL), Run(id="r1", document="doc-a.txt", cell="c", user="ada")
    await queue.add(run)
    await queue.change(run, RUNNING, when=(REQUESTED,), said="asks", prompt="?", prompt_id="q")


async def _answer(
    worker: Worker, method: str, path: str, body: bytes, kind: str = "application/json"
) -> tuple[int, str]:
    headers = {**worker.headers("ada", ALL), "Content-Type": kind, "Accept": "application/json"}
    async with (
        ClientSession(headers=headers) as http,
        http.request(method, f"{worker.url}/{path}", data=body) as reply,
    ):
        return reply.status, await reply.text()


@QUICK
@given(body=_runs)
async def test_of_a_request_to_run_cells(worker: Worker, body: bytes) -> None:
    status, told = await _answer(worker, "POST", "api/kernels/k-1/execute", body)
    assert 400 <= status < 500, (status, told)  # a text has no cells to run
    assert json.loads(told)["message"]


@QUICK
@given(body=_bodies(value=_text, input=_text, prompt_id=st.just("q")))
async def test_of_an_answer_to_a_question(worker: Worker, body: bytes) -> None:
    for path in ("rtstore/input/k-1/r1", "api/kernels/k-1/input"):
        status, told = await _answer(worker, "POST", path, body)
        assert status in (201, 400, 404, 409), (status, told)


@QUICK
@given(body=st.binary(max_size=60) | st.sampled_from([b"value=%FF%00&prompt_id=q", PART]))
@pytest.mark.parametrize("kind", FORMS)
async def test_of_an_answer_in_a_form(worker: Worker, kind: str, body: bytes) -> None:
    status, told = await _answer(worker, "POST", "rtstore/input/k-1/r1", body, kind)
    assert status in (201, 400, 409), (status, told)


@QUICK
@given(body=_bodies(format=st.just("text"), type=st.just("file")))
async def test_of_a_request_for_a_session(worker: Worker, body: bytes) -> None:
    path = "api/collaboration/session/a.txt"
    status, told = await _answer(worker, "PUT", path, body)
    assert status in (200, 400), (status, told)


@QUICK
@given(body=_bodies(mode=st.sampled_from(["shared", "own", "per-user"])))
async def test_of_a_change_of_the_kernels_mode(worker: Worker, body: bytes) -> None:
    path = "rtstore/kernel-mode/doc-a.txt"
    status, told = await _answer(worker, "PUT", path, body)
    assert status in (200, 204, 400, 404), (status, told)
