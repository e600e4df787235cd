"""Bringing one shared cell to a given one in place: no nested type that stays is replaced."""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Map, Text

from rtstore.schema.canonical import same, shared
from rtstore.schema.live_outputs import output_type, set_outputs
from rtstore.schema.live_text import set_text

_NESTED = frozenset({"source", "metadata", "outputs"})
_LIVE_ONLY = frozenset({"execution_state"})
"""Keys of a live cell that no file holds."""


def cell_type(cell: dict[str, Any]) -> Map[Any]:
    """A shared cell, ready to be put into a document (see jupyter_ydoc's schema)."""
    ready: dict[str, Any] = {
        **shared({key: value for key, value in cell.items() if key not in _NESTED}),
        "source": Text(shared(cell["source"])),
        "metadata": Map(shared(cell["metadata"])),
    }
    if cell["cell_type"] == "code":
        ready["outputs"] = Array([output_type(output) for output in cell["outputs"]])
        ready["execution_state"] = "idle"
    elif "outputs" in cell:
        ready["outputs"] = shared(cell["outputs"])
    return Map(ready)


def set_cell(live: Map[Any], wanted: dict[str, Any]) -> bool:
    """Bring `live`, a cell of the same type, to `wanted`; whether anything changed."""
    changed = False
    if isinstance(source := live.get("source"), Text):
        changed |= set_text(source, wanted["source"])
    else:
        live["source"] = Text(shared(wanted["source"]))
        changed = True
    changed |= set_nested_map(live, "metadata", wanted["metadata"])
    done = {"source", "metadata"} | _LIVE_ONLY
    if wanted["cell_type"] == "code":
        done.add("outputs")
        if isinstance(outputs := live.get("outputs"), Array):
            changed |= set_outputs(outputs, wanted["outputs"])
        else:
            live["outputs"] = Array([output_type(output) for output in wanted["outputs"]])
            changed = True
    return set_keys(live, wanted, but=frozenset(done)) or changed


def set_nested_map(live: Map[Any], key: str, wanted: dict[str, Any]) -> bool:
    """Bring the shared map at `key` to `wanted`, key by key; whether anything changed."""
    if isinstance(nested := live.get(key), Map):
        return set_keys(nested, wanted, but=frozenset())
    live[key] = Map(shared(wanted))
    return True


def set_keys(live: Map[Any], wanted: dict[str, Any], *, but: frozenset[str]) -> bool:
    """Bring plain values of `live` to `wanted`, leaving the keys in `but` alone."""
    now: dict[str, Any] = live.to_py() or {}
    gone = now.keys() - wanted.keys() - but
    for key in sorted(gone):
        del live[key]
    different = [
        key
        for key, value in wanted.items()
        if key not in but and not (key in now and same(now[key], value))
    ]
    for key in different:
        live[key] = shared(wanted[key])
    return bool(gone or different)
