"""lib0's variable-length integers and byte strings, as Yjs and y-protocols use them.

Source: https://github.com/dmonad/lib0 (encoding.js, decoding.js). Strings are length-prefixed
in bytes (pycrdt's own encoder writes code points: wrong for non-ASCII).
"""

from __future__ import annotations

from rtstore.errors import BadFrame

BYTES_MAX = 10
"""A varuint of more bytes than this is over 64 bits: no writer makes one."""


def read_uint(data: bytes, at: int) -> tuple[int, int]:
    """The varuint at `at`, and where it ends. Raises BadFrame."""
    if at < len(data) and (byte := data[at]) < 0x80:  # most are this short
        return byte, at + 1
    value = shift = 0
    for end in range(at, min(at + BYTES_MAX, len(data))):
        byte = data[end]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, end + 1
        shift += 7
    raise BadFrame(f"number at byte {at} does not end")


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """The length-prefixed bytes at `at`, and where they end. Raises BadFrame."""
    size, start = read_uint(data, at)
    end = start + size
    if end > len(data):
        raise BadFrame(f"says {size} bytes at byte {at}, has {len(data) - start}")
    return data[start:end], end


def read_text(data: bytes, at: int) -> tuple[str, int]:
    """The length-prefixed UTF-8 at `at`, and where it ends. Raises BadFrame."""
    raw, end = read_bytes(data, at)
    try:
        return raw.decode(), end
    except UnicodeDecodeError as error:
        raise BadFrame(f"text at byte {at} is not UTF-8") from error


def write_uint(value: int) -> bytes:
    """`value` as a varuint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_bytes(data: bytes) -> bytes:
    """`data` with its length before it."""
    return write_uint(len(data)) + data
