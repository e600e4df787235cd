"""What one run put out, whether or not a cell still shows it: folded from its kernel's log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rtstore.schema.kernel_fold import KernelFold, Said
from rtstore.schema.run import REQUESTED

_ONLY = "only"


def outputs(run_id: str, entries: Iterable[Said]) -> list[dict[str, Any]]:
    """The run's outputs, of its kernel's entries from its request on."""
    cells: dict[str, list[dict[str, Any]]] = {_ONLY: []}
    fold = KernelFold("", "", {}, {}, outputs_of=cells.get, base_url="/")
    fold.take(Said("", "run", REQUESTED, run_id, {"document": "", "cell": _ONLY}, 0))
    for said in entries:
        if said.kind != "run":
            fold.take(said)
    change = fold.changes.get(_ONLY)
    return (change.outputs if change else None) or []
