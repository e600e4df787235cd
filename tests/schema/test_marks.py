"""What is said of a cell's newest run."""

from __future__ import annotations

from typing import Any

from rtstore.schema.marks import marks
from rtstore.schema.run import source_sha


def marks_of(now: str, **run: Any) -> dict[str, list[str]]:
    told = {"state": "ok", "kernel": "k", "at": "1-4096", "sha": source_sha("1"), **run}
    return marks([{"id": "a", "source": "1"}], {"a": told}, {"k": now})


def test_a_run_is_of_an_earlier_start_if_the_kernel_has_another_by_now() -> None:
    assert marks_of("2", generation="1") == {"a": ["earlier"]}
    assert marks_of("10", generation="10") == {}


def test_nothing_is_said_where_the_start_is_not_known() -> None:
    assert marks_of("2") == {}
    assert marks_of("", generation="1") == {}


def test_what_was_asked_for_before_the_start_in_which_it_ran_is_of_that_start() -> None:
    assert marks_of("2", generation="2", at="0-1") == {}
