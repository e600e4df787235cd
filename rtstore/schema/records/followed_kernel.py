"""FoldCursor: how far a document has followed a kernel."""

from __future__ import annotations

from pydantic import Field, Json

from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape, Word
from rtstore.schema.records.words import EntryIdText, MsText


class CellFold(Part):
    """What is to be known of a cell's outputs to put the next one there; what is 0 is left out."""

    run: str
    number: int = 0
    """Outputs that the cell had."""
    displays: dict[str, list[int]] = Field(default_factory=dict)
    """display_id → places."""
    clears_on_next: bool = False
    """``clear_output(wait=True)`` came."""
    chars: int = 0
    """Of the last stream; -1: not known."""
    cursor: int = 0
    """Where its next text is written."""
    held: int = 0
    """Characters of all outputs, about."""
    left_out: int = 0
    """Outputs beyond the bound."""
    spill: str = ""
    """Name of the last stream's rest."""
    spilled: int = 0
    """Characters that went there."""
    spills: int = 0
    """How many there were."""
    cut: int = 0
    """Characters more that did not fit."""


class FoldState(Part):
    """What a keeper needs to know to go on."""

    waiting: dict[str, str]
    """Run → cell, of those that did not begin."""
    unfinished: dict[str, str]
    """Run → cell, of those that are not over."""
    generation: int | None
    """Which start of the kernel is heard."""
    missed: list[str]
    """Cells that were not in the document when something was said to them."""
    timed: dict[str, dict[str, str]]
    """Run → its times, where they are wanted."""
    captures: dict[str, list[str]]
    """Request → the Output widgets that take what is said to it."""
    cells: dict[str, CellFold]


class FoldCursor(Record):
    """How far a document has followed a kernel; written with what that changed, in one step."""

    about = About(
        Kind.UPKEEP,
        "the document's keeper",
        (Place("rt:{D}:cur:<kernel id>", Shape.HASH),),
    )

    cursor: EntryIdText
    """The last entry of the kernel's log that the document has."""
    state: Json[FoldState]


class FollowedKernel(Word[MsText]):
    """When a cell of the document was last run in a kernel (ms)."""

    about = About(
        Kind.UPKEEP,
        "workers that are asked to run cells",
        (Place("rt:{D}:follows", Shape.FIELDS, "kernel id"),),
    )
