"""DocumentState: the map `state` of every document, which the server writes."""

from __future__ import annotations

from pydantic import Field

from rtstore.schema.records.record import Part


class DocumentState(Part):
    """The root map `state` of every document."""

    path: str = ""
    """Where the file is; changes when it is renamed. ``app:<name>`` for application documents."""
    dirty: bool | None = None
    """Whether it has what the file does not have yet."""
    hash: str | None = None
    """Of the file as last saved: a change says "the server saved"."""
    file_id: str | None = None
    document_id: str | None = None
    """Name of the room; written by the browser."""
    invalid: list[str] = Field(default_factory=list)
    """Of an application document with a schema: ``<where>: <what>``; absent while it is valid."""
