"""The launcher in a kernel's own environment, which has no rtstore."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session

from rtstore.jupyter import launches
from rtstore.schema import journal, kernel_message


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A second environment, with all that ours has but rtstore."""
    home = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for entry in Path(site.getsitepackages()[0]).iterdir():
        if "rtstore" not in entry.name:
            (packages / entry.name).symlink_to(entry)
    return home / "bin" / "python"


def test_a_kernel_without_rtstore_keeps_a_journal(python: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [python, "-P", "-c", "import rtstore"], capture_output=True, text=True, cwd=tmp_path,
        check=False, env={"HOME": str(tmp_path)},
    )  # fmt: skip
    assert "No module named 'rtstore'" in told.stderr
    path, connection = tmp_path / "1.journal", tmp_path / "kernel.json"
    environ = {"RTSTORE_JOURNAL": str(path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [python, launches.LAUNCHER, "-f", str(connection)], env=environ, cwd=tmp_path
    )
    try:
        until = time.monotonic() + 60
        messages: list[str] = []
        while not messages and time.monotonic() < until:
            assert process.poll() is None
            data = path.read_bytes() if path.exists() else b""
            records = list(journal.records(data))
            if records and connection.exists():
                key = json.loads(connection.read_text())["key"].encode()
                parsed = [kernel_message.parse(one.frames, key=key) for one in records]
                messages = [one.msg_type for one in parsed if one.msg_type == "status"]
            time.sleep(0.05)
        assert messages == ["status"]
    finally:
        process.kill()
        process.wait()


def test_a_journal_that_can_not_be_written_is_no_reason_not_to_start(
    python: Path, tmp_path: Path
) -> None:
    path = tmp_path / "there is no such folder" / "1.journal"
    environ = {"RTSTORE_JOURNAL": str(path), "HOME": str(tmp_path)}
    told = subprocess.run(
        [python, launches.LAUNCHER, "--version"], env=environ, cwd=tmp_path, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["py", "-m", "ipykernel_launcher", "-f", "c"], ["py", launches.LAUNCHER, "-f", "c"]),
        (
            ["py", "-X", "a", "-m", "ipykernel", "-f", "c"],
            ["py", "-X", "a", launches.LAUNCHER, "-f", "c"],
        ),
        (["conda", "run", "ir", "-f", "c"], ["conda", "run", "ir", "-f", "c"]),
    ],
)
def test_only_the_usual_command_is_replaced(
    argv: list[str], wanted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    launch, command = launches.prepare("k-1", argv)
    assert command == wanted
    assert (launch.capture == launches.JOURNAL) == (command != argv)
    assert bool(launch.why) == (command == argv)


def test_a_launcher_that_failed_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    argv = ["py", "-m", "ipykernel_launcher"]
    launch, _ = launches.prepare("k-1", argv)
    launches.record("k-1", launch)
    again, command = launches.prepare("k-1", argv)
    assert (again.generation, command) == (2, argv)
    assert "failed" in again.why


def _is_written(connection: Path) -> bool:
    """Whether all of it is there: a kernel that starts writes it when it is."""
    try:
        return bool(json.loads(connection.read_text()))
    except (OSError, ValueError):
        return False


@contextmanager
def started(home: Path, *words: str, **environ: str) -> Iterator[BlockingKernelClient]:
    """A kernel with a journal in `home`, and a client of it."""
    connection = home / "kernel.json"
    told = {"RTSTORE_JOURNAL": str(home / "1.journal"), "HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, *words, "-f", str(connection)],
        env=told | {"PATH": os.environ["PATH"]} | environ,
        cwd=home,
    )
    try:
        until = time.monotonic() + 60
        while not _is_written(connection) and time.monotonic() < until:
            time.sleep(0.05)
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield client
        client.stop_channels()
    finally:
        process.kill()
        process.wait()


def shown_by(client: BlockingKernelClient, code: str) -> str:
    """What a cell writes and the traceback that it ends with."""
    texts: list[str] = []

    def take(message: dict[str, Any]) -> None:
        content = message["content"]
        texts.extend([content.get("text", ""), *content.get("traceback", [])])

    client.execute_interactive(code, output_hook=take, timeout=30)
    return "".join(texts)


@pytest.mark.parametrize(
    "code",
    ["print('a\\ud83db', flush=True)", "display({'application/json': object()}, raw=True)"],
)
def test_we_are_not_in_the_traceback_of_what_can_not_be_said(code: str, tmp_path: Path) -> None:
    with started(tmp_path, launches.LAUNCHER) as client:
        shown, until = shown_by(client, code), time.monotonic() + 60
        while "Traceback" not in shown and time.monotonic() < until:
            shown += shown_by(client, "1")  # another thread writes it
    assert "serialize" in shown
    assert launches.LAUNCHER not in shown


@pytest.mark.parametrize("is_safe", [True, False])
def test_what_a_user_put_on_the_path_stays_and_our_folder_does_not(
    is_safe: bool, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    environ = {"PYTHONPATH": str(library)} | ({"PYTHONSAFEPATH": "1"} if is_safe else {})
    with started(tmp_path, launches.LAUNCHER, **environ) as client:
        said = shown_by(client, "import sys; print(sys.path)")
    assert str(library) in said
    assert str(Path(launches.LAUNCHER).parent) not in said


def test_a_kernel_shows_what_it_is_asked_to_while_a_cell_runs(tmp_path: Path) -> None:
    with started(tmp_path, launches.LAUNCHER) as client:
        client.execute("import time\nprint('runs', flush=True)\nwhile True:\n    time.sleep(0.1)")
        while client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
            pass
        told = {"comm_id": "c", "data": {"method": "update", "state": {"outputs": [1]}}}
        asked = client.session.msg("rtstore_show_request", told)
        forged = Session(key=b"another").msg("rtstore_show_request", told)
        stranger = Session(key=b"another")
        stranger.send(client.control_channel.socket, forged)
        client.control_channel.send(asked)
        shown = client.get_iopub_msg(timeout=30)  # neither busy before it, nor what is forged
        assert (shown["msg_type"], shown["content"]) == ("comm_msg", told)
        assert shown["parent_header"]["msg_id"] == asked["header"]["msg_id"]
