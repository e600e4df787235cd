"""Names of things, and the place of an entry in a log."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple, NewType

DocumentId = NewType("DocumentId", str)
"""A file's id; opaque, stable over renames, and the hash tag of all its keys."""

_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def is_document_id(text: str) -> bool:
    """Whether `text` may be a document id (it must not break keys or URLs)."""
    return _DOCUMENT_ID.fullmatch(text) is not None


def new_worker_id() -> str:
    """A name for one process's life; never reused, so ``worker.seq`` is unique for ever."""
    return "w" + secrets.token_hex(4)


def new_gen() -> str:
    """A name for a document's history, from its making to its loss."""
    return secrets.token_hex(4)


class EntryId(NamedTuple):
    """``<epoch>-<revision>``: a stream id, ordered. A position in a log is an entry id."""

    epoch: int
    revision: int

    @classmethod
    def parse(cls, text: bytes | str) -> EntryId:
        """From Redis's form. Raises ValueError on anything else."""
        epoch, _, revision = (text if isinstance(text, str) else text.decode()).partition("-")
        return cls(int(epoch), int(revision))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.revision}"

    def is_followed_by(self, other: EntryId) -> bool:
        """Whether nothing lies between this entry and `other`, in the same epoch."""
        return other.epoch == self.epoch and other.revision == self.revision + 1


BEGINNING = EntryId(0, 0)
"""Before every entry."""
