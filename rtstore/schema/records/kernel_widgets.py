"""KernelWidgets: what a kernel's Output widgets took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Json

from rtstore.schema.records.record import About, Kind, Open, Part, Place, Shape
from rtstore.schema.records.words import EntryIdText


class WidgetShown(Part):
    """What one Output widget shows."""

    outputs: list[dict[str, Any]]
    """As nbformat has them."""
    clears_on_next: bool
    cursor: int
    """Where the next text of the last stream is written."""
    chars: int
    left_out: int
    """Outputs beyond the bound."""
    is_told: bool
    """Whether the kernel has them."""


class KernelWidgets(Open):
    """What a kernel's Output widgets took, up to an entry of its log."""

    about = About(
        Kind.UPKEEP,
        "the kernel's bridge",
        (Place("rt:{K}:widgets", Shape.HASH),),
        "ipywidgets' Output; comm messages of the Jupyter messaging specification",
    )
    more: ClassVar[Mapping[str, str]] = {"widget:.+": "what the widget of this comm shows"}
    __pydantic_extra__: dict[str, Json[WidgetShown]]

    at: EntryIdText
    captures: Json[dict[str, list[str]]]
    """Request → the widgets that take what is said to it, the last first."""
