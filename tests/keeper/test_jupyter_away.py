"""A Jupyter server that dies and is back, while documents of it are open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rtstore.keeper import failures
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write


async def test_what_could_not_be_saved_is_saved_as_soon_as_jupyter_is_back(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RETRY_S", "RETRY_MAX_S", "UNSAVED_S"):  # it is not tried again by itself
        monkeypatch.setattr(failures, name, 600.0)
    jupyter = Jupyter(tmp_path, store_url)
    tried = asyncio.Event()
    note = failures.Failures.note

    def noted(self: failures.Failures, now: float, *, is_told: bool = False) -> bool:
        tried.set()
        return note(self, now, is_told=is_told)

    monkeypatch.setattr(failures.Failures, "note", noted)
    with jupyter.running():
        path = write(jupyter, notebook("x"))
        async with a_worker(jupyter, "w") as worker, opened(worker, path) as ada:
            assert jupyter.process is not None
            jupyter.process.kill()
            jupyter.process.wait()
            await ada.insert(0, "typed ")
            await ada.until(tried.is_set)
            assert sources(jupyter.files / path) == ["x"]

            await asyncio.to_thread(jupyter.start)
            await ada.until(lambda: sources(jupyter.files / path) == ["typed x"])
