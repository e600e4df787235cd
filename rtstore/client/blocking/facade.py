"""Facade: what all blocking objects have: the one they stand for, and the loop it lives on."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from rtstore.client.blocking.loop import Held, Loop

T = TypeVar("T")
R = TypeVar("R")


class Facade(Generic[T]):
    """Any thread may use it."""

    def __init__(self, loop: Loop, inner: T) -> None:
        self._loop, self._inner = loop, inner

    def on_loop(self, function: Callable[[T], R]) -> R:
        """Call `function` with the object of `rtstore.client`, on its loop, for what it alone can.

        It must not block.
        """
        return self._loop.call(lambda: function(self._inner))

    def __repr__(self) -> str:
        return self.on_loop(repr)


class Opened(Facade[T]):
    """Something that is open until it is closed, or its ``with`` ends."""

    def __init__(self, loop: Loop, held: Held[T]) -> None:
        super().__init__(loop, held.value)
        self._held: Held[Any] = held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held.release(is_abandoned=error is not None)

    def close(self) -> None:
        """Leave it, when the server has what was edited here. Raises as the async one's end."""
        self._held.release()
