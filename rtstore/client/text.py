"""Text: a shared text file."""

from __future__ import annotations

from pycrdt import Text as SharedText

from rtstore.client import shared_text
from rtstore.client.document import Document

KIND, FORMAT = "file", "text"


class Text(Document):
    """A text file as everybody who has it open sees it. Places count characters."""

    @property
    def _source(self) -> SharedText:
        source: SharedText = self._doc.get("source", type=SharedText)
        return source

    @property
    def value(self) -> str:
        """The whole text. Setting it makes the fewest edits that lead there."""
        return str(self._source)

    @value.setter
    def value(self, wanted: str) -> None:
        with self.transaction():
            shared_text.change_to(self._source, wanted)

    def __len__(self) -> int:
        return len(self.value)

    def insert(self, at: int, added: str) -> None:
        """Insert `added` before character `at`. Raises IndexError if there is no such place."""
        with self.transaction():
            shared_text.insert(self._source, at, added)

    def append(self, added: str) -> None:
        """Insert `added` at the end."""
        self.insert(len(self), added)

    def delete(self, start: int, end: int) -> None:
        """Delete the characters from `start` to before `end`. Raises IndexError."""
        with self.transaction():
            shared_text.delete(self._source, start, end)
