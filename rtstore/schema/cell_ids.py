"""Ids of a notebook's cells: valid, unique, and the same on every worker for the same cells."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # nbformat's schema since 4.5


def unique_ids(cells: Iterable[dict[str, Any]]) -> list[str]:
    """An id for each cell: its own where it is valid and the first of its name.

    Else one derived from index, type and source, so that two workers which import the same
    file agree; or, for a duplicate, from the id and how often it came before, so that the
    answer stays the same while cells around it come and go.
    """
    cells = list(cells)
    taken = {own for cell in cells if (own := _valid(cell)) is not None}
    times: dict[str, int] = {}
    ids = []
    for index, cell in enumerate(cells):
        own = _valid(cell)
        if own is None:
            seed = f"new {index} {cell.get('cell_type')} {cell.get('source')}"
        elif (count := times.setdefault(own, 0)) == 0:
            times[own] += 1
            ids.append(own)
            continue
        else:
            times[own] += 1
            seed = f"again {count} {own}"
        ids.append(_fresh(seed, taken))
    return ids


def _valid(cell: dict[str, Any]) -> str | None:
    own = cell.get("id")
    return own if isinstance(own, str) and _CELL_ID.fullmatch(own) else None


def _fresh(seed: str, taken: set[str]) -> str:
    while True:
        made = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        if made not in taken:
            taken.add(made)
            return made
        seed += "'"
