"""RunShown, DocumentRuns: runs as clients read them."""

from __future__ import annotations

from typing import Any

from rtstore.schema.records.newest_run import CellMarks, NewestRun
from rtstore.schema.records.record import About, Kind, Place, Shape, Value
from rtstore.schema.records.run import RunRecord


class RunShown(RunRecord):
    """One run and its outputs, without what is the server's own. Fields that are '' are absent."""

    about = About(
        Kind.PROJECTION,
        "workers",
        (Place("GET rtstore/runs/<kernel>/<run>", Shape.REST),),
        "outputs as nbformat 4 has them",
    )

    outputs: list[dict[str, Any]]


class MarkedRun(NewestRun):
    """A cell's newest run and its marks."""

    marks: CellMarks | None = None


class DocumentRuns(Value[dict[str, MarkedRun]]):
    """Cell id → its newest run."""

    about = About(
        Kind.PROJECTION, "workers", (Place("GET rtstore/runs?document=<id>", Shape.REST),)
    )
