from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from rtstore.settings import Settings
from rtstore.supervisor.supervisor import Supervisor

from .cast import ROOT, WORKER


@pytest.fixture(autouse=True)
def our_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("RTSTORE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Of one test; whoever is left running over it is ended with the test."""
    yield tmp_path / "data"
    for process in psutil.process_iter(["cmdline"]):
        if any(str(tmp_path) in word for word in process.info["cmdline"] or []):
            with suppress(psutil.Error):
                process.kill()


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings.load(data_dir=data_dir)


@pytest.fixture
def supervisor(settings: Settings) -> Callable[..., Supervisor]:
    """Makes a supervisor whose workers are fakes; any argument of Supervisor can be given."""

    def make(*flags: str, **given: object) -> Supervisor:
        told = {"settings": settings, "contents_id": ROOT, "worker_command": [*WORKER, *flags]}
        return Supervisor(**(told | given))  # type: ignore[arg-type]

    return make
