from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from rtstore.errors import StoreUnavailable, StoreUnfit
from rtstore.supervisor import embedded_store
from rtstore.supervisor.embedded_store import EmbeddedStore
from rtstore.supervisor.locks import is_held
from rtstore.supervisor.state_dir import read_json, write_json
from rtstore.supervisor.store_connection import StoreConnection

from .cast import kill, runs, until, until_answered

FORK_S = 60
"""A fork of the server that rewrites its file is made to take so long."""


@pytest.fixture(
    params=["valkey", pytest.param("redis7", marks=pytest.mark.redis7)],
)
def program(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Which server a search finds: the wheel's, or the system's."""
    found = shutil.which("redis-server")
    only = tmp_path / "bin"
    only.mkdir()
    if request.param == "redis7":
        if found is None:
            pytest.skip("redis-server is not installed: apt-get install redis-server")
        (only / "redis-server").symlink_to(found)
    monkeypatch.setenv("PATH", str(only))
    return str(request.param)


@pytest.fixture
def store(data_dir: Path) -> Iterator[EmbeddedStore]:
    """Not watched: it runs until the test ends it."""
    yield EmbeddedStore(data_dir, idle_s=0)
    told = read_json(data_dir / "store" / "store.json")
    if "pid" in told and is_held(data_dir / "store" / "server.lock"):
        os.killpg(told["pid"], signal.SIGKILL)


async def ask(store: EmbeddedStore, *words: str) -> object:
    async with store.connected("test", using=True) as connection:
        return await connection.call(*words)


async def until_written(connection: StoreConnection) -> None:
    """While it syncs, once a second, it acknowledges what it writes only when it has: up to 2 s
    later. Only what it has written survives."""

    async def is_written() -> bool:
        return (await connection.info())["aof_buffer_length"] == "0"

    await until_answered(is_written)


async def pid_of(store: EmbeddedStore) -> int:
    status = await store.status()
    assert status is not None
    return status.pid


async def test_it_starts_as_documented(store: EmbeddedStore, program: str) -> None:
    url = await store.start()

    status = await store.status()
    assert status is not None
    assert status.url == url
    assert status.version.startswith("7.0" if program == "redis7" else "9.")
    flags = ("appendonly", "appendfsync", "maxmemory-policy", "save", "port", "unixsocketperm")
    told = [await ask(store, "CONFIG", "GET", flag) for flag in flags]
    assert [reply[1] for reply in told if isinstance(reply, list)] == [
        "yes",
        "everysec",
        "noeviction",
        "",
        "0",
        "700",
    ]
    assert os.getsid(status.pid) == status.pid


async def test_local_durability_syncs_every_write(data_dir: Path, store: EmbeddedStore) -> None:
    await EmbeddedStore(data_dir, durability="local", idle_s=0).start()

    assert await ask(store, "CONFIG", "GET", "appendfsync") == ["appendfsync", "always"]


async def test_all_who_start_it_at_once_share_one(data_dir: Path, store: EmbeddedStore) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(EmbeddedStore(data_dir, idle_s=0).start()) for _ in range(5)]

    assert len({task.result() for task in tasks}) == 1
    log = (data_dir / "store" / "store.log").read_text()
    assert log.count("Server initialized") + log.count("Server started") == 1


async def test_what_it_acknowledged_survives_kill_9(store: EmbeddedStore, program: str) -> None:
    await store.start()
    async with store.connected("test") as connection:
        for n in range(300):
            await connection.call("XADD", "rt:log", f"1-{n + 1}", "kind", "u")
        await until_written(connection)
        kill(await pid_of(store))

    await store.start()
    assert await ask(store, "XLEN", "rt:log") == 300


async def test_a_fork_that_outlives_the_killed_server_is_not_waited_for(
    store: EmbeddedStore,
) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    await ask(store, "CONFIG", "SET", "rdb-key-save-delay", str(FORK_S * 10**6))
    await ask(store, "BGREWRITEAOF")
    kill(await pid_of(store))

    async with asyncio.timeout(FORK_S / 2):
        await store.start()
    assert await ask(store, "GET", "a") == "1"


async def test_stop_keeps_the_data(store: EmbeddedStore) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    pid = await pid_of(store)

    assert await store.stop()
    await until(lambda: not runs(pid))
    assert await store.status() is None

    await store.start()
    assert await ask(store, "GET", "a") == "1"


async def test_a_used_store_is_not_stopped(store: EmbeddedStore) -> None:
    await store.start()
    async with store.connected("test", using=True):
        assert not await store.stop(unless_used=True)
    assert await store.stop(unless_used=True)


async def test_it_stops_when_nobody_used_it_for_a_while(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir, idle_s=0.5)
    await store.start()
    async with store.connected("test", using=True) as connection:
        pid = await pid_of(store)
        await ask(store, "PING")
        assert not await connection.closed(timeout_s=1.5)
        assert runs(pid)

    await until(lambda: not runs(pid))
    watch = data_dir / "store" / "watch.lock"
    await until(lambda: not is_held(watch))


async def test_a_killed_watcher_comes_back_with_the_next_user(data_dir: Path) -> None:
    watch = data_dir / "store" / "watch.lock"
    await EmbeddedStore(data_dir).start()
    await until(lambda: is_held(watch))
    [pid] = watchers(data_dir)
    kill(pid)
    await until(lambda: not is_held(watch))

    store = EmbeddedStore(data_dir, idle_s=0.6)
    await store.start()

    async def stopped() -> bool:
        return not is_held(data_dir / "store" / "server.lock")

    await until_answered(stopped)


def watchers(data_dir: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"rtstore.supervisor.store_watch" in words and os.fsencode(data_dir) in words:
            found.append(int(process.parent.name))
    return found


def cut_in_the_middle(aof: Path) -> None:
    aof.write_bytes(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$X\r\n1\r\n" + aof.read_bytes())


def lose_the_base(aof: Path) -> None:
    next(aof.parent.glob("*.base.*")).unlink()


def lose_the_manifest(aof: Path) -> None:
    next(aof.parent.glob("*.manifest")).unlink()


def empty_the_manifest(aof: Path) -> None:
    next(aof.parent.glob("*.manifest")).write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [cut_in_the_middle, lose_the_base, lose_the_manifest, empty_the_manifest]
)
async def test_damaged_data_never_become_an_empty_store(
    store: EmbeddedStore, program: str, damage: Callable[[Path], None]
) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    await store.stop()
    folder = store.directory / "appendonlydir"
    [aof] = folder.glob("*.incr.aof")
    damage(aof)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(StoreUnfit) as refused:
        await store.start()

    assert str(store.directory) in str(refused.value)
    assert await store.status() is None
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_why_it_did_not_start_is_said_in_its_own_words(store: EmbeddedStore) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    await store.stop()
    [aof] = (store.directory / "appendonlydir").glob("*.incr.aof")
    cut_in_the_middle(aof)

    with pytest.raises(StoreUnfit, match="Bad file format reading the append only file"):
        await store.start()


async def test_a_tail_that_was_cut_off_by_a_crash_is_forgiven(store: EmbeddedStore) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    await ask(store, "SET", "a", "2")
    await store.stop()
    [aof] = (store.directory / "appendonlydir").glob("*.incr.aof")
    aof.write_bytes(aof.read_bytes()[:-3])

    await store.start()
    assert await ask(store, "GET", "a") == "1"


@pytest.mark.parametrize("folder", ["home of ann/Ann's data", "deep/" + "x" * 120])
async def test_any_data_directory_will_do(tmp_path: Path, folder: str) -> None:
    store = EmbeddedStore(tmp_path / folder / "data", idle_s=0)
    url = await store.start()
    try:
        path = Path(unquote(urlsplit(url).path))
        assert path == store.socket
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
        assert path.parent.stat().st_mode & 0o077 == 0
        kill(await pid_of(store))
        assert await store.start() == url
    finally:
        await store.stop()


async def test_a_hanging_server_is_reported_and_not_replaced(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.start()
    pid = await pid_of(store)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(embedded_store, "ANSWER_S", 0.1)
    monkeypatch.setattr("rtstore.supervisor.store_connection.ANSWER_S", 0.1)

    with pytest.raises(StoreUnavailable, match=r"runs but has not answered .* stop --force"):
        await store.start()

    assert runs(pid)
    assert await store.kill()
    await until(lambda: not runs(pid))


async def test_a_server_that_lost_its_socket_file_is_ended_and_started_again(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.start()
    await ask(store, "SET", "a", "1")
    pid = await pid_of(store)
    assert store.socket is not None
    store.socket.unlink()
    monkeypatch.setattr(embedded_store, "LOST_SOCKET_S", 0.1)

    await store.start()
    assert await pid_of(store) != pid
    assert await ask(store, "GET", "a") == "1"


async def test_a_store_that_another_host_runs_is_left_alone(store: EmbeddedStore) -> None:
    await store.start()
    record = store.directory / "store.json"
    pid = read_json(record)["pid"]
    missing = {"host": "elsewhere", "socket": str(store.directory / "gone.sock")}
    write_json(record, read_json(record) | missing)

    with pytest.raises(StoreUnfit, match=r"host elsewhere.*RTSTORE_DATA_DIR"):
        await store.start()
    assert runs(pid)


async def test_the_program_that_wrote_the_data_goes_before_one_found_since(
    store: EmbeddedStore, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older server can't read what a newer one wrote."""
    await store.start()
    before = await store.status()
    await store.stop()
    found = shutil.which("redis-server", path=os.defpath + ":/usr/bin")
    if program == "redis7" or found is None:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    else:
        monkeypatch.setenv("PATH", str(Path(found).parent))

    await store.start()
    after = await store.status()
    assert before is not None
    assert after is not None
    assert after.version == before.version
