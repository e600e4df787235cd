"""Run: one execution of one cell, from the click to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

REQUESTED, SENT, RUNNING = "requested", "sent", "running"
OK, ERROR, ABORTED, LOST = "ok", "error", "aborted", "lost"
OVER = frozenset({OK, ERROR, ABORTED, LOST})
"""States that do not change any more. aborted: it never ran; lost: its kernel ended under it."""
STATES = (REQUESTED, SENT, RUNNING, OK, ERROR, ABORTED, LOST)


def source_sha(source: str) -> str:
    """The hash by which a client says what its user saw: SHA-256 of the UTF-8, in hex."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()


def session_of(kernel_id: str) -> str:
    """The Jupyter session in whose name cells are run, whichever worker sends the request."""
    return f"rtstore-{kernel_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``rt:{K}:run:<id>``. Every value is a string there; '' stands for what is not known."""

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
    sha: str = ""
    kernel: str = ""
    state: str = REQUESTED
    seq: str = ""
    """Its order in the kernel's queue."""
    generation: str = ""
    """Which start of the kernel it ran in."""
    requested: str = ""
    sent: str = ""
    started: str = ""
    ended: str = ""
    """Milliseconds since 1970."""
    count: str = ""
    """execution_count."""
    why: str = ""
    """Why it was aborted or lost, or who interrupted it."""
    by_other: str = ""
    """'1' when that was somebody else than who asked for the run."""
    batch: str = ""
    """What was asked for together, as by Run All: an error of one aborts the rest."""
    may_fail: str = ""
    """'1' when its error stops no other run: the cell is tagged ``raises-exception``."""
    records_timing: str = ""
    """'1' when the cell's metadata is to hold its times."""
    sent_at: str = ""
    """Entry of `out` after which its messages are."""
    frames: str = ""
    """The signed request (JSON, base64): sent again, it is the same request to the kernel."""
    unsent: str = ""
    """'1' when it is certain that the kernel did not get it: it may be sent again."""
    prompt: str = ""
    password: str = ""
    """'1' when what it asks for must not be shown."""
    prompt_id: str = ""
    """Which question: the input_request's msg_id; '' when nothing is asked."""
    answer: str = ""
    answered: str = ""
    """The question that was answered last."""
    answered_by: str = ""

    @classmethod
    def of_fields(cls, told: Mapping[str, str]) -> Self:
        """From the hash; what this version does not know is left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{key: value for key, value in told.items() if key in known})

    def as_fields(self) -> dict[str, str]:
        """For the hash, without what is ''."""
        pairs = {one.name: str(getattr(self, one.name)) for one in fields(self)}
        return {key: value for key, value in pairs.items() if value}

    def told(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON values
        """What the log says of it with each state: enough to know the cell without the hash."""
        return {"document": self.document, "cell": self.cell, "user": self.user, **more}

    @property
    def is_over(self) -> bool:
        """Whether it does not change any more."""
        return self.state in OVER
