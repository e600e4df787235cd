"""Batches: which of the requests to run cells belong together, and in which order they go.

"Run All" of the stock front end sends a request for each cell, a few at a time as a page has six
connections, each when an earlier one is answered: all of them are one batch, in the order of the
cells, and an error in one is to stop those that come later too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Asked = dict[str, Any]
"""A run that is asked for, as `RunBook.asked` has it."""
TOGETHER_MS = 100
"""Requests of one user with no longer pause between them were sent at once. Over several
connections and workers some take longer than others; nobody presses Run on two cells so fast."""
GOES_ON_S = 0.5
"""When several that came at once are answered, the next of the same "Run All" come this soon."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs that one user asked for together."""

    id: str
    posts: list[list[Asked]]
    """By request, in the order of their cells; runs of one request are queued all or none."""


@dataclass(slots=True)
class _Last:
    """A user's newest batch."""

    id: str
    size: int
    place: int
    """Of its last cell."""
    asked_ms: int
    """When the last one of it was asked for."""
    answered_s: float


@dataclass(slots=True)
class Batches:
    """Of one document. Times are the caller's clock, in seconds."""

    _last: dict[str, _Last] = field(default_factory=dict)

    def answered(self, now_s: float) -> None:
        """What `of` gave last is queued, and whoever asked knows."""
        for last in self._last.values():
            last.answered_s = min(last.answered_s, now_s)

    def of(
        self, asked: Sequence[Asked], places: Mapping[str, int], *, came_s: float
    ) -> list[Batch]:
        """Sort what is asked for, of which the first came at `came_s`.

        `places`: where each cell is in the notebook.
        """
        found: list[tuple[int, Batch]] = []
        by_user: dict[str, list[Asked]] = {}
        for told in sorted(asked, key=_when):
            by_user.setdefault(str(told.get("user", "")), []).append(told)
        for user, theirs in by_user.items():
            for together in _together(theirs):
                name = self._name(user, together, places, came_s)
                batch = Batch(name, _posts(together, places))
                found.append((_when(together[0]), batch))
        return [batch for _, batch in sorted(found, key=lambda pair: pair[0])]

    def _name(
        self, user: str, together: Sequence[Asked], places: Mapping[str, int], came_s: float
    ) -> str:
        name, last = str(together[0]["id"]), self._last.get(user)
        size = len({_post(told) for told in together})
        at = sorted(_place(told, places) for told in together)
        # Who runs a cell above again, or one of these, begins anew: what failed may be mended.
        if last is not None and at[0] > last.place:
            is_late = _when(together[0]) - last.asked_ms <= TOGETHER_MS
            # The last ones of it may come one by one.
            goes_on = last.size > 1 and came_s - last.answered_s <= GOES_ON_S
            if is_late or goes_on:
                name, size = last.id, last.size + size
        self._last[user] = _Last(name, size, at[-1], _when(together[-1]), math.inf)
        return name


def are_missing(asked: Mapping[str, Asked]) -> bool:
    """Whether more requests were at the Jupyter server at once than are here."""
    posts: dict[str, set[str]] = {}
    sizes: dict[str, int] = {}
    for told in asked.values():
        if lot := str(told.get("lot") or ""):
            posts.setdefault(lot, set()).add(_post(told))
            sizes[lot] = int(told.get("of") or 1)
    return any(len(posts[lot]) < size for lot, size in sizes.items())


def _together(theirs: Iterable[Asked]) -> list[list[Asked]]:
    found: list[list[Asked]] = []
    for told in theirs:
        if found and _are_together(found[-1][-1], told):
            found[-1].append(told)
        else:
            found.append([told])
    return found


def _are_together(earlier: Asked, later: Asked) -> bool:
    is_one_lot = later.get("lot") is not None and later.get("lot") == earlier.get("lot")
    return is_one_lot or _when(later) - _when(earlier) <= TOGETHER_MS


def _posts(together: Iterable[Asked], places: Mapping[str, int]) -> list[list[Asked]]:
    def place(told: Asked) -> tuple[int, int]:
        return _place(told, places), _when(told)

    by_post: dict[str, list[Asked]] = {}
    for told in sorted(together, key=place):
        by_post.setdefault(_post(told), []).append(told)
    return list(by_post.values())


def _post(told: Asked) -> str:
    return str(told.get("post") or told["id"])


def _place(told: Asked, places: Mapping[str, int]) -> int:
    return places.get(str(told.get("cell", "")), 0)


def _when(told: Asked) -> int:
    return int(told.get("requested") or 0)
