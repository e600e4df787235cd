"""Documents, without await: see the classes of the same names in `rtstore.client`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from rtstore import client
from rtstore.client.blocking.facade import Facade, Opened
from rtstore.client.blocking.loop import Held, Loop

D = TypeVar("D", bound=client.Document)


class Presence(Facade[client.Presence]):
    """Who else is here, and what we say of ourselves."""

    @property
    def people(self) -> list[client.Person]:
        """Everybody else who is here."""
        return self.on_loop(lambda it: it.people)

    @property
    def mine(self) -> dict[str, Any]:
        """What we say of ourselves."""
        return self.on_loop(lambda it: it.mine)

    def set(self, **fields: Any) -> None:  # noqa: ANN401 -- any JSON
        """Say something of ourselves; None takes a field back."""
        self.on_loop(lambda it: it.set(**fields))

    def changes(self, timeout: float | None = None) -> Iterator[client.Change]:
        """Who is here now (as ``came``), then each change. TimeoutError: none for so long."""
        return self._loop.each(self._inner.changes, timeout)


class EveryonesPresence(Presence, Opened[client.Presence]):
    """That of a whole server, until it is closed."""


class Document(Opened[D]):
    """What all kinds of document can do. Any thread may use it."""

    def __init__(self, loop: Loop, held: Held[D]) -> None:
        super().__init__(loop, held)
        self.presence = Presence(loop, self._inner.presence)

    @property
    def path(self) -> str:
        """Where the file is now; follows renames."""
        return self.on_loop(lambda it: it.path)

    @property
    def is_dirty(self) -> bool:
        """Whether the document has something that the file has not."""
        return self.on_loop(lambda it: it.is_dirty)

    @property
    def is_connected(self) -> bool:
        """Whether edits reach the others now. If not, they do later."""
        return self.on_loop(lambda it: it.is_connected)

    def transaction(self) -> AbstractContextManager[None]:
        """Make several edits one for the others. Wait for nothing inside: all waits for it."""
        return self._loop.holding(self._inner.transaction)

    def changes(self, timeout: float | None = None) -> Iterator[None]:
        """Once for each change, or for several. Raises TimeoutError if none comes for so long."""
        return self._loop.each(self._inner.changes, timeout)

    def until(self, met: Callable[[], bool], timeout: float | None = None) -> None:
        """Return once `met()` is true; it is asked after each change. Raises TimeoutError."""
        self._loop.until(self._inner, met, timeout)

    def save(self) -> None:
        """Return when the file has all that was edited here."""
        self._loop.wait(self._inner.save())

    def flush(self) -> None:
        """Return when the server has all that was edited here."""
        self._loop.wait(self._inner.flush())


class Text(Document[client.Text]):
    """A shared text file. Places count characters."""

    @property
    def value(self) -> str:
        """The whole text. Setting it makes the fewest edits that lead there."""
        return self.on_loop(lambda it: it.value)

    @value.setter
    def value(self, wanted: str) -> None:
        def change(it: client.Text) -> None:
            it.value = wanted

        self.on_loop(change)

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
