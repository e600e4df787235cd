"""What updates say, for people: a whole document's content, and one entry in a few words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc

from rtstore.errors import BadFrame
from rtstore.schema import kinds, live, updates
from rtstore.schema.varint import read_bytes, read_text, read_uint

TEXT_CHARS_MAX = 40
NAMES_MAX = 4
_STRING, _TYPE = 4, 7
_TYPES = ("array", "map", "text", "xml", "xml", "hook", "xml text")


def content(kind: str, update: bytes) -> Any:  # noqa: ANN401 -- by kind
    """What a document of `kind` holds that was made of `update`.

    Raises BadDocument for a kind that nobody knows, BadFrame if it can't be applied.
    """
    doc: Doc[Any] = Doc()
    document = kinds.make(kind, doc)
    try:
        doc.apply_update(update)
    except Exception as error:  # the library's errors have no common base
        raise BadFrame(f"the log holds what can't be applied: {error}") from error
    return live.content(document)


@dataclass(slots=True)
class _Said:
    texts: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: int = 0


def words(update: bytes) -> str:
    """What `update` inserts, sets and deletes, in one short line. Raises BadFrame."""
    said = _Said()
    groups, at = read_uint(update, 0)
    try:
        for _ in range(groups):
            count, at = read_uint(update, at)
            _, at = read_uint(update, at)
            _, at = read_uint(update, at)
            for _ in range(count):
                at = _struct(update, at, said)
    except IndexError as error:
        raise BadFrame("update is cut short") from error
    deleted = sum(n for ranges in updates.scan(update).deletes.values() for _, n in ranges)
    return ", ".join(_parts(said, deleted)) or "nothing"


def _parts(said: _Said, deleted: int) -> list[str]:
    parts = []
    names = list(dict.fromkeys(said.names))
    if cells := said.names.count("cell_type"):  # each cell of a notebook has one
        parts.append(f"adds {_number(cells, 'cell')}")
        names = [name for name in names if "." in name]
        said.types, said.values = [], 0
    if said.texts:
        parts.append(f"inserts {_quoted(said.texts)}")
    if names:
        more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
        parts.append("sets " + " ".join(names[:NAMES_MAX]) + more)
    parts += [
        f"makes {_number(said.types.count(kind), kind)}" for kind in dict.fromkeys(said.types)
    ]
    if said.values:
        parts.append(f"puts {_number(said.values, 'value')}")
    if deleted:
        parts.append(f"deletes {deleted}")
    return parts


def _quoted(texts: list[str]) -> str:
    whole = "".join(texts)
    if len(whole) <= TEXT_CHARS_MAX:
        return json.dumps(whole, ensure_ascii=False)
    head = json.dumps(whole[:TEXT_CHARS_MAX], ensure_ascii=False)
    return f"{head}… ({len(whole)} characters)"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def _struct(update: bytes, at: int, said: _Said) -> int:
    """Note what the struct at `at` says; returns where it ends. Source: yjs ``Item.write``."""
    info = update[at]
    ref = info & 0x1F
    _, end = updates.struct_end(update, at)
    if ref in (0, 10):  # collected, skipped
        return end
    at += 1
    for bit in (0x80, 0x40):  # left and right origin
        if info & bit:
            _, at = read_uint(update, at)
            _, at = read_uint(update, at)
    is_named = False
    if not info & 0xC0:
        is_root, at = read_uint(update, at)
        parent = ""
        if is_root == 1:
            parent, at = read_text(update, at)
        else:
            _, at = read_uint(update, at)
            _, at = read_uint(update, at)
        if info & 0x20:
            name, at = read_text(update, at)
            said.names.append(f"{parent}.{name}" if parent else name)
            is_named = True
    _note(update, at, ref, said, is_named=is_named)
    return end


def _note(update: bytes, at: int, ref: int, said: _Said, *, is_named: bool) -> None:
    if ref == _STRING:
        said.texts.append(read_bytes(update, at)[0].decode("utf-8", "replace"))
    elif ref == _TYPE:
        kind, _ = read_uint(update, at)
        if not is_named:
            said.types.append(_TYPES[kind] if kind < len(_TYPES) else "type")
    elif ref != 1 and not is_named:  # not what is deleted already
        said.values += read_uint(update, at)[0] if ref in (2, 8) else 1
