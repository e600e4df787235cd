"""DraftEntry: what a page holds whose document's history is gone, or where that is now."""

from __future__ import annotations

import json
from typing import Any

from rtstore.schema.records.record import About, Kind, Part, Place, Shape, Value
from rtstore.schema.records.words import Ms


class DraftHead(Part):
    """It waits for a keeper. A newline and the page's whole state (a Yjs update) follow."""

    user: str
    type: str
    format: str
    ts: Ms


class DraftDone(Part):
    """It is in a file beside."""

    path: str
    """'' if it said nothing of its own."""
    ts: Ms


class DraftEntry(Value[DraftHead | DraftDone]):
    """What a page holds whose document's history is gone, or where that is now (24 h)."""

    about = About(
        Kind.UPKEEP,
        "the worker at which the page came back; then the document's keeper",
        (Place("rt:{D}:drafts", Shape.FIELDS, "SHA-256 of the update"),),
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """Without the update."""
        return json.loads(value.partition(b"\n")[0])
