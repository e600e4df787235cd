"""A live document for a person who looks into the store: short, and never read by rtstore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rtstore.schema.kinds import NOTEBOOK

VIEW_BYTES_MAX = 64_000
"""Names and values of the whole hash together."""
TEXT_BYTES_MAX = 48_000
SOURCE_BYTES_MAX = 2_000
_SHORTER_SOURCES = (SOURCE_BYTES_MAX, 800, 300, 100, 40)
_SUMMARIES_MAX = 8
_FIELD_BYTES_MAX = 1_000
_IMAGE_CHARS_PER_BYTE = 4 / 3  # base64


def view(
    kind: str,
    content: Any,  # noqa: ANN401 -- by kind
    *,
    path: str,
    at: str,
    authors: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The hash's fields, at most VIEW_BYTES_MAX in all.

    `at` is the entry id that the content is of; `authors` the last editor by cell id, of a
    document without cells under "". A cell's state is told if `content` still has it
    (``execution_state``). When a notebook is too long, its sources are shortened first, then
    its last cells are left out, and the field `left_out` says how many.
    """
    authors = authors or {}
    fields = {"path": cut(path, _FIELD_BYTES_MAX), "at": at, "type": kind}
    if kind == NOTEBOOK and isinstance(content, dict):
        room = VIEW_BYTES_MAX - _size(fields)
        return fields | _cells(content.get("cells", []), authors, room)
    if who := authors.get(""):
        fields["editor"] = cut(who, _FIELD_BYTES_MAX)
    if isinstance(content, bytes):
        return {**fields, "text": f"{_amount(len(content))} of binary data"}
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return {**fields, "text": cut(text, TEXT_BYTES_MAX)}


def cut(text: str, bytes_max: int) -> str:
    """`text`, or its beginning with a mark that says how long it is, in at most `bytes_max`."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= bytes_max:
        return whole.decode()
    mark = f"… [{_amount(len(whole))} in all]"
    room = max(0, bytes_max - len(mark.encode()))
    return whole[:room].decode("utf-8", "ignore") + mark


def _cells(cells: list[dict[str, Any]], authors: Mapping[str, str], room: int) -> dict[str, str]:
    told: list[str] = []
    for source_bytes_max in _SHORTER_SOURCES:
        told = [_cell(cell, authors, source_bytes_max) for cell in cells]
        fields = {"cells": _listed(told)}
        if _size(fields) <= room:
            return fields
    room -= _size({"cells": "[]", "left_out": f"{len(cells)} of {len(cells)} cells"})
    shown = 0
    for line in told:
        room -= len(line.encode()) + len(",\n")
        if room < 0:
            break
        shown += 1
    note = f"{len(cells) - shown} of {len(cells)} cells"
    return {"cells": _listed(told[:shown]), "left_out": note}


def _listed(told: list[str]) -> str:
    return "[" + ",\n".join(told) + "]"


def _cell(cell: Any, authors: Mapping[str, str], source_bytes_max: int) -> str:  # noqa: ANN401
    if not isinstance(cell, dict):  # a live document may hold anything
        return json.dumps({"invalid": cut(str(cell), source_bytes_max)}, ensure_ascii=False)
    cell_id = str(cell.get("id", ""))
    told: dict[str, Any] = {
        "id": cell_id,
        "type": cell.get("cell_type"),
        "source": cut(str(cell.get("source", "")), source_bytes_max),
    }
    if cell.get("cell_type") == "code":
        held = cell.get("outputs")
        outputs = held if isinstance(held, list) else []
        told["count"] = cell.get("execution_count")
        told["state"] = cell.get("execution_state", "")
        told["outputs"] = [_summary(output) for output in outputs[:_SUMMARIES_MAX]]
        if len(outputs) > _SUMMARIES_MAX:
            told["outputs"].append(f"{len(outputs) - _SUMMARIES_MAX} more")
    if who := authors.get(cell_id):
        told["editor"] = cut(who, 200)
    return json.dumps(told, ensure_ascii=False)


def _summary(output: Any) -> str:  # noqa: ANN401 -- a live document may hold anything
    """In a few words, e.g. ``stream 3 lines`` or ``image/png 12 kB``."""
    if not isinstance(output, dict):
        return cut(f"invalid: {output}", 200)
    match output.get("output_type"):
        case "stream":
            lines = len(str(output.get("text", "")).splitlines())
            name = output.get("name", "stdout")
            told = f"stream {lines} line{'' if lines == 1 else 's'}"
            return told if name == "stdout" else f"{told} ({name})"
        case "error":
            return cut(f"error {output.get('ename', '')}: {output.get('evalue', '')}", 200)
        case _:
            data = output.get("data")
            bundle = data if isinstance(data, dict) else {}
            sizes = [f"{mime} {_amount(_bytes_of(mime, bundle[mime]))}" for mime in bundle]
            return cut(", ".join(sizes) or str(output.get("output_type")), 200)


def _bytes_of(mime: str, held: Any) -> int:  # noqa: ANN401 -- text, base64 or JSON
    text = held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
    if mime.startswith("image/") and mime != "image/svg+xml":
        return int(len(text) / _IMAGE_CHARS_PER_BYTE)
    return len(text.encode("utf-8", "replace"))


def _amount(size_bytes: int) -> str:
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    kilo = size_bytes / 1_000
    return f"{kilo:.0f} kB" if kilo < 1_000 else f"{kilo / 1_000:.1f} MB"


def _size(fields: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in fields.items())
