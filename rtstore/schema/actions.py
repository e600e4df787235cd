"""Action: what a client may ask the server to do, and which parameters that takes.

`ACTIONS` is the complete list. An action is authorised like the REST call that it stands for:
`right` is ``resource:action`` as the handlers of Jupyter Server check it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from rtstore.errors import BadAction

CELLS_MAX = 10_000
CODE_CHARS_MAX = 1_000_000
HISTORY_MAX = 10_000
PATH_CHARS_MAX = 4096


def _relative(path: object) -> object:
    """A path as the contents API has it: no slashes around it, nothing that climbs out."""
    if not isinstance(path, str):
        return path
    path = path.strip("/")
    if "\0" in path or ".." in path.split("/"):
        raise ValueError("must stay below the root directory")
    return path


Directory = Annotated[str, Field(max_length=PATH_CHARS_MAX), BeforeValidator(_relative)]
"""A directory's path relative to the root directory; '' is the root directory."""
Path = Annotated[str, Field(min_length=1, max_length=PATH_CHARS_MAX), BeforeValidator(_relative)]
"""A path relative to the root directory."""
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
"""An id that the server gave: of a kernel, session, terminal or checkpoint."""
KernelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
"""Name of a kernelspec."""
Name = Annotated[str, Field(max_length=1024)]
Code = Annotated[str, Field(max_length=CODE_CHARS_MAX)]


class Params(BaseModel):
    """Parameters of one action; its subclasses are all there are."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    action: ClassVar[str]
    right: ClassVar[str]
    """``resource:action`` of Jupyter Server's authorizer."""
    stands_for: ClassVar[str]
    """The REST call, websocket or message of Jupyter's that it does the same as."""


class KernelStart(Params):
    """Start a kernel; `path` is the directory or document whose directory it starts in."""

    action = "kernel.start"
    right = "kernels:write"
    stands_for = "POST /api/kernels"
    name: KernelName | None = None
    path: Directory | None = None


class KernelInterrupt(Params):
    """Interrupt what a kernel runs."""

    action = "kernel.interrupt"
    right = "kernels:write"
    stands_for = "POST /api/kernels/{kernel_id}/interrupt"
    kernel_id: Id


class KernelRestart(Params):
    """Restart a kernel: same id, nothing of its memory."""

    action = "kernel.restart"
    right = "kernels:write"
    stands_for = "POST /api/kernels/{kernel_id}/restart"
    kernel_id: Id


class KernelShutdown(Params):
    """End a kernel and forget it."""

    action = "kernel.shutdown"
    right = "kernels:write"
    stands_for = "DELETE /api/kernels/{kernel_id}"
    kernel_id: Id


class SessionCreate(Params):
    """Give a document a kernel: a new one, or `kernel_id`."""

    action = "session.create"
    right = "sessions:write"
    stands_for = "POST /api/sessions"
    path: Path
    type: Annotated[str, Field(min_length=1, max_length=64)] = "notebook"
    name: Name | None = None
    kernel_name: KernelName | None = None
    kernel_id: Id | None = None


class SessionChange(Params):
    """Change what is given; a kernel by its id, or a new one by its kernelspec's name."""

    action = "session.change"
    right = "sessions:write"
    stands_for = "PATCH /api/sessions/{session}"
    session_id: Id
    path: Path | None = None
    name: Name | None = None
    type: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    kernel_name: KernelName | None = None
    kernel_id: Id | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set - {"session_id"}:
            raise ValueError("nothing to change: give path, name, type, kernel_name or kernel_id")
        return self


class SessionDelete(Params):
    """End a session and its kernel."""

    action = "session.delete"
    right = "sessions:write"
    stands_for = "DELETE /api/sessions/{session}"
    session_id: Id


class TerminalCreate(Params):
    """Open a terminal."""

    action = "terminal.create"
    right = "terminals:write"
    stands_for = "POST /api/terminals"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,128}$")] | None = None


class TerminalDelete(Params):
    """End a terminal."""

    action = "terminal.delete"
    right = "terminals:write"
    stands_for = "DELETE /api/terminals/{terminal_id}"
    name: Id
    server: Id | None = None
    """As its record says; needed where two servers of one root have terminals of one name."""


class ContentsCreate(Params):
    """Make a new untitled notebook, file or directory in the directory `path`."""

    action = "contents.create"
    right = "contents:write"
    stands_for = "POST /api/contents/{path}"
    path: Directory
    type: Literal["notebook", "file", "directory"]
    ext: Annotated[str, Field(pattern=r"^\.[^/\x00]{1,64}$")] | None = None


class ContentsUpload(Params):
    """Write a file or notebook; one that is there is replaced, also where it is open."""

    action = "contents.upload"
    right = "contents:write"
    stands_for = "PUT /api/contents/{path}"
    path: Path
    content: Any
    """A string; for "json" a notebook as an object."""
    format: Literal["text", "base64", "json"]
    type: Literal["file", "notebook"] | None = None
    """"notebook" for "json", else "file"; nothing else goes together."""

    @model_validator(mode="after")
    def _content_is_of_the_format(self) -> Self:
        wanted, called = (dict, "an object") if self.format == "json" else (str, "a string")
        if type(self.content) is not wanted:
            raise ValueError(f"content must be {called} where format is {self.format!r}")
        if self.type not in (None, self.model_type):
            raise ValueError(f"format {self.format!r} is of type {self.model_type!r}")
        return self

    @property
    def model_type(self) -> str:
        """`type` of the contents model that is to be written."""
        return "notebook" if self.format == "json" else "file"


class ContentsRename(Params):
    """Rename or move."""

    action = "contents.rename"
    right = "contents:write"
    stands_for = "PATCH /api/contents/{path}"
    path: Path
    new_path: Path


class ContentsCopy(Params):
    """Copy a file or notebook into the directory `to`, under a name that is free."""

    action = "contents.copy"
    right = "contents:write"
    stands_for = "POST /api/contents/{path}"
    path: Path
    to: Directory


class ContentsDelete(Params):
    """Delete a file, notebook or directory."""

    action = "contents.delete"
    right = "contents:write"
    stands_for = "DELETE /api/contents/{path}"
    path: Path


class CheckpointCreate(Params):
    """Keep what a file holds now as a checkpoint."""

    action = "checkpoint.create"
    right = "contents:write"
    stands_for = "POST /api/contents/{path}/checkpoints"
    path: Path


class CheckpointList(Params):
    """List a file's checkpoints."""

    action = "checkpoint.list"
    right = "contents:read"
    stands_for = "GET /api/contents/{path}/checkpoints"
    path: Path


class CheckpointRestore(Params):
    """Replace a file's content by a checkpoint's, also where it is open."""

    action = "checkpoint.restore"
    right = "contents:write"
    stands_for = "POST /api/contents/{path}/checkpoints/{checkpoint_id}"
    path: Path
    checkpoint_id: Id


class CheckpointDelete(Params):
    """Delete a checkpoint."""

    action = "checkpoint.delete"
    right = "contents:write"
    stands_for = "DELETE /api/contents/{path}/checkpoints/{checkpoint_id}"
    path: Path
    checkpoint_id: Id


class CellRun(Params):
    """Run cells of a notebook in this order; its session is started if it has none."""

    action = "cell.run"
    right = "kernels:execute"
    stands_for = "execute_request"
    path: Path
    cells: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=256)]],
        Field(min_length=1, max_length=CELLS_MAX),
    ]
    kernel_name: KernelName | None = None


class KernelComplete(Params):
    """Ask a kernel how the code may go on at `cursor_pos` (a code point's index)."""

    action = "kernel.complete"
    right = "kernels:execute"
    stands_for = "complete_request"
    kernel_id: Id
    code: Code
    cursor_pos: Annotated[int, Field(ge=0)]


class KernelInspect(Params):
    """Ask a kernel what stands at `cursor_pos` (a code point's index)."""

    action = "kernel.inspect"
    right = "kernels:execute"
    stands_for = "inspect_request"
    kernel_id: Id
    code: Code
    cursor_pos: Annotated[int, Field(ge=0)]
    detail_level: Literal[0, 1] = 0


class KernelIsComplete(Params):
    """Ask a kernel whether the code can be run as it is."""

    action = "kernel.is_complete"
    right = "kernels:execute"
    stands_for = "is_complete_request"
    kernel_id: Id
    code: Code


class KernelHistory(Params):
    """Ask a kernel what it ran; which fields count depends on `hist_access_type`."""

    action = "kernel.history"
    right = "kernels:execute"
    stands_for = "history_request"
    kernel_id: Id
    hist_access_type: Literal["tail", "range", "search"] = "tail"
    output: bool = False
    raw: bool = True
    session: int = 0
    start: int = 0
    stop: int | None = None
    n: Annotated[int, Field(ge=1, le=HISTORY_MAX)] = 10
    pattern: Annotated[str, Field(max_length=1024)] = ""
    unique: bool = False


ACTIONS: Mapping[str, type[Params]] = MappingProxyType(
    {record.action: record for record in Params.__subclasses__()}
)
"""Name of an action → the record of its parameters."""


def parse(action: object, params: object) -> Params:
    """The parameters as their record. Raises BadAction saying what is wrong and what is known."""
    record = ACTIONS.get(action) if isinstance(action, str) else None
    if record is None:
        told = repr(action)[:80]
        raise BadAction(f"no action {told}; there are {', '.join(sorted(ACTIONS))}")
    if not isinstance(params, dict):
        raise BadAction(f"{record.action}: params must be an object with {_taken(record)}")
    try:
        return record.model_validate(params)
    except ValidationError as error:
        wrong = "; ".join(_said(one) for one in error.errors(include_url=False)[:10])
        raise BadAction(f"{record.action}: {wrong}; it takes {_taken(record)}") from error


def _said(error: Any) -> str:  # noqa: ANN401 -- pydantic's ErrorDetails
    where = ".".join(str(part) for part in error["loc"])
    what = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        what = "is missing"
    elif error["type"] == "extra_forbidden":
        what = "is not known"
    return f"{where[:80]}: {what}" if where else what


def _taken(record: type[Params]) -> str:
    return ", ".join(
        name if field.is_required() else f"{name}?" for name, field in record.model_fields.items()
    )
