"""Notice: each message between workers, by its ``type``."""

from __future__ import annotations

from typing import Literal

from rtstore.schema.records.record import Part


class Opened(Part):
    """Somebody opens a document: whoever keeps documents may keep it."""

    type: Literal["opened"]
    document: str


class Indexed(Part):
    """These file ids stand for other paths now, or for none."""

    type: Literal["indexed"]
    ids: list[str]


class KernelNews(Part):
    """There is news of a kernel."""

    type: Literal["kernel"]
    kernel: str


class OutNews(Part):
    """Something was added to a kernel's log."""

    type: Literal["out"]


class RunAsked(Part):
    """Somebody asked for a run."""

    type: Literal["run asked"]
    run: str


class RunSettled(Part):
    """A run was queued (200), or refused."""

    type: Literal["run settled"]
    run: str
    status: int
    why: str
    cell: str


class SaveAsked(Part):
    """Somebody wants the file to be saved now."""

    type: Literal["save"]
    by: str
    id: int
    to_read: bool = False
    """Somebody is about to read it: save only what is not saved."""


class SaveEnded(Part):
    """What was asked for by SaveAsked was done, or failed."""

    type: Literal["saved"]
    by: str | None
    id: int | None
    status: Literal["success", "failed"]
    why: str


class StructsMissing(Part):
    """Updates wait for others that never came: rooms ask their members for them."""

    type: Literal["ask"]


class Refusal(Part):
    """The document can't be opened: sockets are closed with this code."""

    type: Literal["refused"]
    code: int
    reason: str


class MarksNews(Part):
    """Marks of cells changed."""

    type: Literal["marks"]


class PathNews(Part):
    """The file is at another path now."""

    type: Literal["path"]
    path: str


class Replaced(Part):
    """Somebody wrote the file through Jupyter's contents API."""

    type: Literal["replaced"]


class Deleted(Part):
    """The file was deleted."""

    type: Literal["deleted"]


class DraftNews(Part):
    """A page whose document's history is gone left a draft."""

    type: Literal["draft"]


class SchemaNews(Part):
    """An application's document has another schema."""

    type: Literal["schema"]
