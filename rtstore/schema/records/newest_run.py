"""NewestRun: a cell's newest run, as its document knows it."""

from __future__ import annotations

from typing import Literal

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Value
from rtstore.schema.records.run import RunStateName
from rtstore.schema.records.words import EntryIdText, Ms


class NewestRun(Record):
    """A cell's newest run."""

    about = About(
        Kind.PROJECTION,
        "the document's keeper, in one step with what the cell shows",
        (Place("rt:{D}:runs", Shape.FIELDS, "cell id"),),
    )

    run: str
    """Run id."""
    kernel: str
    state: RunStateName = "requested"
    shown: str = ""
    """The run whose outputs the cell shows: while the newest waits, another."""
    at: EntryIdText | None = None
    """The entry of the kernel's log that asked for it."""
    user: str = ""
    name: str = ""
    """The user's name for people."""
    sha: str = ""
    """SHA-256 of the source that ran."""
    requested: Ms = 0
    started: Ms = 0
    ended: Ms = 0
    generation: str = ""
    """Which start of the kernel it ran in."""
    seq: str = ""
    """Its order in the kernel's queue."""
    count: str = ""
    """execution_count."""
    why: str = ""
    """Why it was aborted or lost."""


class CellMarks(Value[list[Literal["edited", "earlier", "out of order"]]]):
    """What is to be known of a cell's newest run: edited since; ran in an earlier start of the
    kernel; a cell above it ran later.
    """

    about = About(
        Kind.PROJECTION,
        "the document's keeper",
        (Place("rt:{D}:marks", Shape.FIELDS, "cell id"),),
    )
