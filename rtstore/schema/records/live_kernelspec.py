"""LiveKernelspec: a kernel that can be started."""

from __future__ import annotations

from typing import Any

from rtstore.schema.records.record import About, Kind, Place, Record, Shape


class LiveKernelspec(Record):
    """A kernel that can be started."""

    about = About(
        Kind.PROJECTION,
        "the server side",
        (
            Place("rt:{S}:live:kernelspecs", Shape.FIELDS, "name"),
            Place("server:<S>", Shape.ROOM),
        ),
        "KernelSpec of Jupyter Server's REST API: GET /api/kernelspecs",
    )

    name: str
    is_default: bool
    spec: dict[str, Any]
    """kernel.json: argv, display_name, language, env, metadata, …"""
    resources: dict[str, str]
    """Name → URL: logos, kernel.js, kernel.css."""
