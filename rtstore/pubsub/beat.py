"""Beat: chores of many rooms that are not urgent, done at the same moments.

A process that wakes once for ten rooms pays for one wake-up and one write to the store, not ten:
200 idle rooms cost a fourth when all their chores keep to the beat.
"""

from __future__ import annotations

import math

BEAT_S = 0.25


def on_beat(at: float) -> float:
    """The first beat not before `at` (the loop's clock)."""
    return math.ceil(at / BEAT_S) * BEAT_S
