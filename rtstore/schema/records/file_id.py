"""FileId, FilePath: which id stands for which path of a contents root."""

from __future__ import annotations

from rtstore.schema.records.record import About, Kind, Place, Shape, Text, Word
from rtstore.schema.records.words import FileIdText


class FileId(Word[FileIdText]):
    """The id of the file at a path; it stays when the file is renamed."""

    about = About(
        Kind.PROJECTION,
        "workers that open a file; the Jupyter server, on renames and deletes",
        (Place("rt:{S}:paths", Shape.FIELDS, "path"),),
        "jupyter_server_fileid",
    )


class FilePath(Text):
    """Where the file with an id is: relative to the root directory, ``/``-separated."""

    about = About(
        Kind.PROJECTION,
        "with FileId, in one step",
        (Place("rt:{S}:files", Shape.FIELDS, "file id"),),
        "jupyter_server_fileid; Contents API",
    )
