"""NotebookDocument: a notebook as a shared document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from rtstore.schema.records.document_state import DocumentState
from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape


class NotebookMeta(Part):
    """The root map `meta`."""

    nbformat: int
    nbformat_minor: int
    metadata: dict[str, Any]
    """A Y.Map."""


class SharedCell(Part):
    """A cell: a Y.Map."""

    id: str
    """Unique in the notebook, and stays."""
    cell_type: Literal["code", "markdown", "raw"]
    source: str
    """A Y.Text."""
    metadata: dict[str, Any]
    """A Y.Map. `trusted`, `execution` (times) and `rtstore` (``{"status", "why"}`` of a run that
    was lost) are written by the server."""
    attachments: dict[str, Any] | None = None
    outputs: list[dict[str, Any]] = Field(default_factory=list)
    """Of a code cell. A Y.Array of Y.Maps as nbformat has them; the text of a stream is a Y.Text.
    Written by the server."""
    execution_count: int | None = None
    """Written by the server."""
    execution_state: Literal["idle", "running"] = "idle"
    """Written by the server."""


class NotebookDocument(Record):
    """A notebook as a shared document: its root types, as JSON."""

    about = About(
        Kind.CRDT,
        "who may write it (contents:write): source, metadata and order of cells; "
        "outputs, counts and states: its keeper",
        (Place("json:notebook:<file id>", Shape.ROOM),),
        "jupyter_ydoc YNotebook 2.0.0; nbformat 4",
    )

    state: DocumentState
    meta: NotebookMeta
    cells: list[SharedCell]
    """A Y.Array."""
