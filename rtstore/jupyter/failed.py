"""Failed: an action that could not be done."""

from __future__ import annotations


class Failed(Exception):
    """A status as REST has it, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
