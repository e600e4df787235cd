"""SaveAnswer, CloseReason: what a document's room says in JSON."""

from __future__ import annotations

from typing import Literal

from rtstore.schema.records.record import About, Kind, Place, Record, Shape


class SaveAnswer(Record):
    """The answer to RAW ``save`` (message type 2)."""

    about = About(
        Kind.ACTION,
        "the document's keeper",
        (Place("<document room>", Shape.ROOM),),
        "jupyter-docprovider's RAW messages",
    )

    type: Literal["save"]
    responseTo: int  # noqa: N815 -- as the front end has it
    status: Literal["success", "skipped", "failed"]


class CloseReason(Record):
    """The reason that comes with close code 1003: the page gives up its copy."""

    about = About(
        Kind.PROJECTION,
        "workers",
        (Place("<document room>", Shape.ROOM),),
        "jupyter-docprovider's reload dialog",
    )

    reason: Literal["unknown_session", "version_mismatch", "initialization_error"]
    reloadable: bool
    kept: bool | None = None
    """True: a draft has what the page had, or there was nothing. Else its own copy is the last."""
    sessionId: str | None = None  # noqa: N815
    errorReason: str | None = None  # noqa: N815
    """Why, for people."""
