"""Whether one content says anything that another does not: is it worth a file of its own?"""

from __future__ import annotations

from typing import Any

from rtstore.schema import notebook
from rtstore.schema.alignment import align
from rtstore.schema.canonical import same
from rtstore.schema.kinds import NOTEBOOK, TEXT_KINDS


def is_contained(kind: str, one: Any, other: Any) -> bool:  # noqa: ANN401 -- by kind
    """Whether nobody who has `other` would miss `one`: every line of it is there, in order.

    Of a notebook that goes for each cell, wherever it stands now; outputs count where `other`
    has none, as a later run replaces them. What was only deleted is not missed. Raises
    BadDocument if a notebook is none.
    """
    if same(one, other):
        return True
    if kind == NOTEBOOK:
        return _are_cells_contained(notebook.read(one)["cells"], notebook.read(other)["cells"])
    if kind in TEXT_KINDS and isinstance(one, str) and isinstance(other, str):
        return _are_lines_contained(one, other)
    return False


def _are_lines_contained(one: str, other: str) -> bool:
    rest = iter(other.splitlines())
    return all(line in rest for line in one.splitlines())


def _are_cells_contained(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    places = align(other, one, similar=False)
    return all(
        _is_cell_contained(cell, None if at is None else other[at])
        for cell, at in zip(one, places, strict=True)
    )


def _is_cell_contained(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    if other is None:
        return not (one["source"].strip() or one.get("outputs") or one.get("attachments"))
    return (
        one["cell_type"] == other["cell_type"]
        and _are_lines_contained(one["source"], other["source"])
        and bool(not one.get("outputs") or other.get("outputs"))
        and _has_all(one.get("attachments"), other.get("attachments"))
        and _has_all(one["metadata"], other["metadata"], but="trusted")
    )


def _has_all(
    one: dict[str, Any] | None, other: dict[str, Any] | None, *, but: str | None = None
) -> bool:
    there = other or {}
    return all(
        name == but or (name in there and same(value, there[name]))
        for name, value in (one or {}).items()
    )
