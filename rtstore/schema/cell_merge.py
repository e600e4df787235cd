"""Two sets of changes to one cell, brought together: part by part, ours where they clash."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from rtstore.schema.canonical import same
from rtstore.schema.text_merge import merge_text

_ABSENT: Final = object()
RUN = ("outputs", "execution_count")
"""Parts that a run of the cell replaces together."""
_OWN_RULES = frozenset({"id", "cell_type", "source", "attachments", "metadata", *RUN})


class Conflict(NamedTuple):
    """A passage that both sides changed in ways that don't go together; ours stands."""

    cell: str
    """The cell's id; empty for a document that has no cells."""
    ours: str
    theirs: str


def merge_cell(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> tuple[dict[str, Any], list[Conflict]]:
    """The cell with both changes, under our id. Its `base` may be empty: both added it.

    Outputs and execution count go together, as one run made them: theirs if we ran nothing,
    else ours. That two runs differ is no conflict: nobody wrote them.
    """
    cell_id: str = ours["id"]
    source, clashes = merge_text(base.get("source", ""), ours["source"], theirs["source"])
    conflicts = [Conflict(cell_id, *clash) for clash in clashes]
    cell_type, clash = _either(base.get("cell_type"), ours["cell_type"], theirs["cell_type"])
    if clash:
        conflicts.append(Conflict(cell_id, ours["cell_type"], theirs["cell_type"]))
    files = [side.get("attachments", {}) for side in (base, ours, theirs)]
    attachments, names = merge_maps(*files)
    conflicts += [Conflict(cell_id, _told(files[1], n), _told(files[2], n)) for n in names]
    rest, _ = merge_maps(*(_without(_OWN_RULES, side) for side in (base, ours, theirs)))
    metadata, _ = merge_maps(base.get("metadata", {}), ours["metadata"], theirs["metadata"])

    merged = {**rest, "id": cell_id, "cell_type": cell_type, "source": source}
    if attachments:
        merged["attachments"] = attachments
    if cell_type == "code":
        run = _run(base), _run(ours), _run(theirs)
        taken = same(run[0], run[1]) and not same(run[1], run[2])
        outputs, count = run[2] if taken else run[1]
        merged |= {"outputs": outputs, "execution_count": count}
        if taken and outputs:
            metadata = _trust_of(theirs["metadata"], metadata)
    merged["metadata"] = metadata
    return merged, conflicts


def merge_maps(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Both changes, key by key and inside maps again; and the keys at which ours stood.

    A key that one side changed and the other deleted stays, changed.
    """
    merged: dict[str, Any] = {}
    clashes = []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        was, mine, other = (side.get(key, _ABSENT) for side in (base, ours, theirs))
        if isinstance(mine, dict) and isinstance(other, dict):
            value, inside = merge_maps(was if isinstance(was, dict) else {}, mine, other)
            clash = bool(inside)
        elif mine is _ABSENT or other is _ABSENT:
            value, clash = _kept(was, mine, other), False
        else:
            value, clash = _either(was, mine, other)
        if value is not _ABSENT:
            merged[key] = value
        if clash:
            clashes.append(key)
    return merged, clashes


def _either(was: Any, mine: Any, other: Any) -> tuple[Any, bool]:  # noqa: ANN401 -- JSON
    """The changed one; and whether both changed, differently."""
    if same(mine, other) or same(was, other):
        return mine, False
    if same(was, mine):
        return other, False
    return mine, True


def _kept(was: Any, mine: Any, other: Any) -> Any:  # noqa: ANN401 -- JSON, or absent
    """Of one side that has the value and one that has not: a deletion yields to a change."""
    there = other if mine is _ABSENT else mine
    return _ABSENT if was is not _ABSENT and same(was, there) else there


def _run(cell: dict[str, Any]) -> list[Any]:
    outputs, count = (cell.get(name) for name in RUN)
    return [outputs or [], count]


def _trust_of(theirs: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """Outputs that came from outside are as trusted as they were there.

    Else our trust would cover a stranger's HTML, and the next save would sign it.
    """
    rest = {key: value for key, value in metadata.items() if key != "trusted"}
    return {**rest, "trusted": theirs["trusted"]} if "trusted" in theirs else rest


def _without(names: Iterable[str], cell: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key not in names}


def _told(files: dict[str, Any], name: str) -> str:
    return json.dumps({name: files.get(name)}, ensure_ascii=False)
