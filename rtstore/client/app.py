"""App: a document that belongs to no file, with whatever an application keeps in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pycrdt import Array, Map, Text, XmlFragment

from rtstore.client.document import Document
from rtstore.client.room import Room
from rtstore.client.shared import SharedArray, SharedMap, SharedText, SharedType, value_of

KIND = FORMAT = "app"
NAMES = re.compile(r"[A-Za-z0-9_.-]{1,100}")
SERVERS = "state"
"""The root map that the server writes."""
_TYPES: dict[str, type[SharedType]] = {
    "object": Map,
    "array": Array,
    "string": Text,
}


class App(Document):
    """An application's document as everybody who has it open sees it."""

    def __init__(self, room: Room, name: str, schema: Mapping[str, Any] | None = None) -> None:
        super().__init__(room, f"{KIND}:{name}")
        self.name = name
        self._roots: dict[str, SharedType] = {}
        for root, told in dict((schema or {}).get("properties") or {}).items():
            kind = XmlFragment if told.get("x-yjs") == "xml" else _TYPES.get(told.get("type"))
            if kind is not None and root != SERVERS:
                self._root(root, kind)

    def map(self, name: str) -> SharedMap:
        """The map that is called so; empty until somebody puts something in."""
        return SharedMap(self, self._root(name, Map))

    def array(self, name: str) -> SharedArray:
        """The array that is called so."""
        return SharedArray(self, self._root(name, Array))

    def text(self, name: str) -> SharedText:
        """The text that is called so."""
        return SharedText(self, self._root(name, Text))

    def xml(self, name: str) -> XmlFragment:
        """The XML that is called so: pycrdt's own type, whose ``str`` is its XML."""
        found: XmlFragment = self._root(name, XmlFragment)
        return found

    def _root(self, name: str, kind: type[SharedType]) -> Any:  # noqa: ANN401 -- one of `kind`
        if name == SERVERS:
            raise ValueError(f"{SERVERS!r} is the server's")
        if name not in self._roots:
            self._roots[name] = self._doc.get(name, type=kind)
        if not isinstance(self._roots[name], kind):
            raise TypeError(f"{name!r} is a {type(self._roots[name]).__name__} here")
        return self._roots[name]

    @property
    def value(self) -> dict[str, Any]:
        """All that the schema names, or that was asked for by `map` and its like: a copy."""
        return {name: value_of(live) for name, live in self._roots.items()}

    def to_dict(self) -> dict[str, Any]:
        """As `value`."""
        return self.value

    @property
    def invalid(self) -> list[str]:
        """In what it is not as its schema says, as the server finds: empty while it is."""
        return [str(one) for one in self._state("invalid") or ()]

    async def save(self) -> None:
        """As `flush`: there is no file."""
        await self.flush()
