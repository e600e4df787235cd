"""What one run put out, whether or not a cell still shows it: folded from its kernel's log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rtstore.schema import giants
from rtstore.schema.kernel_fold import KernelFold, Said
from rtstore.schema.run import REQUESTED

_ONLY = "only"
ALL = 10**9


def outputs(run_id: str, entries: Iterable[Said]) -> list[dict[str, Any]]:
    """The run's outputs, of its kernel's entries from its request on."""
    cells: dict[str, list[dict[str, Any]]] = {_ONLY: []}
    beside = giants.Beside("/", "", outputs_max=ALL)
    fold = KernelFold({}, {}, outputs_of=cells.get, beside=beside)
    fold.take(Said("", "run", REQUESTED, run_id, {"document": "", "cell": _ONLY}, 0))
    for said in entries:
        if said.kind != "run":
            fold.take(said)
    change = fold.changes.get(_ONLY)
    found = (change.outputs if change else None) or []
    return giants.whole(found, beside.blobs | beside.spills)
