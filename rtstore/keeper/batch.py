"""Batch: what a kernel said that goes into a document in one step.

No I/O. What is replaced within a batch is not written, so it does not fill it: a cell that shows
one image after the other puts few of them into the document, however quick it is.
"""

from __future__ import annotations

from rtstore.schema.cell_outputs import display_id_of
from rtstore.schema.said import Said

CHARS_MAX = 2**18
"""Written at once, about."""
HELD_CHARS_MAX = 2**23
"""In memory at once, with what is replaced; more only if one message is longer."""


class Batch:
    """See the module."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self._held = 0
        self._written: dict[str, int] = {}
        """Run → characters that it adds."""
        self._updated: dict[str, int] = {}
        """display_id → characters of what it shows last."""

    def add(self, said: Said, chars: int) -> None:
        """One more, of about so many characters."""
        self.said.append(said)
        self._held += chars
        if said.type == "clear_output":
            self._written.pop(said.parent, None)
        elif said.type == "update_display_data":
            self._updated[display_id_of(said.content)] = chars
        else:
            self._written[said.parent] = self._written.get(said.parent, 0) + chars

    @property
    def is_full(self) -> bool:
        """Whether it is to be written before more is read."""
        written = sum(self._written.values()) + sum(self._updated.values())
        return written >= CHARS_MAX or self._held >= HELD_CHARS_MAX
