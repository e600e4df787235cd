"""DocumentMeta: what is known of a document besides its content."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rtstore.schema.records.record import About, Kind, Place, Record, Shape
from rtstore.schema.records.words import Digits, EntryIdText, MsText


class DocumentMeta(Record):
    """What is known of a document besides its content."""

    about = About(
        Kind.UPKEEP,
        "workers, in the script that does what it tells of",
        (Place("rt:{D}:meta", Shape.HASH),),
    )

    schema_: Digits = Field(alias="schema")
    """Version of the data format."""
    gen: str
    """Names the history; another one: browsers must load the document anew."""
    server: str
    """The contents root."""
    path: str
    """The file, relative to the root directory."""
    type: str
    """What it is opened as."""
    format: str
    """`format` of the contents model: json, text or base64; app for application documents."""
    created: MsText
    rules: Digits
    """Number of the rules of rights; 0: there are none."""
    epoch: Digits
    """First part of the ids that are appended now."""
    srv: str
    """Which store wrote it: another one (restart, failover) begins a new epoch."""
    epoch_ts: MsText
    epoch_by: str
    """The worker that began the epoch."""
    epoch_why: Literal["create", "server", "regressed", "retype"]
    """The log was made; on another server; the server lost entries; opened as another type."""
    owner: str = ""
    """The worker that keeps the file."""
    fence: Digits = "0"
    """The newest token of a lease."""
    saved_id: EntryIdText | None = None
    """Up to this entry the file has everything."""
    saved_ts: MsText | None = None
    saved_by: str = ""
    """The worker that saved."""
    saved_hash: str = ""
    """The file's hash as Jupyter computes it."""
    saved_ino: Digits | None = None
    """The file's inode."""
    saved_mtime: Digits | None = None
    """When the file was written, in nanoseconds."""
    kernels: Literal["shared", "per-user"] = "shared"
    """Whether all have one kernel, or each user one of their own."""
    error: str = ""
    """Why the file can't be read: a close code and words."""
    compactions: Digits = "0"
    """How often its log was compacted."""
    held: str = ""
    """The worker that will put back what the store lost."""


class UnopenedDocument(Record):
    """A document that a keeper looked at, and that nobody has opened yet."""

    about = About(Kind.UPKEEP, "workers that keep it", (Place("rt:{D}:meta", Shape.HASH),))

    fence: Digits
    """The newest token of a lease."""
    owner: str
    """The worker that keeps the file, or did."""
