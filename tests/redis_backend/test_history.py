from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from rtstore.redis_backend import history as history_module
from rtstore.redis_backend.history import History, LastSnapshot, pack, unpack
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry
from rtstore.schema.ids import EntryId


def _entries(first: int, last: int) -> list[Entry]:
    return [
        Entry(EntryId(1, i), "u", "müller", "77", "w1", str(i), 1000 + i, b"\x00\xff\n%d" % i)
        for i in range(first, last + 1)
    ]


@pytest.fixture(params=["redis", "directory"])
def history(
    request: pytest.FixtureRequest, link: Link, keys: DocumentKeys, tmp_path: Path
) -> History:
    directory = tmp_path / "archive" if request.param == "directory" else None
    return History(link, keys, "nb-1", directory=directory)


async def test_what_is_archived_can_be_read(history: History) -> None:
    assert await history.blocks() == []
    await history.archive(_entries(1, 9))
    await history.archive(_entries(10, 12))
    assert await history.blocks() == ["1-1..1-9", "1-10..1-12"]
    assert await history.read("1-1..1-9") == _entries(1, 9)
    assert await history.read("1-10..1-12") == _entries(10, 12)


async def test_twice_is_once(history: History) -> None:
    for _ in range(2):
        await history.archive(_entries(1, 3))
    assert await history.blocks() == ["1-1..1-3"]


async def test_much_is_cut_into_blocks(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "BLOCK_ENTRIES", 4)
    await history.archive(_entries(1, 9))
    assert await history.blocks() == ["1-1..1-4", "1-5..1-8", "1-9..1-9"]


async def test_a_snapshot_is_kept_beside_the_blocks(history: History) -> None:
    last = LastSnapshot(EntryId(1, 9), "g1", "notebook", "json", b"\x00\xffwhole")
    await history.archive(_entries(1, 9))
    for _ in range(2):
        await history.archive_snapshot(last)
    earlier = LastSnapshot(EntryId(1, 2), "g0", "file", "text", b"")
    await history.archive_snapshot(earlier)
    assert await history.snapshots() == [earlier, last]
    assert await history.blocks() == ["1-1..1-9"]


async def test_nothing_makes_no_block(history: History) -> None:
    await history.archive([])
    assert await history.blocks() == []


async def test_a_draft_of_a_dead_worker_is_no_block(
    link: Link, keys: DocumentKeys, tmp_path: Path
) -> None:
    history = History(link, keys, "nb-1", directory=tmp_path)
    await history.archive(_entries(1, 3))
    (tmp_path / "nb-1" / ".1-4..1-6.99").write_bytes(b"half")
    assert await history.blocks() == ["1-1..1-3"]


@pytest.mark.parametrize("backend", ["fakeredis"], indirect=True)
async def test_a_block_is_readable_without_us(link: Link) -> None:
    packed = pack(_entries(1, 2))
    lines = [json.loads(line) for line in zlib.decompress(packed).splitlines()]
    assert lines[0] == ["1-1", "u", "müller", "77", "w1", "1", 1001, "AP8KMQ=="]
    assert unpack(packed) == _entries(1, 2)
