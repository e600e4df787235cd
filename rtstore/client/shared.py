"""The shared types of an application's document, as Python's own containers behave.

Plain values (JSON) that are put into them are replaced as a whole by whoever changes them. What is
to be edited together is nested as a shared type: ``tasks.map("one")["title"] = "x"``, or any
pycrdt type as the value.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, MutableSequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, overload

from pycrdt import Array, Map, Text, XmlElement, XmlFragment, XmlText

from rtstore.client import shared_text
from rtstore.schema.canonical import plain, shared

SharedType = Map[Any] | Array[Any] | Text | XmlFragment | XmlElement | XmlText
YTYPES = (Map, Array, Text, XmlFragment, XmlElement, XmlText)


class Owner(Protocol):
    """The document that a shared type is in."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make several edits one."""


class SharedText:
    """A text that people type in together. Places count characters."""

    def __init__(self, owner: Owner, live: Text) -> None:
        self._owner = owner
        self.ytype = live
        """The pycrdt type, which counts bytes."""

    def __repr__(self) -> str:
        return f"SharedText({self.value!r})"

    def __str__(self) -> str:
        return self.value

    def __len__(self) -> int:
        return len(self.value)

    @property
    def value(self) -> str:
        """The whole text. Setting it makes the fewest edits that lead there."""
        return str(self.ytype)

    @value.setter
    def value(self, wanted: str) -> None:
        with self._owner.transaction():
            shared_text.change_to(self.ytype, wanted)

    def insert(self, at: int, added: str) -> None:
        """Insert `added` before character `at`. Raises IndexError if there is no such place."""
        with self._owner.transaction():
            shared_text.insert(self.ytype, at, added)

    def append(self, added: str) -> None:
        """Insert `added` at the end."""
        self.insert(len(self), added)

    def delete(self, start: int, end: int) -> None:
        """Delete the characters from `start` to before `end`. Raises IndexError."""
        with self._owner.transaction():
            shared_text.delete(self.ytype, start, end)


class SharedMap(MutableMapping[str, Any]):
    """Keys and values; of two who set one key at once, one wins."""

    def __init__(self, owner: Owner, live: Map[Any]) -> None:
        self._owner = owner
        self.ytype = live
        """The pycrdt type."""

    def __repr__(self) -> str:
        return f"SharedMap({self.value!r})"

    @property
    def value(self) -> dict[str, Any]:
        """All of it: a copy."""
        return dict(plain(_bare(self.ytype)))

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 -- JSON, or a shared type
        return wrap(self._owner, self.ytype[key])

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        with self._owner.transaction():
            self.ytype[key] = _unwrap(value)

    def __delitem__(self, key: str) -> None:
        with self._owner.transaction():
            del self.ytype[key]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.ytype.keys()))

    def __len__(self) -> int:
        return len(self.ytype)

    def map(self, key: str) -> SharedMap:
        """The shared map at `key`, made if there is none."""
        return SharedMap(self._owner, self._nested(key, Map))

    def array(self, key: str) -> SharedArray:
        """The shared array at `key`, made if there is none."""
        return SharedArray(self._owner, self._nested(key, Array))

    def text(self, key: str) -> SharedText:
        """The shared text at `key`, made if there is none."""
        return SharedText(self._owner, self._nested(key, Text))

    def _nested(self, key: str, kind: type[SharedType]) -> Any:  # noqa: ANN401 -- a pycrdt type
        if not isinstance(self.ytype.get(key), kind):
            self[key] = kind()
        return self.ytype[key]


class SharedArray(MutableSequence[Any]):
    """A list; what people insert at once is all kept."""

    def __init__(self, owner: Owner, live: Array[Any]) -> None:
        self._owner = owner
        self.ytype = live
        """The pycrdt type."""

    def __repr__(self) -> str:
        return f"SharedArray({self.value!r})"

    @property
    def value(self) -> list[Any]:
        """All of it: a copy."""
        return list(plain(_bare(self.ytype)))

    @overload
    def __getitem__(self, at: int) -> Any: ...  # noqa: ANN401 -- JSON, or a shared type
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return wrap(self._owner, self.ytype[self._place(at)])

    @overload
    def __setitem__(self, at: int, value: Any) -> None: ...  # noqa: ANN401
    @overload
    def __setitem__(self, at: slice, value: Any) -> None: ...  # noqa: ANN401
    def __setitem__(self, at: int | slice, value: Any) -> None:
        if isinstance(at, slice):
            raise TypeError("set one place at a time")
        with self._owner.transaction():
            self.ytype[self._place(at)] = _unwrap(value)

    def __delitem__(self, at: int | slice) -> None:
        places = range(*at.indices(len(self))) if isinstance(at, slice) else [self._place(at)]
        with self._owner.transaction():
            for place in sorted(places, reverse=True):
                del self.ytype[place]

    def __len__(self) -> int:
        return len(self.ytype)

    def insert(self, index: int, value: Any) -> None:  # noqa: ANN401 -- JSON, or a shared type
        """Insert before the place `index`, as a list does."""
        at = min(max(index + len(self) if index < 0 else index, 0), len(self))
        with self._owner.transaction():
            self.ytype.insert(at, _unwrap(value))

    def _place(self, at: int) -> int:
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(f"place {at}: there are {len(self)}")
        return place


def wrap(owner: Owner, value: Any) -> Any:  # noqa: ANN401 -- what a shared type holds
    """A value that a shared type holds, for who uses it."""
    match value:
        case Map():
            return SharedMap(owner, value)
        case Array():
            return SharedArray(owner, value)
        case Text():
            return SharedText(owner, value)
        case Text() | XmlFragment() | XmlElement() | XmlText():
            return value
    return plain(value)


def _unwrap(value: Any) -> Any:  # noqa: ANN401 -- what is to be put into a shared type
    if isinstance(value, SharedMap | SharedArray | SharedText):
        raise TypeError("a shared type stays where it is; put its .value, or make another")
    return value if isinstance(value, YTYPES) else shared(value)


def _bare(live: Any) -> Any:  # noqa: ANN401 -- what a shared type holds
    """It as plain values, with XML and text as strings."""
    match live:
        case Map():
            return {key: _bare(held) for key, held in live.items()}
        case Array():
            return [_bare(held) for held in live]
        case Text() | XmlFragment() | XmlElement() | XmlText():
            return str(live)
    return live


def value_of(live: SharedType) -> Any:  # noqa: ANN401 -- any JSON
    """A shared type as plain values: a copy."""
    return plain(_bare(live))
