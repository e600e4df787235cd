"""Bringing a live document to a given content by the least edits, as one more person would.

Browsers hold on to the shared types that they found (a cell's source, its outputs) and type
into them at any time. Whatever stays is therefore edited in place, never replaced; jupyter_ydoc's
own ``set`` replaces.
"""

from __future__ import annotations

from typing import Any

from jupyter_ydoc import YNotebook, YUnicode
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Array, Map, Text

from rtstore.schema.alignment import align
from rtstore.schema.canonical import same
from rtstore.schema.cell_ids import unique_ids
from rtstore.schema.kinds import NOTEBOOK, TEXT_KINDS
from rtstore.schema.live_cells import cell_type, set_cell, set_nested_map
from rtstore.schema.live_text import set_text
from rtstore.schema.sequences import rising


def apply(kind: str, ydocument: YBaseDoc, content: Any) -> bool:  # noqa: ANN401 -- by kind
    """Bring `ydocument` to `content` in one transaction; whether anything changed.

    A notebook is as `notebook.read` or `three_way.merge` gives it. The `state` map is left
    alone. A transaction that the caller opened is joined. Raises BadDocument on content that
    Yjs can't hold; what came before the flaw may have been applied then.
    """
    with ydocument.ydoc.transaction():
        if kind == NOTEBOOK and isinstance(ydocument, YNotebook):
            return _apply_notebook(ydocument, content)
        if kind in TEXT_KINDS and isinstance(ydocument, YUnicode):
            return set_text(ydocument.ydoc.get("source", type=Text), content)
        if same(ydocument.get(), content):
            return False
        ydocument.set(content)
        return True


def _apply_notebook(ydocument: YNotebook, content: dict[str, Any]) -> bool:
    meta = ydocument.ydoc.get("meta", type=Map)
    changed = set_nested_map(meta, "metadata", content["metadata"])
    for key in ("nbformat", "nbformat_minor"):
        if meta.get(key) != content[key]:
            meta[key] = content[key]
            changed = True
    return _apply_cells(ydocument.ydoc.get("cells", type=Array), content["cells"]) or changed


def _apply_cells(live: Array[Any], wanted: list[dict[str, Any]]) -> bool:
    """Delete what goes, edit what stays, insert what comes; a move is a deletion and a copy.

    Yjs has no moves that browsers understand, so the fewest cells are moved that will do.
    """
    stays = _staying(live, wanted)
    changed = False
    for at in range(len(live) - 1, -1, -1):
        if at not in stays:
            del live[at]
            changed = True
    kept = set(stays.values())
    for at, index in enumerate(stays[old] for old in sorted(stays)):
        changed |= set_cell(live[at], wanted[index])
    for index, cell in enumerate(wanted):
        if index not in kept:
            live.insert(index, cell_type(cell))
            changed = True
    return changed


def _staying(live: Array[Any], wanted: list[dict[str, Any]]) -> dict[int, int]:
    """Places of live cells that stay → their places in `wanted`; both rise together."""
    now = [_identity(cell) for cell in live]
    # A live document may hold an id twice; its content was read with these.
    now = [{**cell, "id": own} for cell, own in zip(now, unique_ids(now), strict=True)]
    found = align(now, wanted, similar=False)
    pairs = [
        (at, index)
        for index, at in enumerate(found)
        # Views are made for one type of cell: another type is another cell to them.
        if at is not None and now[at]["cell_type"] == wanted[index]["cell_type"]
    ]
    in_order = rising([at for at, _ in pairs])
    return dict(pair for place, pair in enumerate(pairs) if place in in_order)


def _identity(cell: Any) -> dict[str, Any]:  # noqa: ANN401 -- a live document may hold anything
    if not isinstance(cell, Map):
        return {"id": None, "cell_type": None, "source": ""}
    source = cell.get("source")
    return {
        "id": cell.get("id"),
        "cell_type": cell.get("cell_type"),
        "source": str(source),
    }
