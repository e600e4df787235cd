"""Failures: since when a document could not be saved, when to try again, and when to say so."""

from __future__ import annotations

RETRY_S, RETRY_MAX_S = 2.0, 60.0
"""After the first failure, and at most; doubled in between."""
UNSAVED_S = 30.0
"""A person is told of a document that could not be saved for this long. Sooner it is most often
over before they have read it.
"""


class Failures:
    """Of one document, since its last save. All times are the loop's, in seconds."""

    def __init__(self) -> None:
        self.again_at: float | None = None
        """When to try again; None: when somebody edits."""
        self._since: float | None = None
        self._delay_s = RETRY_S
        self.is_told = False
        """Whether the person knows."""

    def clear(self) -> None:
        """It was saved."""
        self.again_at = self._since = None
        self.is_told = False

    def note(self, now: float, *, is_told: bool = False) -> bool:
        """It failed (again); whether to tell the person. `is_told`: they know the reason."""
        self._delay_s = RETRY_S if self._since is None else min(2 * self._delay_s, RETRY_MAX_S)
        self._since = now if self._since is None else self._since
        self.is_told |= is_told
        self.again_at = now + self._delay_s
        tell_at = self._since + UNSAVED_S
        if now < tell_at and not self.is_told:
            self.again_at = min(self.again_at, tell_at)
        return now >= tell_at and not self.is_told
