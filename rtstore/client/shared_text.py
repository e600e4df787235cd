"""Edits of a shared text in characters, as Python counts them.

pycrdt counts the bytes of UTF-8, so each place is translated here; a place that lies within a
character can't be named.
"""

from __future__ import annotations

from pycrdt import Text

from rtstore.schema.live_text import set_text as change_to

__all__ = ["change_to", "delete", "insert"]


def insert(text: Text, at: int, added: str) -> None:
    """Insert `added` before character `at`. Raises IndexError if there is no such place."""
    value = str(text)
    _check(value, at, at)
    text.insert(_bytes(value[:at]), added)


def delete(text: Text, start: int, end: int) -> None:
    """Delete the characters from `start` to before `end`. Raises IndexError."""
    value = str(text)
    _check(value, start, end)
    if start < end:
        first = _bytes(value[:start])
        del text[first : first + _bytes(value[start:end])]


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _check(value: str, start: int, end: int) -> None:
    if not 0 <= start <= end <= len(value):
        raise IndexError(f"{start} to {end}: the text has {len(value)} characters")
