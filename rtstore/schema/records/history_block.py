"""HistoryBlock: entries that left the log, or the last snapshot of a history that ended."""

from __future__ import annotations

import json
import zlib
from typing import Any

from rtstore.schema.records.record import About, Kind, Place, Shape, Value


class HistoryBlock(Value[list[list[Any]]]):
    """zlib of JSON lines: of each entry ``[id, kind, user, client, worker, seq, ts, update]``
    (base64), or of a history that ended ``[gen, type, format, update]``.
    """

    about = About(
        Kind.LOG,
        "whoever compacts the log, before it is trimmed; nobody changes it",
        (Place("rt:{D}:history", Shape.FIELDS, "``<first>..<last>`` or ``snap-<id>``"),),
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> Any:  # noqa: ANN401
        """The lines."""
        return [json.loads(line) for line in zlib.decompress(value).decode().split("\n")]
