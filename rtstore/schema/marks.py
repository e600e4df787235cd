"""What is to be known of a cell's newest run: edited since, of an earlier start, out of order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rtstore.schema.ids import EntryId
from rtstore.schema.run import ABORTED, OVER, source_sha

EDITED, EARLIER, OUT_OF_ORDER = "edited", "earlier", "out of order"


def marks(
    cells: Sequence[Mapping[str, Any]],
    runs: Mapping[str, Mapping[str, Any]],
    generations: Mapping[str, str],
) -> dict[str, list[str]]:
    """Cell id → its marks, where it has any; of cells in their order, and their newest runs.

    `generations`: kernel id → which start of it is the present one; '' where that is not known.
    """
    found: dict[str, list[str]] = {}
    newest_above: dict[str, EntryId] = {}
    for cell in cells:
        cell_id = str(cell.get("id", ""))
        run = runs.get(cell_id)
        if run is None or run.get("state") not in OVER or run.get("state") == ABORTED:
            continue
        at, kernel = EntryId.parse(str(run.get("at") or "0-0")), str(run.get("kernel", ""))
        told = []
        if run.get("sha") and run["sha"] != source_sha(str(cell.get("source", ""))):
            told.append(EDITED)
        ran_in, now = str(run.get("generation", "")), generations.get(kernel, "")
        if ran_in and now and ran_in != now:
            told.append(EARLIER)
        if at < newest_above.get(kernel, at):
            told.append(OUT_OF_ORDER)
        newest_above[kernel] = max(at, newest_above.get(kernel, at))
        if told:
            found[cell_id] = told
    return found
