"""MurmurHash2 of a text, as jupyter-server-documents' front end sends it with a cell.

Source: Austin Appleby's MurmurHash2, 32 bits, seed 0, over the UTF-8 of the text.
"""

from __future__ import annotations

_MULTIPLIER, _SHIFT, _MASK = 0x5BD1E995, 24, 0xFFFFFFFF


def murmur2(text: str) -> int:
    """The hash, an unsigned 32-bit number."""
    data = text.encode("utf-8", "replace")
    state = len(data) & _MASK
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> _SHIFT) * _MULTIPLIER & _MASK
        state = state * _MULTIPLIER & _MASK ^ word
    if rest := data[whole:]:
        state = (state ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    state = (state ^ state >> 13) * _MULTIPLIER & _MASK
    return state ^ state >> 15
