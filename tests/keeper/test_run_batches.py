"""Which requests to run cells belong together, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from rtstore.keeper.run_batches import GOES_ON_S, TOGETHER_MS, Batches, are_missing

PLACES = {f"c{number}": number for number in range(20)}


def asked(cell: int, at_ms: int, user: str = "u", post: str = "") -> dict[str, Any]:
    told = {"id": f"{user}-{cell}-{at_ms}", "user": user, "cell": f"c{cell}", "requested": at_ms}
    return told | ({"post": post} if post else {})


def cells(batches: Batches, *told: dict[str, Any], came_s: float = 0.0) -> list[list[str]]:
    found = batches.of(told, PLACES, came_s=came_s)
    return [[one["cell"] for post in batch.posts for one in post] for batch in found]


def names(batches: Batches, *told: dict[str, Any], came_s: float) -> list[str]:
    found = [batch.id for batch in batches.of(told, PLACES, came_s=came_s)]
    batches.answered(came_s)
    return found


def test_what_was_asked_at_once_goes_in_the_order_of_the_cells() -> None:
    assert cells(Batches(), asked(3, 20), asked(1, 90), asked(2, 0)) == [["c1", "c2", "c3"]]


def test_what_was_asked_later_goes_later_wherever_its_cell_is() -> None:
    later = TOGETHER_MS + 1
    told = asked(5, 0), asked(7, later, "v"), asked(1, 2 * later)
    assert cells(Batches(), *told) == [["c5"], ["c7"], ["c1"]]


def test_cells_of_one_request_stay_together() -> None:
    told = asked(1, 0, post="a"), asked(3, 0, post="a"), asked(2, 1, post="b")
    assert cells(Batches(), *told) == [["c1", "c3", "c2"]]


def test_what_follows_several_at_once_belongs_to_them() -> None:
    batches = Batches()
    first = names(batches, asked(0, 0), asked(1, 1), came_s=0.0)
    assert names(batches, asked(2, 300), came_s=0.3) == first
    assert names(batches, asked(3, 700), came_s=0.7) == first  # the last ones come one by one
    assert names(batches, asked(4, 2000), came_s=0.8 + GOES_ON_S) != first


def test_who_runs_one_cell_after_another_runs_each_by_itself() -> None:
    batches = Batches()
    first = names(batches, asked(0, 0), came_s=0.0)
    assert names(batches, asked(1, 200), came_s=0.2) != first


def test_what_was_asked_at_once_and_comes_late_belongs_to_it() -> None:
    batches = Batches()
    first = names(batches, asked(0, 0), came_s=0.0)
    assert names(batches, asked(1, TOGETHER_MS), came_s=0.4) == first
    assert names(batches, asked(2, TOGETHER_MS + 300), came_s=0.7) == first


@pytest.mark.parametrize("again", [0, 1, 2])
def test_who_runs_a_cell_again_or_one_above_begins_anew(again: int) -> None:
    batches = Batches()
    first = names(batches, asked(1, 0), asked(2, 1), came_s=0.0)
    assert names(batches, asked(again, 50), came_s=0.05) != first


def test_what_was_at_the_server_at_once_is_together_however_long_it_took() -> None:
    lot = {"lot": "t", "of": 2}
    told = asked(3, 0) | lot, asked(1, 3 * TOGETHER_MS) | lot
    assert cells(Batches(), *told) == [["c1", "c3"]]


def test_it_is_known_whether_one_of_them_is_missing() -> None:
    lot = {"lot": "t", "of": 2}
    one, two = asked(1, 0, post="a") | lot, asked(2, 0, post="b") | lot
    same_post = asked(3, 0, post="a") | lot
    assert not are_missing({})
    assert not are_missing({"z": asked(0, 0)})
    assert are_missing({"1": one})
    assert are_missing({"1": one, "3": same_post})
    assert not are_missing({"1": one, "2": two})


def test_others_do_not_belong() -> None:
    batches = Batches()
    first = names(batches, asked(0, 0), asked(1, 1), came_s=0.0)
    assert names(batches, asked(2, 300, "v"), came_s=0.3) != first
