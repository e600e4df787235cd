"""What the mirror of a directory takes for news."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from rtstore.jupyter.live_directories import LiveDirectories, _Mirror


@pytest.mark.parametrize(
    ("event", "touched"),
    [
        ({"action": "save", "path": "/d/a.txt"}, {"a.txt"}),
        ({"action": "rename", "path": "d/b.txt", "source_path": "d/a.txt"}, {"a.txt", "b.txt"}),
        ({"action": "delete", "path": "d/a.txt"}, {"a.txt"}),
        ({"action": "save", "path": "d/sub/a.txt"}, set()),
        # To describe a file is to get it: taken for news, each would be described for ever.
        ({"action": "get", "path": "d/a.txt"}, set()),
    ],
)
async def test_what_is_described_anew(event: dict[str, Any], touched: set[str]) -> None:
    directories = LiveDirectories(lambda: None, lambda _: None)
    mirror = directories._mirrors["d"] = _Mirror()
    await directories.heard(logging.getLogger(), "contents", event)
    assert mirror.changed == touched
