"""SavedContent: what was last in a document and in its file alike."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Binary, EntryIdText


class SavedContent(Record):
    """What was last in a document and in its file alike: outside changes are merged against it."""

    about = About(
        Kind.UPKEEP,
        "the document's keeper",
        (Place("rt:{D}:base", Shape.HASH),),
    )

    pending: str = ""
    """Digests of saves that were never answered, with spaces between."""
    id: EntryIdText | None = None
    """The entry that said that it is saved."""
    sha: str = ""
    """The file's hash."""
    digest: str = ""
    """Of the content, whatever form its file has."""
    data: Binary = b""
    """zlib of JSON: a list that holds the content; bytes as ``{"base64"}``."""
