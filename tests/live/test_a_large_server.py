"""What it costs to look at a server with 10,000 files in a directory and 20 kernels."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.live.looker import looking
from tests.support.lab import Lab, running_lab

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
IS_LONG = os.environ.get("RTSTORE_TEST_LONG") == "1"
FILES, KERNELS = (10_000, 20) if IS_LONG else (2_000, 2)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    # As most are: without Jupytext, whose contents manager describes each file by itself. What is
    # installed in a venv says otherwise, and comes before a user's own configuration.
    options = ("--ServerApp.jpserver_extensions=jupyterlab_jupytext=False",)
    async with running_lab(tmp_path, workers=2, options=options) as running:
        yield running


async def test_first_paint_and_bytes_per_change(lab: Lab, measured: Callable[[str], None]) -> None:
    folder = lab.notes / "many"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"file-{number:05}.txt").write_text("x")
    began = time.monotonic()
    async with looking(lab, "dir:{S}:many") as ann:
        cold_s = time.monotonic() - began
        assert len(ann.tables["contents"]) == FILES
        size = len(json.dumps(ann.messages[0]))
        began = time.monotonic()
        async with looking(lab, "dir:{S}:many") as bob:
            warm_s = time.monotonic() - began
            assert len(bob.tables["contents"]) == FILES
        seen = len(ann.messages)
        began = time.monotonic()
        (folder / "new.txt").write_text("x")
        await ann.until(lambda: "new.txt" in ann.tables["contents"])
        change_s = time.monotonic() - began
        assert change_s < 5.0
        change = sum(len(json.dumps(one)) for one in ann.messages[seen:])
        for number in range(0, FILES, 4):
            (folder / f"file-{number:05}.txt").unlink()
        left = FILES - len(range(0, FILES, 4)) + 1
        await ann.until(lambda: len(ann.tables["contents"]) == left)
    measured(
        f"a directory of {FILES} files: {size / 1000:.0f} kB, shown after {cold_s:.2f} s, and"
        f" {warm_s:.2f} s where somebody looks at it already; a new file is seen after"
        f" {1000 * change_s:.0f} ms, {change} bytes"
    )
    async with looking(lab) as ann:
        started = [await ann.ask("kernel.start") for _ in range(KERNELS)]
        ids = [one["result"]["kernel_id"] for one in started]
        began = time.monotonic()
        async with looking(lab) as bob:
            shown_s = time.monotonic() - began
            size = len(json.dumps(bob.messages[0]))
            await bob.until(lambda: set(ids) <= bob.tables["kernels"].keys())
        for kernel_id in ids:
            await ann.ask("kernel.shutdown", kernel_id=kernel_id)
        await ann.until(lambda: not set(ids) & ann.tables["kernels"].keys())
        changes = [m for m in ann.messages if m["type"] == "changes"]
        sizes = sorted(len(json.dumps(one)) for one in changes)
    measured(
        f"a server with {KERNELS} kernels: {size / 1000:.1f} kB, shown after"
        f" {1000 * shown_s:.0f} ms; a change has {sizes[len(sizes) // 2]} bytes (median)"
    )
