"""Weakly: a method as a callback that does not keep its object alive.

For observers of pycrdt: what its documents hold Python's collector does not see, so an object that
observes its own document with a method of its own would never be freed, nor the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVarTuple
from weakref import WeakMethod

Told = TypeVarTuple("Told")


def weakly(method: Callable[[*Told], None]) -> Callable[[*Told], None]:
    """Calls `method` (a bound one) for as long as its object is there; then nothing."""
    reference = WeakMethod(method)

    def told(*arguments: *Told) -> None:
        found = reference()
        if found is not None:
            found(*arguments)

    return told
