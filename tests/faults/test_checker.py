"""The checker finds each thing that it is for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.faults.checker import Cells, Typed, problems

FIRST = [("a", "x = 1"), ("b", "y = 2")]
ANN = Typed("ann", ["<ann.0>", "<ann.1>", "<ann.2>"], acked=2)
GOOD: Cells = [("a", "x = 1<ann.0><ann.2>"), ("b", "y = 2<ann.1>")]


def wrong(*copies: Cells, typed: Sequence[Typed] = (ANN,)) -> str:
    seen = {f"copy {number}": copy for number, copy in enumerate(copies)}
    return "; ".join(problems(typed, seen, FIRST))


def test_copies_that_are_as_they_must_be_are_fine() -> None:
    assert wrong(GOOD, list(GOOD)) == ""


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ([("a", "x = 1<ann.0>"), ("b", "y = 2<ann.1>")], "1 words of ann are missing, 0 of them"),
        ([("a", "x = 1<ann.2>"), ("b", "y = 2")], "2 words of ann are missing, 2 of them"),
        ([("a", "x = 1<ann.0><ann.0><ann.2>"), GOOD[1]], "<ann.0> is there 2 times"),
        ([*GOOD, GOOD[0]], "cell a is there 2 times"),
        ([*GOOD, ("c", "<bob.7>")], "nobody typed <bob.7>"),
        ([("a", "x = 1<ann.0><ann.2><ann.1>")], "cell b is gone"),
        ([("a", "x = <ann.0><ann.2>"), GOOD[1]], "cell a is 'x = ', not 'x = 1'"),
        ([GOOD[1], GOOD[0]], "copy 1 differs from copy 0"),
    ],
)
def test_what_is_wrong_is_said(copy: Cells, said: str) -> None:
    assert said in wrong(GOOD, copy)


def test_who_vanished_may_take_along_what_was_not_acknowledged() -> None:
    gone = Typed("ann", ANN.words, acked=2, is_gone=True)
    without_last: Cells = [("a", "x = 1<ann.0>"), ("b", "y = 2<ann.1>")]
    assert wrong(without_last, typed=[gone]) == ""
    assert "2 words of ann are missing, 2 of" in wrong(FIRST, typed=[gone])
