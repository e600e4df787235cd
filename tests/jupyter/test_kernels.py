"""Which kernels a Jupyter server calls dead, and which it takes over, of those of others."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rtstore.jupyter import kernels as kernels_module
from rtstore.jupyter import launches, provisioner
from rtstore.jupyter.adoption import adopt
from rtstore.jupyter.kernels import Kernels
from rtstore.jupyter.launches import Launch
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.run import ABORTED, LOST, RUNNING, Run
from rtstore.tasks import background
from tests.support.waiting import until

ROOT = "c-of-two"
KERNEL = SimpleNamespace(kernel_name="python3", connection_file="", execution_state="idle")


class Manager(dict[str, Any]):
    """What is used of Jupyter's kernel manager."""

    def list_kernel_ids(self) -> list[str]:
        return list(self)

    def get_kernel(self, kernel_id: str) -> Any:
        return self[kernel_id]

    def start_kernel(self, *, kernel_id: str, **_: Any) -> str:
        self[kernel_id] = KERNEL
        return kernel_id


class Server:
    """A Jupyter server of this contents root, as far as it has kernels."""

    def __init__(self, keys: Keys, *kernel_ids: str) -> None:
        self.manager = Manager(dict.fromkeys(kernel_ids, KERNEL))
        self.kernels = Kernels(
            lambda: self.manager, lambda _: ("", ""), self.adopt, keys, contents_id=ROOT
        )

    async def adopt(self, index: KernelIndex, instance: str) -> Collection[str]:
        return await adopt(self.manager, None, index, owner=ROOT, instance=instance)


@pytest.fixture
def keys() -> Keys:
    return Keys(f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture
async def link(store_url: str, keys: Keys) -> AsyncIterator[Link]:
    async with connect(store_url, name="test", keys=keys) as made:
        yield made


@pytest.fixture
def index(link: Link, keys: Keys) -> KernelIndex:
    return KernelIndex(link, keys, ROOT)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kernels_module, "BEAT_S", 0.02)
    monkeypatch.setattr(kernels_module, "SILENT_S", 0.2)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))


async def until_state(index: KernelIndex, kernel_id: str, state: str) -> dict[str, str]:
    """Wait until the store says so; all that it says of the kernel."""

    async def look() -> bool:
        return (await index.meta(kernel_id)).get("state") == state

    await until(look, what=f"{kernel_id} is {state}")
    return await index.meta(kernel_id)


async def test_two_servers_on_one_root_let_each_others_kernels_live(
    link: Link, index: KernelIndex, keys: Keys
) -> None:
    one, two = Server(keys, "1-stays", "1-ends"), Server(keys, "2-stays", "2-ends")
    async with background(one.kernels.run(link), two.kernels.run(link)):
        for kernel_id in ("1-stays", "1-ends", "2-stays", "2-ends"):
            await until_state(index, kernel_id, "idle")
        # Each calls the one dead that it has no more, having looked at all.
        del one.manager["1-ends"], two.manager["2-ends"]
        for kernel_id in ("1-ends", "2-ends"):
            assert (await until_state(index, kernel_id, "dead"))["why"] == "the kernel died"
        for kernel_id in ("1-stays", "2-stays"):
            assert (await index.meta(kernel_id))["state"] == "idle"


async def test_kernels_of_a_host_that_vanished_are_called_dead(
    link: Link, index: KernelIndex, keys: Keys
) -> None:
    await index.beat("there", host="elsewhere", pid=1, created=0.0)
    for kernel_id, instance in (("lives", "there"), ("lost", "gone")):
        await index.put(kernel_id, {"host": "elsewhere", "instance": instance, "state": "idle"})
    async with background(Server(keys).kernels.run(link)):
        assert "server is gone" in (await until_state(index, "lost", "dead"))["why"]
        assert (await index.meta("lives"))["state"] == "idle"


async def test_runs_of_a_host_that_vanished_are_over_and_its_kernels_forgotten(
    link: Link, index: KernelIndex, keys: Keys
) -> None:
    await index.put("lost", {"host": "elsewhere", "instance": "gone", "state": "busy"})
    queue = RunQueue(link, index.keys_of("lost"))
    for run in (Run(id="runs"), Run(id="waits")):
        assert await queue.add(run)
    assert await queue.change(Run(id="runs"), RUNNING)
    async with background(Server(keys).kernels.run(link)):

        async def is_forgotten() -> bool:
            return not await index.hosts()

        await until(is_forgotten, what="the kernel is forgotten")
    over = [await queue.get(one) for one in ("runs", "waits")]
    assert [(run.state, run.why) for run in over if run is not None] == [
        (LOST, "its Jupyter server is gone"),
        (ABORTED, "its Jupyter server is gone"),
    ]


async def test_a_kernel_that_a_bridge_of_its_host_serves_is_not_called_dead(
    link: Link, index: KernelIndex, keys: Keys
) -> None:
    for kernel_id in ("served", "lost"):
        await index.put(kernel_id, {"host": "elsewhere", "instance": "gone", "state": "busy"})
    await link.command("SET", index.keys_of("served").lease, "w 1")
    async with background(Server(keys).kernels.run(link)):
        await until_state(index, "lost", "dead")
    assert (await index.meta("served"))["state"] == "busy"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Of the kernel ``a-b``, whose process lives (it is ours); its server is gone."""
    now = launches.created_at(os.getpid())
    launch = Launch(1, launches.RING, "", "", os.getpid(), ROOT, now, os.getpid(), now - 1000)
    launches.record("a-b", launch)
    monkeypatch.setattr(provisioner, "outlives", True)
    return launch


async def test_a_kernel_is_not_taken_from_a_server_that_lives(
    index: KernelIndex, keys: Keys, launched: Launch
) -> None:
    server = Server(keys)
    launches.record("a-b", launches.had_by_this_server(launched))
    assert await server.adopt(index, "me") == []
    launches.record("a-b", replace(launched, server=0))  # of a release that did not say
    await index.put("a-b", {"host": "h", "instance": "other"})
    await index.beat("other", host="elsewhere", pid=1, created=0.0)
    assert await server.adopt(index, "me") == []
    assert (await index.meta("a-b"))["instance"] == "other"


async def test_of_two_servers_one_takes_a_kernel_whose_server_was_just_killed(
    index: KernelIndex, keys: Keys, launched: Launch
) -> None:
    host, pid, began = socket.gethostname(), os.getpid(), launched.created
    await index.put("a-b", {"host": host, "instance": "killed"})
    await index.beat("killed", host=host, pid=pid, created=launched.server_created)
    for instance in ("first", "second"):
        await index.beat(instance, host=host, pid=pid, created=began)
    assert await Server(keys).adopt(index, "first") == ["a-b"]
    assert await Server(keys).adopt(index, "second") == []
    assert not await index.take("a-b", before="killed", instance="second")
    assert (await index.meta("a-b"))["instance"] == "first"


async def test_a_kernel_that_lives_is_taken_over_before_it_could_be_called_dead(
    link: Link, index: KernelIndex, keys: Keys, launched: Launch
) -> None:
    server = Server(keys)
    launches.record("a-b", launches.had_by_this_server(launched))
    await index.put("a-b", {"host": "h", "instance": "beside", "state": "busy"})
    await index.beat("beside", host="elsewhere", pid=1, created=0.0)
    async with background(server.kernels.run(link)):
        await until(lambda: index.heard(server.kernels.instance), what="it looks")
        launches.record("a-b", launched)
        await link.command("DEL", keys.root(ROOT).instance("beside"))
        assert (await until_state(index, "a-b", "idle"))["instance"] == server.kernels.instance
        assert list(server.manager) == ["a-b"]
