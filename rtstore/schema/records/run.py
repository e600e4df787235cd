"""RunRecord: one execution of one cell."""

from __future__ import annotations

from typing import Literal

from pydantic import Json

from rtstore.schema.records.record import About, Kind, Place, Record, Shape, Text
from rtstore.schema.records.words import Digits, EntryIdText, IsSet, MsText, Sha256

RunStateName = Literal["requested", "sent", "running", "ok", "error", "aborted", "lost"]
"""What a run is. The last four do not change any more."""


class RunRecord(Record):
    """One execution of one cell; kept for 30 days after its end."""

    about = About(
        Kind.ACTION,
        "the document's keeper queues it; the kernel's bridge says what becomes of it",
        (Place("rt:{K}:run:<id>", Shape.HASH),),
        "execute_request of the Jupyter messaging specification; "
        "jupyter-docprovider's server-side execution",
    )

    id: str
    """Also the msg_id of the request that the kernel gets."""
    document: str = ""
    cell: str = ""
    user: str = ""
    """Username of who asked for it."""
    name: str = ""
    """Their name for people."""
    source: str = ""
    """A copy: what runs is what was there when it was asked for."""
    sha: Sha256 | Literal[""] = ""
    """Of the source."""
    kernel: str = ""
    state: RunStateName = "requested"
    seq: Digits | Literal[""] = ""
    """Its order in the kernel's queue."""
    generation: Digits | Literal[""] = ""
    """Which start of the kernel it ran in."""
    requested: MsText | Literal[""] = ""
    sent: MsText | Literal[""] = ""
    started: MsText | Literal[""] = ""
    ended: MsText | Literal[""] = ""
    count: str = ""
    """execution_count."""
    why: str = ""
    """Why it was aborted or lost, or who interrupted it."""
    by_other: IsSet = ""
    """Whether that was somebody else than who asked for the run."""
    batch: str = ""
    """What was asked for together, as by Run All: an error of one aborts the rest."""
    may_fail: IsSet = ""
    """Whether its error stops no other run: the cell is tagged ``raises-exception``."""
    records_timing: IsSet = ""
    """Whether the cell's metadata is to hold its times."""
    sent_at: EntryIdText | Literal[""] = ""
    """Entry of the kernel's log after which its messages are."""
    frames: Json[list[str]] | Literal[""] = ""
    """The signed request (base64): sent again, it is the same request to the kernel."""
    unsent: IsSet = ""
    """Whether it is certain that the kernel did not get it."""
    prompt: str = ""
    """What it asks its user (``input()``)."""
    password: IsSet = ""
    """Whether the answer must not be shown."""
    prompt_id: str = ""
    """Which question: the input_request's msg_id; '' when nothing is asked."""
    answer: str = ""
    """What was answered and the kernel was not told yet."""
    answered: str = ""
    """The question that was answered last."""
    answered_by: str = ""
    put_back: IsSet = ""
    """Whether the store had forgotten that it was sent, and was told again."""


class QueuedRun(Text):
    """Id of a run that is not over."""

    about = About(
        Kind.ACTION,
        "with the run",
        (Place("rt:{K}:q", Shape.MEMBERS, "its order"),),
    )


class FailedBatch(Text):
    """Why no more of a batch runs; for an hour."""

    about = About(
        Kind.ACTION,
        "the kernel's bridge",
        (Place("rt:{K}:failed", Shape.FIELDS, "batch"),),
    )
