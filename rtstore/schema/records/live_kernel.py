"""LiveKernel: a running kernel."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape
from rtstore.schema.records.words import Iso


class LiveRun(Part):
    """The run that a kernel is at."""

    id: str
    document: str
    cell: str
    user: str
    name: str


class LiveKernel(Record):
    """A running kernel."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:kernels", Shape.FIELDS, "kernel id"),
            Place("server:<S>", Shape.ROOM),
        ),
        "Kernel of Jupyter Server's REST API: GET /api/kernels",
    )

    id: str
    name: str
    """Of its kernelspec."""
    state: str
    """starting, idle, busy, restarting, ending, dead, …"""
    connections: int
    last_activity: Iso
    starts: int
    """1: it was never restarted."""
    path: str
    """Its session's; '' if it has none."""
    user: str
    """Whose it is, where each user has one of their own; else ''."""
    run: LiveRun | None
    """What it is at, if that is a run of a cell."""
    waiting: int
    """Runs that are not over."""
