"""Text from the network."""

from __future__ import annotations


def sendable(text: str) -> str:
    """`text` with U+FFFD for each lone surrogate: JSON may say one, and UTF-8 can't.

    What comes back can be stored, put into a document and sent to a kernel.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
