"""OutputBlob, OutputName: an output, or the rest of a stream, that is too large for a document."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Shape, Text, Value
from rtstore.schema.records.words import Binary


class OutputBlob(Value[Binary]):
    """An output, or the rest of a stream, too large for a document: the cell has a link."""

    about = About(
        Kind.LOG,
        "the document's keeper",
        (
            Place("rt:{D}:blob:<sha256>", Shape.STRING),
            Place("rt:{D}:spill:<run>.<n>", Shape.STRING),
        ),
        "mime bundles of the Jupyter messaging specification",
    )

    @classmethod
    def taken_apart(cls, value: bytes) -> bytes:
        """Itself."""
        return value


class OutputName(Text):
    """The SHA-256 of a blob, or the ``<run>.<n>`` of a spill."""

    about = About(
        Kind.UPKEEP,
        "the document's keeper",
        (
            Place(
                "rt:{D}:giants", Shape.MEMBERS, "since when nothing needs it (ms); 0: it is needed"
            ),
        ),
    )
