from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvloop

from rtstore.errors import RTStoreError, SettingsError
from rtstore.settings import Settings
from rtstore.supervisor import slots
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.supervisor.jupyter_seat import JupyterSeat, http_status
from rtstore.supervisor.store_connection import StoreConnection
from rtstore.supervisor.supervisor import Supervisor, System

from .cast import (
    PATIENCE_S,
    ROOT,
    another_worker,
    fake_jupyter,
    kill,
    runs,
    serves,
    until,
    until_answered,
)

Make = Callable[..., Supervisor]


async def store_pid(data_dir: Path) -> int:
    status = await EmbeddedStore(data_dir).status()
    assert status is not None
    return status.pid


async def store_back(data_dir: Path, *, gone: int, within_s: float = PATIENCE_S) -> None:
    async def is_back() -> bool:
        try:
            status = await EmbeddedStore(data_dir).status()
        except RTStoreError:
            return False
        return status is not None and status.pid != gone

    await until_answered(is_back, within_s=within_s)


async def jupyter_back(system: System, *, gone: int, within_s: float = PATIENCE_S) -> None:
    assert system.jupyter is not None
    address = ("127.0.0.1", system.jupyter.port)
    token = system.jupyter.token

    async def is_back() -> bool:
        status = await http_status(address, "/base/api/status", token=token)
        return status == 200 and system.jupyter_pid not in (None, gone)

    await until_answered(is_back, within_s=within_s)


async def test_everything_is_ready_when_it_says_so(supervisor: Make, data_dir: Path) -> None:
    async with supervisor(jupyter=fake_jupyter()).running() as system:
        assert [worker.slot for worker in system.workers] == [0, 1]
        for worker in system.workers:
            assert await serves(worker)
            _, writer = await asyncio.open_unix_connection(worker.socket)
            writer.close()
        assert system.jupyter is not None
        told = await http_status(
            ("127.0.0.1", system.jupyter.port), "/base/api/status", token=system.jupyter.token
        )
        assert told == 200
        assert urlsplit(system.store_url).path == str(EmbeddedStore(data_dir).socket)
        assert await store_pid(data_dir)


@pytest.mark.alone
async def test_a_killed_worker_is_back_in_two_seconds_on_the_same_url(supervisor: Make) -> None:
    async with supervisor().running() as system:
        one, two = system.workers
        kill(one.pid)
        back = await another_worker(system, one, within_s=2)

        assert (back.url, back.socket) == (one.url, one.socket)
        assert runs(two.pid)


@pytest.mark.alone
async def test_a_killed_store_is_back_in_a_second_with_its_data(
    supervisor: Make, data_dir: Path
) -> None:
    async with supervisor().running() as system:
        store = EmbeddedStore(data_dir)
        async with store.connected("test") as connection:
            await connection.call("SET", "rt:kept", "yes")
        pid = await store_pid(data_dir)
        kill(pid)
        await store_back(data_dir, gone=pid, within_s=1)

        assert store.url == system.store_url
        async with store.connected("test") as connection:
            assert await connection.call("GET", "rt:kept") == "yes"


@pytest.mark.alone
async def test_a_killed_jupyter_is_back_in_five_seconds_with_port_and_token(
    supervisor: Make,
) -> None:
    async with supervisor(jupyter=fake_jupyter()).running() as system:
        assert system.jupyter is not None
        was = (system.jupyter.port, system.jupyter.token)
        pid = system.jupyter_pid
        assert pid is not None
        kill(pid)
        await jupyter_back(system, gone=pid, within_s=5)

        assert (system.jupyter.port, system.jupyter.token) == was


async def test_all_killed_at_once_are_all_back(supervisor: Make, data_dir: Path) -> None:
    async with supervisor(jupyter=fake_jupyter()).running() as system:
        one, two = system.workers
        store, jupyter = await store_pid(data_dir), system.jupyter_pid
        assert jupyter is not None
        for pid in (store, one.pid, jupyter, two.pid):
            kill(pid)

        await another_worker(system, one)
        await another_worker(system, two)
        await store_back(data_dir, gone=store)
        await jupyter_back(system, gone=jupyter)


async def test_an_orderly_stop_ends_workers_then_jupyter_who_saves_for_them_then_the_store(
    supervisor: Make, data_dir: Path
) -> None:
    async with supervisor(jupyter=fake_jupyter()).running() as system:
        workers = system.workers
        pid = await store_pid(data_dir)
        drained = system.state_dir / "drained"

    said = (line.split() for line in drained.read_text().splitlines())
    told = sorted((float(at), who) for at, who in said)
    assert [who for _, who in told] == ["worker", "worker", "jupyter"]
    assert not any(runs(worker.pid) for worker in workers)
    await until(lambda: not runs(pid))  # what it held is free a moment before it has ended
    assert slots.live(system.state_dir) == []


async def test_a_worker_that_does_not_drain_is_killed(
    supervisor: Make, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr("rtstore.supervisor.crew.DRAIN_S", 0.2)
    one = settings.model_copy(update={"workers": 1})
    async with supervisor("--stubborn", settings=one).running() as system:
        [worker] = system.workers

    assert not runs(worker.pid)


async def test_the_store_stays_for_those_who_use_it(supervisor: Make, data_dir: Path) -> None:
    async with supervisor().running():
        pid = await store_pid(data_dir)
        path = EmbeddedStore(data_dir).socket
        assert path is not None
        connection = StoreConnection.open(path, name="somebody")
        await connection.__aenter__()

    assert runs(pid)
    await connection.__aexit__(None, None, None)


async def test_a_given_store_is_used_and_not_touched(
    supervisor: Make, settings: Settings, tmp_path: Path
) -> None:
    theirs = EmbeddedStore(tmp_path / "theirs")
    url = await theirs.start()
    async with supervisor(settings=settings.model_copy(update={"redis_url": url})).running() as it:
        assert it.store_url == url
        assert not (settings.data_dir / "store").exists()

    assert await theirs.status() is not None


async def test_a_worker_that_never_starts_ends_it_all_with_its_last_words(
    supervisor: Make, data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "new-moon").touch()
    with pytest.raises(RTStoreError, match=r"worker \d does not start .*the moon is not in"):
        async with supervisor("--dies-if", str(tmp_path / "new-moon")).running():
            pytest.fail("it said that it was ready")

    assert await EmbeddedStore(data_dir).status() is None
    assert slots.live(data_dir / "roots" / ROOT) == []


async def test_five_deaths_in_a_minute_are_told_once_with_the_last_words(
    supervisor: Make, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = settings.model_copy(update={"workers": 1})
    moon = tmp_path / "new-moon"
    async with supervisor("--dies-if", str(moon), settings=alone).running() as system:
        [worker] = system.workers
        moon.touch()
        kill(worker.pid)

        def told() -> list[logging.LogRecord]:
            return [r for r in caplog.records if r.levelno == logging.ERROR]

        [record] = await until(told)
        assert "worker 0 died 5 times within a minute" in record.getMessage()
        assert "the moon is not in the house of Redis" in record.getMessage()

        moon.unlink()
        await another_worker(system, worker)
        assert len(told()) == 1


async def test_a_body_that_fails_fails_as_itself_after_an_orderly_stop(
    supervisor: Make, data_dir: Path
) -> None:
    with pytest.raises(SettingsError, match="mine"):
        async with supervisor().running():
            raise SettingsError("mine")

    assert await EmbeddedStore(data_dir).status() is None


async def test_cancelled_while_starting_it_leaves_nothing(
    supervisor: Make, data_dir: Path
) -> None:
    state = data_dir / "roots" / ROOT

    async def start() -> None:
        async with supervisor("--never-ready").running():
            pytest.fail("it said that it was ready")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(start())
        await until(lambda: len(slots.slots(state)) == 2)
        pids = await until(
            lambda: [int(told) for slot in (0, 1) if (told := slots.holder(state, slot))]
        )
        task.cancel()

    assert pids
    assert not any(runs(pid) for pid in pids)
    assert await EmbeddedStore(data_dir).status() is None


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_it_works_in_any_loop_and_thread(
    supervisor: Make, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """A Jupyter server brings its own loop, and may run it anywhere."""

    async def story() -> None:
        async with supervisor().running() as system:
            gone = system.workers[0]
            kill(gone.pid)
            await another_worker(system, gone)

    def run() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(story())

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


async def test_a_worker_whose_port_was_taken_meanwhile_gets_another(supervisor: Make) -> None:
    async with supervisor().running() as system:
        port = system.workers[0].port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        async with supervisor().running() as system:
            assert system.workers[0].port != port
            assert await serves(system.workers[0])


@pytest.mark.alone
async def test_it_starts_at_once(supervisor: Make) -> None:
    async with asyncio.timeout(5) as bound, supervisor().running():
        bound.reschedule(None)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a port can be kept so")
async def test_the_port_that_was_chosen_for_jupyter_is_nobody_else_s_while_it_is_away(
    tmp_path: Path,
) -> None:
    seat = JupyterSeat(fake_jupyter(0), state_dir=tmp_path, key="")
    await seat.take()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", seat.port))
    socket.create_server(("127.0.0.1", seat.port)).close()  # as Jupyter does
    seat.leave()
    with socket.socket() as other:
        other.bind(("127.0.0.1", seat.port))
