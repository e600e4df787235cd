"""Jupyter's own writers and a keeper's save that has looked at the file and not yet written it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.jupyter.conftest import Jupyter, until
from tests.jupyter.gated_manager import SLOW
from tests.jupyter.test_internal import Ask, contents_hash, lease, save, text

__all__ = ["lease"]

REPOSITORY = Path(__file__).parents[2]
NEW = "new-"
COME_BETWEEN_S = 0.5
"""A writer that need not wait is done in much less."""


@pytest.fixture(scope="module")
def jupyter(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    manager = "tests.jupyter.gated_manager.GatedManager"
    server = Jupyter(
        tmp_path_factory.mktemp("gated"),
        store_url,
        environ={"PYTHONPATH": str(REPOSITORY)},
        arguments=[
            f"--ServerApp.contents_manager_class={manager}",
            "--AsyncFileContentsManager.delete_to_trash=False",
        ],
    )
    with server.running():
        yield server


Act = Callable[[Jupyter, ClientSession, str], Awaitable[int]]


async def put(jupyter: Jupyter, http: ClientSession, path: str) -> int:
    body = {"type": "file", "format": "text", "content": "theirs"}
    async with http.put(jupyter.url(f"api/contents/{path}"), json=body) as reply:
        return reply.status


async def move(jupyter: Jupyter, http: ClientSession, path: str) -> int:
    body = {"path": NEW + path}
    async with http.patch(jupyter.url(f"api/contents/{path}"), json=body) as reply:
        return reply.status


async def move_onto(jupyter: Jupyter, http: ClientSession, path: str) -> int:
    """Refused: there is a file. Not so while it is not yet there."""
    body = {"path": path}
    async with http.patch(jupyter.url(f"api/contents/{NEW}{path}"), json=body) as reply:
        return reply.status


async def delete(jupyter: Jupyter, http: ClientSession, path: str) -> int:
    async with http.delete(jupyter.url(f"api/contents/{path}")) as reply:
        return reply.status


async def restore(jupyter: Jupyter, http: ClientSession, path: str) -> int:
    url = jupyter.url(f"api/contents/{path}/checkpoints/checkpoint")
    async with http.post(url) as reply:
        return reply.status


async def come_between(acting: asyncio.Task[int]) -> None:
    """Until it is done, or has had the time for it and must be waiting."""
    with suppress(TimeoutError):
        async with asyncio.timeout(COME_BETWEEN_S):
            await asyncio.shield(acting)


async def saving(
    jupyter: Jupyter, internal: Ask, seen: str | None, path: str, meanwhile: Awaitable[int]
) -> tuple[tuple[int, Any], int]:
    """A keeper's save, and somebody else's request that comes when it is about to write."""
    gate = jupyter.files / f"{path}.gate"
    asked = save(text(path), SLOW, hash=seen, create=seen is None)

    async def is_reached() -> bool:
        return gate.exists()

    async def other() -> int:
        return await meanwhile

    async with asyncio.TaskGroup() as tasks:
        saved = tasks.create_task(internal("save", **asked))
        await until(is_reached)
        acted = tasks.create_task(other())
        await come_between(acted)
        gate.unlink()
    return saved.result(), acted.result()


@pytest.mark.parametrize(
    ("act", "status", "left"),
    [
        (put, 200, {"": "theirs", NEW: None}),
        (move, 200, {"": None, NEW: SLOW}),
        (delete, 204, {"": None, NEW: None}),
        (restore, 204, {"": "old", NEW: None}),
    ],
)
async def test_who_comes_while_a_keeper_writes_has_the_last_word(
    jupyter: Jupyter,
    internal: Ask,
    http: ClientSession,
    lease: str,
    act: Act,
    status: int,
    left: dict[str, str | None],
) -> None:
    path = f"{uuid.uuid4().hex[:8]}.txt"
    (jupyter.files / path).write_text("old")
    async with http.post(jupyter.url(f"api/contents/{path}/checkpoints")) as reply:
        assert reply.status == 201
    seen = await contents_hash(jupyter, http, path)

    saved, acted = await saving(jupyter, internal, seen, path, act(jupyter, http, path))

    assert (saved[0], acted) == (200, status)
    now = {name: jupyter.files / f"{name}{path}" for name in left}
    assert {
        name: file.read_text() if file.exists() else None for name, file in now.items()
    } == left


async def test_nobody_moves_a_file_to_where_a_keeper_is_about_to_make_one(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str
) -> None:
    path = f"{uuid.uuid4().hex[:8]}.txt"
    (jupyter.files / (NEW + path)).write_text("theirs")

    saved, moved = await saving(jupyter, internal, None, path, move_onto(jupyter, http, path))

    assert (saved[0], moved) == (200, 409)
    assert (jupyter.files / path).read_text() == SLOW
    assert (jupyter.files / (NEW + path)).read_text() == "theirs"


async def test_two_files_that_are_moved_onto_each_other_do_not_wait_for_each_other(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str
) -> None:
    one, two = sorted(f"{uuid.uuid4().hex[:8]}.txt" for _ in range(2))
    for path in (one, two):
        (jupyter.files / path).write_text(path)
    seen = {path: await contents_hash(jupyter, http, path) for path in (one, two)}
    gates = {path: jupyter.files / f"{path}.gate" for path in (one, two)}

    async def are_reached() -> bool:
        return all(gate.exists() for gate in gates.values())

    async def onto(old: str, new: str) -> int:
        url = jupyter.url(f"api/contents/{old}")
        async with http.patch(url, json={"path": new}) as reply:
            return reply.status

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for path in (one, two):
            asked = save(text(path), SLOW, hash=seen[path])
            tasks.create_task(internal("save", **asked))
        await until(are_reached)
        moves = [tasks.create_task(onto(one, two))]
        await come_between(moves[0])
        moves.append(tasks.create_task(onto(two, one)))
        await come_between(moves[1])
        # Whoever took its own file first would now have `two`, and wait for `one` in vain.
        gates[two].unlink()
        await come_between(moves[1])
        gates[one].unlink()
    assert [task.result() for task in moves] == [409, 409]
