"""Copying a journal into the log, without a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtstore.kernel_bridge import holes, journal_source, launcher
from rtstore.kernel_bridge.journal_source import JournalSource
from rtstore.kernel_bridge.launcher import IOPUB, Journal
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import Sender

KERNEL = Keys().kernel("c-1", "k-1")


@pytest.fixture
def log(link: Link) -> OutputLog:
    return OutputLog(link, KERNEL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.journal"


def say(path: Path, *texts: str) -> None:
    """As a kernel does."""
    written = Journal(str(path))
    for text in texts:
        content = {"name": "stdout", "text": text}
        frames = Sender("s", b"").request("stream", content, msg_id=f"m{text[:9]}", date="d")
        written.write(IOPUB, [b"topic", *frames])


async def begun(log: OutputLog, path: Path) -> JournalSource:
    """A bridge that has just taken over."""
    queue = RunQueue(log._link, KERNEL)
    source = JournalSource(log, queue, path=str(path), key=b"", generation="1")
    await source.begin()
    return source


async def copied(log: OutputLog, path: Path) -> None:
    source = await begun(log, path)
    await source.copy()
    source.close()


async def texts(log: OutputLog) -> list[str]:
    entries = [e for e in await log.read(BEGINNING, limit=10_000) if e.kind == "iopub"]
    return [(await log.content(e))["text"] for e in entries]


def zero(path: Path, start: int, end: int) -> bool:
    """As a file system that can punch holes, whatever this one can."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))
    return True


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is kept, and what is given back reads as zeros."""
    monkeypatch.setattr(journal_source, "KEPT_BYTES", 2**16)
    monkeypatch.setattr(journal_source, "GIVE_BACK_BYTES", 2**14)
    monkeypatch.setattr(journal_source, "READ_BYTES", 2**12)
    monkeypatch.setattr(holes, "punch", lambda p, a, b: zero(Path(p), a, b))


async def test_after_an_idle_day_it_is_copied_on_behind_what_was_given_back(
    log: OutputLog, link: Link, path: Path, small: None
) -> None:
    say(path, *(f"{n} {'x' * 1000}" for n in range(200)))
    await copied(log, path)
    assert path.read_bytes()[:4096] == bytes(4096)
    await RunQueue(link, KERNEL).note("act", "interrupt", by="ann")
    await log.trim(before_ms=2**53)
    assert [entry.at for entry in await log.read(BEGINNING)] == [""]
    say(path, "after")

    await copied(log, path)

    assert (await texts(log))[-1] == "after"
    assert len(await texts(log)) == 1  # what was copied is not copied again


async def test_after_very_many_states_without_a_message_nothing_is_missing(
    log: OutputLog, link: Link, path: Path
) -> None:
    say(path, "before")
    await copied(log, path)
    last = await log.end()
    await link.command("XADD", KERNEL.out, f"{last.epoch}-{last.revision + 5000}", "kind", "act")
    await log.trim(before_ms=2**53)
    say(path, "after")

    await copied(log, path)

    assert await texts(log) == ["after"]


async def test_a_store_that_lost_more_than_is_kept_for_it_gets_the_rest_and_is_told(
    log: OutputLog, link: Link, path: Path, small: None
) -> None:
    say(path, *(f"{n} {'x' * 1000}" for n in range(200)))
    await copied(log, path)
    kept = await link.command("XRANGE", KERNEL.out, "-", "+", "COUNT", 50)
    await link.command("DEL", KERNEL.out)
    for entry_id, fields in kept:
        await link.command("XADD", KERNEL.out, entry_id, *fields)

    await copied(log, path)

    found = await texts(log)
    assert found[0].startswith("0 ")
    assert found[-1].startswith("199 ")
    assert 49 < len(found) < 200
    assert [e.type for e in await log.read(BEGINNING, limit=1000) if e.kind == "gap"] == ["store"]


async def test_a_store_that_was_emptied_is_told_from_where_the_file_goes_on(
    log: OutputLog, link: Link, path: Path, small: None
) -> None:
    say(path, *(f"{n} {'x' * 1000}" for n in range(200)))
    await copied(log, path)
    await link.command("FLUSHALL")
    say(path, "after")

    await copied(log, path)

    found = await texts(log)
    assert found[-1] == "after"
    assert 1 < len(found) < 200
    assert [e.type for e in await log.read(BEGINNING, limit=1000) if e.kind == "gap"] == ["store"]


async def test_a_message_too_large_for_a_store_holds_up_nothing(
    log: OutputLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "MESSAGE_BYTES_MAX", 10_000)
    say(path, "before", "x" * 20_000, "after")
    await copied(log, path)
    assert await texts(log) == ["before", "after"]
    told = [await log.content(e) for e in await log.read(BEGINNING) if e.kind == "gap"]
    assert told == [{"why": "it was more than 100 MB", "lost": "1"}]


async def test_two_bridges_agree_on_what_was_given_back(log: OutputLog) -> None:
    await log.give_back("journal:1", 900)
    await log.give_back("journal:1", 400)
    assert await log.given_back("journal:1") == 900
