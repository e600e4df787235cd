"""Said: one entry of a kernel's log."""

from __future__ import annotations

from typing import Any, NamedTuple


class Said(NamedTuple):
    """One entry, with its content."""

    id: str
    kind: str
    type: str
    parent: str
    content: dict[str, Any]
    ts: int
