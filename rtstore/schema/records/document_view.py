"""DocumentView: a live document, for people who look into the store."""

from __future__ import annotations

from typing import Any

from pydantic import Field, Json

from rtstore.schema.records.record import About, Kind, Part, Place, Record, Shape
from rtstore.schema.records.words import EntryIdText


class ViewCell(Part):
    """A cell in short; `invalid` alone where what the document holds is no cell."""

    id: str = ""
    type: str | None = None
    source: str = ""
    """The first 2 kB; less in a long notebook."""
    count: Any = None
    """execution_count."""
    state: Any = ""
    """execution_state."""
    outputs: list[str] = Field(default_factory=list)
    """Each in a few words."""
    editor: str = ""
    """Username of who edited it last."""
    invalid: str = ""


class DocumentView(Record):
    """A live document, at most 2 s old; rtstore never reads it."""

    about = About(
        Kind.PROJECTION,
        "the document's keeper; not with RTSTORE_VIEW=false",
        (Place("rt:{D}:view", Shape.HASH),),
    )

    path: str
    at: EntryIdText
    """The entry of the log that it shows."""
    type: str
    text: str = ""
    """Of a document that is no notebook."""
    editor: str = ""
    """Username of who edited that last."""
    cells: Json[list[ViewCell]] | None = None
    left_out: str = ""
    """How many cells are not shown, as the notebook is too long."""
