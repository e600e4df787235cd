from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtstore import __version__


def rtstore(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "rtstore", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def environment(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RTSTORE_DATA_DIR", str(data_dir))
    yield
    rtstore("store", "stop", "--force")


@pytest.mark.usefixtures("environment")
def test_the_store_by_hand(data_dir: Path) -> None:
    assert rtstore("store", "status").returncode == 1
    assert "never ran" in rtstore("store", "url").stderr

    started = rtstore("store", "start")
    assert started.stdout == f"unix://{data_dir}/store/store.sock\n"
    assert rtstore("store", "url").stdout == started.stdout
    status = rtstore("store", "status")
    assert status.returncode == 0
    assert f"redis-cli -s '{data_dir}/store/store.sock'" in status.stdout

    assert rtstore("store", "stop").returncode == 0
    assert rtstore("store", "status").returncode == 1


@pytest.mark.usefixtures("environment")
def test_a_given_store_is_not_ours_to_start() -> None:
    given = {"RTSTORE_REDIS_URL": "redis://127.0.0.1:1"}
    assert rtstore("store", "url", **given).stdout == "redis://127.0.0.1:1\n"

    refused = rtstore("store", "start", **given)
    assert refused.returncode == 1
    assert refused.stderr.startswith("rtstore: RTSTORE_REDIS_URL is set")
    assert refused.stderr.count("\n") == 1


def test_version_and_help_import_no_command() -> None:
    assert rtstore("--version").stdout == f"rtstore {__version__}\n"

    code = "import sys\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    code += "print(*(name for name in sys.modules if name.startswith('rtstore.')))"
    told = subprocess.run(
        [sys.executable, "-c", f"from rtstore.cli.app import main\n{code}", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "doctor" in told
    assert told.splitlines()[-1].split() == OF_HELP


OF_HELP = ["rtstore.cli", "rtstore.cli.quick_start", "rtstore.errors", "rtstore.cli.app"]


def test_help_is_there_at_once() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    rtstore("--version")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    # Of the processor: others may be using it too.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
