"""AppDocument: a document whose root types are an application's own."""

from __future__ import annotations

from typing import Any

from rtstore.schema.records.document_state import DocumentState
from rtstore.schema.records.record import About, ForeignRecord, Kind, Place, Shape, Value


class AppDocument(ForeignRecord):
    """An application's document: root types of its own besides `state`. A schema may be given for
    them: top-level ``"type": "object"`` is a Y.Map, ``"array"`` a Y.Array, ``"string"`` a Y.Text,
    ``{"x-yjs": "xml"}`` a Y.XmlFragment.
    """

    about = About(
        Kind.CRDT,
        "who may write it (contents:write); `state`: the server",
        (Place("app:app:app.<name>", Shape.ROOM), Place("app:<name>", Shape.ROOM)),
        "Yjs; JSON Schema 2020-12",
    )

    state: DocumentState


class AppSchema(Value[dict[str, Any]]):
    """The JSON Schema of an application's document; the newest that an opener gave."""

    about = About(
        Kind.ACTION,
        "workers, for who opens it with a schema (contents:write)",
        (Place("rt:{D}:schema", Shape.STRING),),
        "JSON Schema 2020-12",
    )
