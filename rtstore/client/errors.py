"""What only a client can meet; the rest is in `rtstore.errors`, which is the base of these.

RTStoreError
├── DocumentError
│   └── HistoryGone     the document's history is another now: open it again
├── ActionFailed        the server did not do, or not finish, what it was asked for
├── NotSaved            the file has not what the document has
├── RunFailed           a cell that was run raised an error, or did not run to its end
└── NotSent             edits made here are not in the document yet, as far as we know
"""

from __future__ import annotations

import json

from rtstore.client.records import Action
from rtstore.errors import (
    BadDocument,
    BadFrame,
    DocumentError,
    LoadFailed,
    NoSuchDocument,
    NotAllowed,
    RTStoreError,
    TooBig,
)


class HistoryGone(DocumentError):
    """The history that this copy belongs to is gone, or its file was deleted.

    What was typed here and never sent can't be merged any more; read it from the document, which
    stays readable, and open the document again.
    """


class NotSaved(RTStoreError):
    """The server did not save the file, or not in time; the document itself is safe."""


class NotSent(RTStoreError):
    """The server did not confirm what was edited here; it may or may not have it."""


class ActionFailed(RTStoreError):
    """An action failed; the message says which and why."""

    def __init__(self, message: str, *, status: int = 500, record: Action | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        """As of HTTP: 400 it can't be asked so, 404 there is no such thing, 409 not now."""
        self.record = record
        """The action as the server has it; None if it was refused at once."""


class RunFailed(RTStoreError):
    """A run ended otherwise than well; the message names the cell and says why."""

    def __init__(
        self, message: str, *, state: str, ename: str = "", evalue: str = "", traceback: str = ""
    ) -> None:
        super().__init__(message)
        self.state = state
        """``error``, ``aborted`` or ``lost``."""
        self.ename = ename
        """The exception's class in the kernel; '' if the cell raised none."""
        self.evalue = evalue
        self.traceback = traceback


_FINAL: dict[int, type[RTStoreError]] = {
    1007: BadFrame,
    1009: TooBig,
    4400: BadDocument,
    4401: NotAllowed,
    4403: NotAllowed,
    4404: NoSuchDocument,
    4500: LoadFailed,
}
"""Close codes after which connecting again would end in the same way."""
_GONE = 1003


def why_closed(code: int, reason: str) -> RTStoreError | None:
    """The error that a socket's close code stands for; None where one may connect again."""
    if code == _GONE:
        return HistoryGone(_told(reason))
    kind = _FINAL.get(code)
    return kind(reason or f"closed with {code}") if kind is not None else None


def _told(reason: str) -> str:
    """What the JSON of a 1003 says to a person."""
    try:
        said = json.loads(reason)["errorReason"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return str(said or "the document's history is another now; open it again")
