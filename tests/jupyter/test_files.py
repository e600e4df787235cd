"""Saves that others come between, at each moment when they can."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager

from rtstore.jupyter import disk
from rtstore.jupyter.files import Document, Files, Refused

NAME = "a.txt"
Rival = Callable[[LargeFileManager], None]


def by_a_put(manager: LargeFileManager) -> None:
    manager.save({"type": "file", "format": "text", "content": "theirs"}, NAME)


def by_a_move(manager: LargeFileManager) -> None:
    manager.rename(NAME, "moved.txt")


def by_a_deletion(manager: LargeFileManager) -> None:
    manager.delete(NAME)


RIVALS = pytest.mark.parametrize(
    ("rival", "refused", "left"),
    [
        (by_a_put, "changed", {NAME: "theirs"}),
        (by_a_move, "missing", {"moved.txt": "old"}),
        (by_a_deletion, "missing", {}),
    ],
)


@pytest.fixture
def manager(tmp_path: Path) -> LargeFileManager:
    (tmp_path / NAME).write_text("old")
    return LargeFileManager(root_dir=str(tmp_path), delete_to_trash=False)


async def save(
    manager: LargeFileManager, *, still_owner: Callable[[], Awaitable[bool]]
) -> dict[str, Any]:
    return await Files(lambda: manager).save(
        Document(NAME, "file", "text"),
        "ours",
        seen_hash=hashlib.sha256(b"old").hexdigest(),
        may_create=False,
        still_owner=still_owner,
    )


def contents(manager: LargeFileManager) -> dict[str, str]:
    return {
        file.name: file.read_text() for file in Path(manager.root_dir).iterdir() if file.is_file()
    }


@RIVALS
async def test_what_was_done_while_the_store_was_asked_is_not_written_over(
    manager: LargeFileManager, rival: Rival, refused: str, left: dict[str, str]
) -> None:
    async def still_owner() -> bool:
        rival(manager)
        return True

    with pytest.raises(Refused, match=refused):
        await save(manager, still_owner=still_owner)
    assert contents(manager) == left


@RIVALS
async def test_what_was_done_after_the_file_was_looked_at_is_not_written_over(
    manager: LargeFileManager,
    monkeypatch: pytest.MonkeyPatch,
    rival: Rival,
    refused: str,
    left: dict[str, str],
) -> None:
    look, times = disk.look, 0

    def overtaken(*args: Any, **kwargs: Any) -> disk.Seen | None:
        nonlocal times
        seen, times = look(*args, **kwargs), times + 1
        if times == 1:
            rival(manager)
        return seen

    monkeypatch.setattr(disk, "look", overtaken)

    async def still_owner() -> bool:
        return True

    with pytest.raises(Refused, match=refused):
        await save(manager, still_owner=still_owner)
    assert contents(manager) == left
