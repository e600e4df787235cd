"""Starts of kernels that can't be recorded, or not at once."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from jupyter_client.kernelspec import KernelSpec
from tornado.web import HTTPError

from rtstore.jupyter import adoption, launches, provisioner
from rtstore.jupyter.held_ports import CHANNELS
from rtstore.jupyter.provisioner import JournalProvisioner
from rtstore.pids import is_alive
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from tests.support.fake_link import FakeLink

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
ARGV = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


class Manager(SimpleNamespace):
    """What a provisioner asks of its kernel manager."""

    kernel_name = "spec-1"
    ip = "127.0.0.1"
    transport = "tcp"
    cache_ports = False
    connection_file = "c.json"
    shell_port = iopub_port = stdin_port = hb_port = control_port = 1

    def write_connection_file(self, **_: Any) -> None: ...

    def get_connection_info(self) -> dict[str, Any]:
        return {}

    def format_kernel_cmd(self, extra_arguments: list[str]) -> list[str]:
        return [*ARGV, *extra_arguments]


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> JournalProvisioner:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(provisioner, "outlives", True)
    made = JournalProvisioner(kernel_id="k-1", kernel_spec=KernelSpec(argv=ARGV))
    object.__setattr__(made, "_trait_values", made._trait_values | {"parent": Manager()})
    return made


def refuse(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, kind, full)


async def start(one: JournalProvisioner) -> None:
    told = await one.pre_launch(env=dict(os.environ), cwd=os.getcwd())  # noqa: PTH109
    await one.launch_kernel(SLEEP, **{key: told[key] for key in told if key != "cmd"})


async def ended(one: JournalProvisioner) -> None:
    await one.kill()
    await one.wait()


async def test_a_kernel_whose_start_can_not_be_recorded_is_ended_and_that_is_said(
    starting: JournalProvisioner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as disk:
        refuse("write_text", disk)
        with pytest.raises(HTTPError, match=r"can't be recorded.*No space left"):
            await start(starting)
    assert starting.pid is not None
    assert not is_alive(starting.pid)
    assert list((tmp_path / "rtstore" / "k-1").iterdir()) == []  # and the next is as the first

    await start(starting)
    found = launches.living("k-1")
    assert found is not None
    assert (found.generation, found.pid, found.spec) == (1, starting.pid, "spec-1")
    await ended(starting)


async def test_a_record_is_whole_or_what_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    launch = launches.Launch(1, launches.RING, "", "", pid=5)
    launches.record("k-1", launch)
    with monkeypatch.context() as disk:
        refuse("replace", disk)
        with pytest.raises(OSError, match="No space"):
            launches.record("k-1", replace(launch, pid=6))
    assert launches.newest("k-1") == launch
    assert [one.name for one in launches.folder("k-1").iterdir()] == ["1.json"]


async def test_one_whose_journal_can_not_be_made_is_recorded_all_the_same(
    starting: JournalProvisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse("touch", monkeypatch)
    await start(starting)
    found = launches.living("k-1")
    await ended(starting)
    assert found is not None
    assert found.capture == launches.RING
    assert "No space left" in found.why


async def test_one_that_nobody_could_find_does_not_outlive_the_server(
    starting: JournalProvisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse("mkdir", monkeypatch)
    told = await starting.pre_launch(env={})
    assert told["independent"] is False


async def test_one_that_is_taken_over_stays_though_that_can_not_be_recorded(
    starting: JournalProvisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(starting)
    monkeypatch.setattr(JournalProvisioner, "_pre_adopt", lambda _, told: told)
    heir = JournalProvisioner(kernel_id="k-1", kernel_spec=KernelSpec(argv=ARGV))
    await heir.pre_launch()
    refuse("write_text", monkeypatch)
    await heir.launch_kernel([])
    assert heir.pid == starting.pid
    assert is_alive(starting.pid or 0)
    await ended(starting)


async def test_one_of_which_the_store_was_never_told_is_taken_over_by_its_spec_s_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    pid = os.getpid()
    told = launches.Launch(
        1, launches.RING, "", "", pid=pid, owner="root",
        created=launches.created_at(pid), spec="spec-1",
    )  # fmt: skip
    launches.record("k-1", told)
    started: list[dict[str, Any]] = []

    class Kernels(dict[str, Any]):
        def start_kernel(self, **told: Any) -> None:
            started.append(told)

    index: Any = KernelIndex(FakeLink(), Keys(), "root")
    assert await adoption.adopt(Kernels(), None, index, owner="root", instance="i") == ["k-1"]
    assert [one["kernel_name"] for one in started] == ["spec-1"]


def free_ports(number: int) -> list[int]:
    """Of them no two are the same."""
    with ExitStack() as probing:
        probes = [probing.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def is_free(port: int) -> bool:
    """Whether another program may be given it."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def can_be_taken(port: int) -> bool:
    """Whether a kernel that is told to take it can."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as taking:
        taking.bind(f"tcp://127.0.0.1:{port}")
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="only there a port can be kept so")
async def test_the_ports_of_a_kernel_are_nobody_else_s_from_before_it_starts_to_its_end(
    starting: JournalProvisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_ports(len(CHANNELS))
    told: dict[str, Any] = {
        f"{name}_port": port for name, port in zip(CHANNELS, ports, strict=True)
    }
    told |= {"transport": "tcp", "ip": "127.0.0.1"}
    monkeypatch.setattr(Manager, "get_connection_info", lambda _: told)
    assert all(map(is_free, ports))
    for _ in range(2):  # and when it is started again
        await start(starting)
        assert not any(map(is_free, ports))
        assert all(map(can_be_taken, ports))
        await ended(starting)
        await starting.cleanup(restart=True)
        assert not any(map(is_free, ports))
    await starting.cleanup()
    assert all(map(is_free, ports))
