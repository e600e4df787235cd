"""App documents, without await: see the classes of the same names in `rtstore.client`."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, MutableSequence
from typing import Any, overload

from rtstore import client
from rtstore.client.blocking.document import Document
from rtstore.client.blocking.facade import Facade
from rtstore.client.blocking.loop import Loop


class SharedText(Facade[client.SharedText]):
    """A text that people type in together. Places count characters."""

    @property
    def value(self) -> str:
        """The whole text. Setting it makes the fewest edits that lead there."""
        return self.on_loop(lambda it: it.value)

    @value.setter
    def value(self, wanted: str) -> None:
        def change(it: client.SharedText) -> None:
            it.value = wanted

        self.on_loop(change)

    def __str__(self) -> str:
        return self.value

    def __len__(self) -> int:
        return self.on_loop(len)

    def insert(self, at: int, added: str) -> None:
        """Insert `added` before character `at`."""
        self.on_loop(lambda it: it.insert(at, added))

    def append(self, added: str) -> None:
        """Insert `added` at the end."""
        self.on_loop(lambda it: it.append(added))

    def delete(self, start: int, end: int) -> None:
        """Delete the characters from `start` to before `end`."""
        self.on_loop(lambda it: it.delete(start, end))


class SharedMap(Facade[client.SharedMap], MutableMapping[str, Any]):
    """Keys and values; of two who set one key at once, one wins."""

    @property
    def value(self) -> dict[str, Any]:
        """All of it: a copy."""
        return self.on_loop(lambda it: it.value)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 -- JSON, or a shared type
        return _outer(self._loop, self.on_loop(lambda it: it[key]))

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        self.on_loop(lambda it: it.__setitem__(key, value))

    def __delitem__(self, key: str) -> None:
        self.on_loop(lambda it: it.__delitem__(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self.on_loop(list))

    def __len__(self) -> int:
        return self.on_loop(len)

    def map(self, key: str) -> SharedMap:
        """The shared map at `key`, made if there is none."""
        return SharedMap(self._loop, self.on_loop(lambda it: it.map(key)))

    def array(self, key: str) -> SharedArray:
        """The shared array at `key`, made if there is none."""
        return SharedArray(self._loop, self.on_loop(lambda it: it.array(key)))

    def text(self, key: str) -> SharedText:
        """The shared text at `key`, made if there is none."""
        return SharedText(self._loop, self.on_loop(lambda it: it.text(key)))


class SharedArray(Facade[client.SharedArray], MutableSequence[Any]):
    """A list; what people insert at once is all kept."""

    @property
    def value(self) -> list[Any]:
        """All of it: a copy."""
        return self.on_loop(lambda it: it.value)

    @overload
    def __getitem__(self, at: int) -> Any: ...  # noqa: ANN401 -- JSON, or a shared type
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        found = self.on_loop(lambda it: it[at])
        if isinstance(at, slice):
            return [_outer(self._loop, one) for one in found]
        return _outer(self._loop, found)

    @overload
    def __setitem__(self, at: int, value: Any) -> None: ...  # noqa: ANN401
    @overload
    def __setitem__(self, at: slice, value: Any) -> None: ...  # noqa: ANN401
    def __setitem__(self, at: int | slice, value: Any) -> None:
        self.on_loop(lambda it: it.__setitem__(at, value))

    def __delitem__(self, at: int | slice) -> None:
        self.on_loop(lambda it: it.__delitem__(at))

    def __len__(self) -> int:
        return self.on_loop(len)

    def insert(self, index: int, value: Any) -> None:  # noqa: ANN401
        """Insert before the place `index`, as a list does."""
        self.on_loop(lambda it: it.insert(index, value))


def _outer(loop: Loop, value: Any) -> Any:  # noqa: ANN401 -- JSON, or a shared type
    match value:
        case client.SharedMap():
            return SharedMap(loop, value)
        case client.SharedArray():
            return SharedArray(loop, value)
        case client.SharedText():
            return SharedText(loop, value)
    return value


class App(Document[client.App]):
    """An application's document."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self._inner.name

    def map(self, name: str) -> SharedMap:
        """The map that is called so."""
        return SharedMap(self._loop, self.on_loop(lambda it: it.map(name)))

    def array(self, name: str) -> SharedArray:
        """The array that is called so."""
        return SharedArray(self._loop, self.on_loop(lambda it: it.array(name)))

    def text(self, name: str) -> SharedText:
        """The text that is called so."""
        return SharedText(self._loop, self.on_loop(lambda it: it.text(name)))

    @property
    def value(self) -> dict[str, Any]:
        """All that the schema names, or that was asked for: a copy."""
        return self.on_loop(lambda it: it.value)

    def to_dict(self) -> dict[str, Any]:
        """As `value`."""
        return self.value

    @property
    def invalid(self) -> list[str]:
        """In what it is not as its schema says."""
        return self.on_loop(lambda it: it.invalid)
