"""TextDocument, BlobDocument, ChatDocument: a file that is no notebook as a shared document."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rtstore.schema.records.document_state import DocumentState
from rtstore.schema.records.record import About, Kind, Place, Record, Shape


class TextDocument(Record):
    """A text file as a shared document: its root types, as JSON."""

    about = About(
        Kind.CRDT,
        "who may write it (contents:write)",
        (Place("text:file:<file id>", Shape.ROOM),),
        "jupyter_ydoc YUnicode",
    )

    state: DocumentState
    source: str
    """A Y.Text."""


class BlobDocument(Record):
    """A binary file as a shared document."""

    about = About(
        Kind.CRDT,
        "who may write it (contents:write); the last writer wins",
        (Place("base64:file:<file id>", Shape.ROOM),),
        "jupyter_ydoc YBlob",
    )

    state: DocumentState
    source: dict[str, Any]
    """A Y.Map; `bytes` holds all of it."""


class ChatDocument(Record):
    """A chat as a shared document."""

    about = About(
        Kind.CRDT,
        "who may write it (contents:write)",
        (Place("text:chat:<file id>", Shape.ROOM),),
        "jupyterlab-chat YChat",
    )

    state: DocumentState
    messages: list[dict[str, Any]]
    users: dict[str, dict[str, Any]]
    attachments: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
