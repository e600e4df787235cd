from __future__ import annotations

from typing import Any

import pytest

from rtstore.errors import BadDocument
from rtstore.schema.contained import is_contained


def cell(source: str, cell_id: str, **more: Any) -> dict[str, Any]:
    told = {"cell_type": "code", "id": cell_id, "metadata": {}, "source": source}
    return told | {"execution_count": None, "outputs": []} | more


def book(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(
    ("one", "other", "is_it"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nx\nb", True),
        ("", "a", True),
        ("a\nb2\n", "a\nb\n", False),
        ("b\na\n", "a\nb\n", False),
        ("a\na\n", "a\n", False),
    ],
)
def test_a_text_is_contained_when_all_its_lines_are(one: str, other: str, is_it: bool) -> None:
    assert is_contained("file", one, other) is is_it


A, B = cell("x = 1\ny = 2", "a"), cell("z", "b")
STREAM = [{"output_type": "stream", "name": "stdout", "text": "1\n"}]


@pytest.mark.parametrize(
    "other",
    [
        book(A, B),
        book(B, A),
        book(cell("x = 1\nnew\ny = 2", "a"), B, cell("more", "c")),
        book(cell("x = 1\ny = 2", "renewed"), B),
        book(A | {"outputs": STREAM, "execution_count": 1}, B),
        book(A | {"metadata": {"trusted": True, "tags": ["t"]}}, B),
    ],
)
def test_a_notebook_is_contained_in_one_that_went_on_from_it(other: dict[str, Any]) -> None:
    assert is_contained("notebook", book(A, B), other)
    assert is_contained("notebook", book(A, B, cell(" \n", "blank")), other)


@pytest.mark.parametrize(
    "one",
    [
        book(cell("x = 1\ny = 22", "a"), B),
        book(A, B, cell("more", "c")),
        book(A | {"outputs": STREAM}, B),
        book(A | {"metadata": {"tags": ["t"]}}, B),
        book(A, {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "z"}),
    ],
)
def test_what_a_notebook_says_of_its_own_is_seen(one: dict[str, Any]) -> None:
    assert not is_contained("notebook", one, book(A, B))


def test_of_other_kinds_only_the_same_is_contained() -> None:
    assert is_contained("blob", b"ab", b"ab")
    assert not is_contained("blob", b"a", b"ab")
    assert not is_contained("drawing", {"a": 1}, {"a": 1, "b": 2})


def test_a_notebook_that_is_none_is_not_judged() -> None:
    with pytest.raises(BadDocument):
        is_contained("notebook", book({"cell_type": "nonsense"}), book(A))
