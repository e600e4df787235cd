"""Ten thousand images: as many displays of one cell, and one display that is always another.

RTSTORE_TEST_LONG=1 shows all of them, else a tenth.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from pycrdt import Doc

from rtstore.pubsub.content import content_of
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.update_log import UpdateLog
from tests.browser.conftest import Meet
from tests.browser.test_floods import FREEZE_MS_MAX
from tests.support.lab import Lab
from tests.support.tools import LONG

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]

IMAGES = 10_000 if LONG else 1_000
WITHIN_S = 300.0
PNG = """
import os, struct, zlib
from IPython.display import Image, clear_output, display
def part(kind, data):
    told = struct.pack('>I', len(data)) + kind + data
    return told + struct.pack('>I', zlib.crc32(kind + data))
def png(side):
    rows = b''.join(b'\\0' + os.urandom(3 * side) for _ in range(side))
    head = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    body = part(b'IHDR', head) + part(b'IDAT', zlib.compress(rows, 0)) + part(b'IEND', b'')
    return Image(b'\\x89PNG\\r\\n\\x1a\\n' + body)
"""
CELLS = {
    "shown": f"{PNG}for _ in range({IMAGES}):\n    display(png(4))",
    "cleared": f"for _ in range({IMAGES}):\n    clear_output(wait=True)\n    display(png(80))",
    "updated": (
        "shown = display(png(80), display_id=True)\n"
        f"for _ in range({IMAGES}):\n    shown.update(png(80))"
    ),
}
FREEZE = """() => {
  const gaps = window.gaps = {last: performance.now(), most: 0};
  const look = (now) => {
    if (window.gaps !== gaps) return;
    gaps.most = Math.max(gaps.most, now - gaps.last);
    gaps.last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
OVER = """cell => {
  const model = window.rt.panel().content.widgets[cell].model;
  return model.executionCount > 0 && model.executionState === 'idle';
}"""
IMAGE_CHARS = 80 * 80 * 3 * 4 // 3 + 1000
"""A display of 80 pixels each way, of which none is like another."""
SHOWN_BYTES_MAX = 2_000_000
"""2,000 small images; the others are counted."""
WORKER_MIB_MAX = 150
STORE_MIB_MAX = 1000 if LONG else 150
"""What a kernel said within the last minute is kept, whatever it is."""


@dataclass
class Peak:
    """The most that was taken at any time; MiB more than before."""

    workers: float = 0.0
    store: float = 0.0


@asynccontextmanager
async def peak_of(lab: Lab) -> AsyncIterator[Peak]:
    """Watched while the body runs."""
    store = psutil.Process(await lab.store_pid())
    workers = [psutil.Process(worker.pid) for worker in lab.workers()]
    before = [_mib(process) for process in (store, *workers)]
    peak, is_over = Peak(), asyncio.Event()

    async def watch() -> None:
        while not is_over.is_set():
            now = [_mib(process) for process in (store, *workers)]
            grown = [at - was for at, was in zip(now, before, strict=True)]
            peak.store = max(peak.store, grown[0])
            peak.workers = max(peak.workers, *grown[1:])
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        try:
            yield peak
        finally:
            is_over.set()


def _mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


async def sizes(lab: Lab, path: str) -> tuple[int, int]:
    """Of the document: as it comes to a page that opens it, and as the page holds it then."""
    async with connect(lab.store_url, name="test") as link:
        loaded = content_of(await UpdateLog(link, await lab.document(path), worker="test").load())
    doc: Doc[Any] = Doc()
    for update in loaded:
        doc.apply_update(update)
    return sum(map(len, loaded)), len(doc.get_update())


async def test_pages_workers_and_store_bear_images_in_a_loop(
    lab: Lab, meet: Meet, measured: Callable[[str], None]
) -> None:
    path = "images.ipynb"
    ann, bob = await meet(path, list(CELLS.values()))
    await ann.until_kernel()
    for cell, name in enumerate(CELLS):
        before = await sizes(lab, path)
        for person in (ann, bob):
            await person.ask(FREEZE)
        began = time.monotonic()
        async with peak_of(lab) as peak:
            await ann.run_cell(cell)
            for person in (ann, bob):
                await person.wait(OVER, cell, timeout_s=WITHIN_S)
        took_s = time.monotonic() - began
        freeze = max([await person.ask("() => window.gaps.most") for person in (ann, bob)])
        now = await sizes(lab, path)
        comes, held = now[0] - before[0], now[1] - before[1]
        measured(
            f"{IMAGES} images {name}: {took_s:.1f} s, longest freeze {freeze:.0f} ms, at most"
            f" +{peak.workers:.0f} MiB in a worker, +{peak.store:.0f} in the store; the document"
            f" grew by {comes / 1000:.0f} kB in the store, {held / 1000:.0f} kB in a page"
        )
        assert freeze < FREEZE_MS_MAX
        assert peak.workers < WORKER_MIB_MAX
        assert peak.store < STORE_MIB_MAX
        if name == "shown":
            assert held < comes < SHOWN_BYTES_MAX
        else:  # what was replaced is kept for history, but not all that was said
            assert held < 2 * IMAGE_CHARS
            assert comes < (took_s * 10 + 10) * IMAGE_CHARS
        for person in (ann, bob):
            assert await person.dialogs() == []
            assert person.errors == []
