from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from rtstore.errors import SettingsError
from rtstore.settings import Settings
from rtstore.supervisor import slots
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.supervisor.state_dir import read_json
from rtstore.supervisor.supervisor import Supervisor

from .cast import ROOT, another_worker, fake_jupyter, kill, other_supervisor, runs, serves, until

Make = Callable[..., Supervisor]


async def test_what_a_killed_supervisor_leaves_serves_and_is_adopted(
    supervisor: Make, data_dir: Path
) -> None:
    async with other_supervisor(data_dir, jupyter=True) as other:
        store = await EmbeddedStore(data_dir).status()
        await other.killed()
    assert store is not None
    assert other.jupyter is not None
    left = slots.live(data_dir / "roots" / ROOT)
    assert [worker.pid for worker in left] == other.worker_pids
    assert all([await serves(worker) for worker in left])

    async with supervisor(jupyter=fake_jupyter()).running() as system:
        assert system.workers == left
        now = await EmbeddedStore(data_dir).status()
        assert now is not None
        assert now.pid == store.pid
        assert system.jupyter is not None
        assert system.jupyter_pid == other.jupyter["pid"]
        assert system.jupyter.port == other.jupyter["port"]
        assert system.jupyter.token == other.jupyter["token"]

        kill(left[0].pid)  # and they are supervised
        await another_worker(system, left[0])
        jupyter = other.jupyter["pid"]
        kill(jupyter)
        await until(lambda: system.jupyter_pid not in (None, jupyter))

    assert not runs(left[1].pid)
    await until(lambda: not runs(store.pid))  # what it held is free a moment before it has ended


async def test_after_everything_was_killed_a_new_start_has_the_data(
    supervisor: Make, data_dir: Path
) -> None:
    store = EmbeddedStore(data_dir)
    async with other_supervisor(data_dir, jupyter=True) as other:
        async with store.connected("test") as connection:
            await connection.call("SET", "rt:kept", "yes")
        status = await store.status()
        assert status is not None
        assert other.jupyter is not None
        await other.killed()
    for pid in (status.pid, *other.worker_pids, other.jupyter["pid"]):
        kill(pid)

    async with supervisor(jupyter=fake_jupyter()).running() as system:
        assert [worker.port for worker in system.workers] == [w["port"] for w in other.workers]
        async with store.connected("test") as connection:
            assert await connection.call("GET", "rt:kept") == "yes"


@pytest.mark.parametrize(
    "of_old",
    [
        {"version": "0.0.9"},
        {"settings": {"save_after_s": 3.0}},
        {"settings": {"secret": "another secret altogether"}},
    ],
    ids=["version", "settings", "secret"],
)
async def test_workers_of_another_edition_are_drained_and_replaced(
    supervisor: Make, data_dir: Path, of_old: dict[str, object]
) -> None:
    async with other_supervisor(data_dir, **of_old) as other:
        await other.killed()

    async with supervisor().running() as system:
        assert {worker.pid for worker in system.workers}.isdisjoint(other.worker_pids)
        assert not any(runs(pid) for pid in other.worker_pids)
        assert (system.state_dir / "drained").read_text().count("worker") == 2


async def test_workers_that_are_too_many_are_ended(supervisor: Make, data_dir: Path) -> None:
    async with other_supervisor(data_dir, workers=3) as other:
        await other.killed()

    async with supervisor().running() as system:
        assert [worker.pid for worker in system.workers] == other.worker_pids[:2]
        assert not runs(other.worker_pids[2])


async def test_a_worker_that_is_still_starting_is_adopted(
    supervisor: Make, data_dir: Path, settings: Settings
) -> None:
    """Else a second one is started beside it."""
    state = data_dir / "roots" / ROOT

    def launched() -> int | None:
        return read_json(state / "launch-0.json").get("pid")

    async with other_supervisor(data_dir) as other:
        worker = slots.live(state)[0]
        kill(worker.pid)
        pid = await until(lambda: launched() if launched() != worker.pid else None)
        await other.killed()

    async with supervisor().running() as system:
        assert system.workers[0].pid == pid


async def test_a_second_supervisor_uses_what_is_there_and_takes_over(
    supervisor: Make, data_dir: Path
) -> None:
    async with other_supervisor(data_dir) as other, supervisor().running() as system:
        assert [worker.pid for worker in system.workers] == other.worker_pids

        await other.killed()
        kill(other.worker_pids[0])
        await until(
            lambda: len(system.workers) == 2 and system.workers[0].pid not in other.worker_pids
        )
        assert system.workers[1].pid == other.worker_pids[1]


async def test_a_second_supervisor_leaves_the_workers_to_the_first(
    supervisor: Make, data_dir: Path
) -> None:
    async with other_supervisor(data_dir) as other:
        async with supervisor().running():
            pass
        assert all(runs(pid) for pid in other.worker_pids)
        assert await EmbeddedStore(data_dir).status() is not None


async def test_the_first_that_stops_leaves_the_workers_to_the_second(
    supervisor: Make, data_dir: Path
) -> None:
    async with other_supervisor(data_dir) as other, supervisor().running() as system:
        await other.stopped()
        assert all(runs(pid) for pid in other.worker_pids)

        kill(other.worker_pids[1])
        new = await until(
            lambda: [w.pid for w in system.workers if w.pid not in other.worker_pids]
        )
    assert not any(runs(pid) for pid in (*new, *other.worker_pids))


async def test_two_that_start_at_once_start_one_set(supervisor: Make, data_dir: Path) -> None:
    async with supervisor().running() as one, supervisor().running() as two:
        assert one.workers == two.workers

    started: list[list[int]] = []
    both = asyncio.Barrier(2)

    async def run() -> None:
        async with supervisor().running() as system:
            started.append([worker.pid for worker in system.workers])
            await both.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
        group.create_task(run())
    assert started[0] == started[1]


async def test_another_edition_that_is_supervised_is_not_joined(
    supervisor: Make, data_dir: Path
) -> None:
    async with other_supervisor(data_dir, version="0.0.9") as other:
        with pytest.raises(SettingsError, match=r"rtstore 0\.0\.9 \(pid \d+\) serves .*Stop it"):
            async with supervisor().running():
                pytest.fail("it joined")
        assert all(runs(pid) for pid in other.worker_pids)


async def test_two_roots_share_the_store_and_nothing_else(
    supervisor: Make, data_dir: Path
) -> None:
    async with supervisor().running() as one:
        async with supervisor(contents_id="c-other").running() as two:
            assert one.store_url == two.store_url
            assert not {w.pid for w in one.workers} & {w.pid for w in two.workers}
        assert all(runs(worker.pid) for worker in one.workers)
        assert await EmbeddedStore(data_dir).status() is not None


async def test_jupyter_with_other_options_is_not_adopted(supervisor: Make, data_dir: Path) -> None:
    async with other_supervisor(data_dir, jupyter=True) as other:
        await other.killed()
    assert other.jupyter is not None

    async with supervisor(jupyter=fake_jupyter(0, flavour="vanilla")).running() as system:
        assert system.jupyter_pid != other.jupyter["pid"]
        assert not runs(other.jupyter["pid"])


async def test_a_supervised_jupyter_is_nobody_elses(supervisor: Make, data_dir: Path) -> None:
    async with (
        other_supervisor(data_dir, jupyter=True) as other,
        supervisor(jupyter=fake_jupyter()).running() as system,
    ):
        assert other.jupyter is not None
        assert system.jupyter_pid != other.jupyter["pid"]
        assert runs(other.jupyter["pid"])
        await other.stopped()
        assert not runs(other.jupyter["pid"])
        assert system.jupyter_pid is not None
        assert runs(system.jupyter_pid)
