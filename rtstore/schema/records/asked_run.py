"""AskedRun: a run that the document's keeper has not queued yet."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Shape
from rtstore.schema.records.run import RunRecord


class AskedRun(RunRecord):
    """A run that the document's keeper has not queued yet: all it has are who, what and when."""

    about = About(
        Kind.ACTION,
        "the worker that was asked; the keeper takes it away",
        (Place("rt:{D}:asked", Shape.FIELDS, "run id"),),
    )

    post: str
    """The first run of the request that asked: all of a request's runs are queued, or none."""
    saw: str = ""
    """Hash of the source that the user saw: SHA-256, or murmur2."""
    code: str = ""
    """What is to run instead of the cell's source."""
    lot: str = ""
    """Requests that were at the Jupyter server at once are one lot; absent: it came otherwise."""
    of: int = 1
    """How many requests the lot has."""
