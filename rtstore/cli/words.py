"""Numbers and texts as people read them."""

from __future__ import annotations


def amount(size_bytes: int) -> str:
    """``512 B``, ``1.5 kB``, ``3.2 MB``."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def span(seconds: float) -> str:
    """``3 s``, ``2 min``, ``5 h``, ``4 d``."""
    for unit, length in (("s", 60), ("min", 60), ("h", 24)):
        if seconds < length:
            return f"{seconds:.0f} {unit}"
        seconds /= length
    return f"{seconds:.0f} d"


def cut(text: str, chars_max: int) -> str:
    """`text`, or its beginning with a mark."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def printable(text: str) -> str:
    """`text` in one line that no terminal obeys: what is no visible character is escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
