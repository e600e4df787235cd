"""Results: what an action says when it ended ok."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from rtstore.schema.records.record import Foreign, Part
from rtstore.schema.records.run import RunStateName


class KernelStarted(Part):
    """Result of kernel.start."""

    kernel_id: str


class RestKernel(Foreign):
    """A kernel as the REST API has it."""

    id: str
    name: str
    last_activity: str = ""
    execution_state: str = ""
    connections: int = 0


class RestSession(Foreign):
    """A session as the REST API has it: result of session.create and session.change."""

    id: str
    path: str
    name: str
    type: str
    kernel: RestKernel | None


class TerminalCreated(Foreign):
    """Result of terminal.create."""

    name: str


class RestContents(Foreign):
    """A contents model without content: result of contents.create, upload, rename and copy."""

    name: str
    path: str
    type: Literal["file", "directory", "notebook"]
    writable: bool
    created: str
    last_modified: str
    size: int | None = None
    mimetype: str | None = None


class RestCheckpoint(Foreign):
    """A checkpoint: result of checkpoint.create."""

    id: str
    last_modified: str


class StartedRun(Part):
    """One cell that was run."""

    run: str
    cell: str
    state: RunStateName


class CellsRun(Part):
    """Result of cell.run: all its runs are over."""

    kernel_id: str
    runs: list[StartedRun]


class KernelReply(Foreign):
    """The content of a kernel's reply, as the messaging specification has it."""

    status: Literal["ok", "error", "aborted"]


class CompleteReply(KernelReply):
    """Result of kernel.complete."""

    matches: list[str] = Field(default_factory=list)
    cursor_start: int = 0
    cursor_end: int = 0
    metadata: dict[str, Any] = Field(default_factory=dict)


class InspectReply(KernelReply):
    """Result of kernel.inspect."""

    found: bool = False
    data: dict[str, Any] = Field(default_factory=dict)
    """A mime bundle."""
    metadata: dict[str, Any] = Field(default_factory=dict)


class IsCompleteReply(Foreign):
    """Result of kernel.is_complete."""

    status: Literal["complete", "incomplete", "invalid", "unknown"]
    indent: str = ""
    """How the next line begins, if it is incomplete."""


class HistoryReply(KernelReply):
    """Result of kernel.history."""

    history: list[list[Any]] = Field(default_factory=list)
    """``[session, line, input]``, or with `output` ``[session, line, [input, output]]``."""


RESULTS: Mapping[str, Any] = MappingProxyType(
    {
        "kernel.start": KernelStarted,
        "kernel.interrupt": None,
        "kernel.restart": None,
        "kernel.shutdown": None,
        "session.create": RestSession,
        "session.change": RestSession,
        "session.delete": None,
        "terminal.create": TerminalCreated,
        "terminal.delete": None,
        "contents.create": RestContents,
        "contents.upload": RestContents,
        "contents.rename": RestContents,
        "contents.copy": RestContents,
        "contents.delete": None,
        "checkpoint.create": RestCheckpoint,
        "checkpoint.list": list[RestCheckpoint],
        "checkpoint.restore": None,
        "checkpoint.delete": None,
        "cell.run": CellsRun,
        "kernel.complete": CompleteReply,
        "kernel.inspect": InspectReply,
        "kernel.is_complete": IsCompleteReply,
        "kernel.history": HistoryReply,
    }
)
"""Name of an action → the type of its result; None: null."""
