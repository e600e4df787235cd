from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rtstore.errors import SettingsError
from rtstore.supervisor import slots
from rtstore.supervisor.state_dir import write_json


async def test_a_claimed_slot_is_live_from_announcement_to_end(tmp_path: Path) -> None:
    async with slots.claim(tmp_path, 3) as seat:
        assert slots.live(tmp_path) == []
        seat.announce(fingerprint="f", contents_id="c", socket="/s", port=1234, worker="w")

        [worker] = slots.live(tmp_path)
        assert (worker.slot, worker.pid, worker.port) == (3, os.getpid(), 1234)
        assert worker.url == "http://127.0.0.1:1234"
    assert slots.live(tmp_path) == []


async def test_a_second_claim_waits_for_the_first_to_leave(tmp_path: Path) -> None:
    first = slots.claim(tmp_path, 0)
    await first.__aenter__()

    async def second() -> None:
        async with slots.claim(tmp_path, 0):
            pass

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        task = group.create_task(second())
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not task.done()
        await first.__aexit__(None, None, None)


async def test_a_claim_that_is_in_vain_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "CLAIM_S", 0.05)
    async with slots.claim(tmp_path, 0):
        with pytest.raises(SettingsError, match=r"slot 0 .* is taken"):
            async with slots.claim(tmp_path, 0):
                pytest.fail("two in one slot")


async def test_records_of_the_dead_or_of_another_form_are_no_workers(tmp_path: Path) -> None:
    async with slots.claim(tmp_path, 0), slots.claim(tmp_path, 1) as seat:
        write_json(tmp_path / "slot-0.json", {"pid": os.getpid()})
        seat.announce(fingerprint="f", contents_id="c", socket="/s", port=1, worker="w")
        told = slots.announced(tmp_path, 1)
        assert told is not None
        gone = {name: getattr(told, name) for name in slots.WorkerSlot.__slots__}
        write_json(tmp_path / "slot-1.json", gone | {"pid": 2**22 - 1})

        assert slots.live(tmp_path) == []


async def test_who_got_the_pid_of_a_dead_worker_is_no_worker(tmp_path: Path) -> None:
    async with slots.claim(tmp_path, 0) as seat:
        seat.announce(fingerprint="f", contents_id="c", socket="/s", port=1, worker="w")
        record = (tmp_path / "slot-0.json").read_text()
    (tmp_path / "slot-0.json").write_text(record)  # as SIGKILL leaves it; this process is alive

    assert slots.live(tmp_path) == []
