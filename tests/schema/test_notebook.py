from __future__ import annotations

import copy
import warnings
from contextlib import suppress
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook

from rtstore.errors import BadDocument
from rtstore.schema.notebook import digest, has_lost_its_cells, read, write
from tests.schema.notebooks import (
    Notebook,
    book,
    code,
    display,
    ids,
    live,
    markdown,
    notebooks,
    stream,
)


def old_book(*cells: dict[str, Any], minor: int = 4) -> Notebook:
    return {**book(*cells), "nbformat_minor": minor}


def without_id(cell: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key != "id"}


def test_two_workers_that_import_an_old_file_give_its_cells_the_same_ids() -> None:
    file = old_book(*(without_id(code("", source)) for source in ("x", "x", "y")))

    one, two = read(copy.deepcopy(file)), read(file)

    assert ids(one) == ids(two)
    assert len(set(ids(one))) == 3
    assert one["nbformat_minor"] == 5
    nbformat.validate(one)


def test_a_duplicate_or_malformed_id_is_replaced_and_the_first_of_its_name_stays() -> None:
    one = read(book(code("a", "1"), code("a", "2"), code("a", "3"), code("no good", "4")))

    assert ids(one)[0] == "a"
    assert len(set(ids(one))) == 4
    nbformat.validate(one)


def test_a_replaced_duplicate_keeps_its_new_id_while_other_cells_come_and_go() -> None:
    before = read(book(code("a", "1"), code("a", "2")))
    after = read(book(markdown("new"), code("a", "1"), code("a", "2 and more")))

    assert ids(after)[1:] == ids(before)


def test_texts_in_lines_are_joined_but_json_and_tracebacks_are_left() -> None:
    vega = {"application/vnd.vega+json": ["a", "b"], "text/html": ["<p>\n", "</p>"]}
    failed = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["1", "2"]}
    shown = {"output_type": "display_data", "data": vega, "metadata": {}}
    text = {**stream(""), "text": ["a\n", "b"]}
    pictures = {"p.txt": {"text/plain": ["x", "y"]}}

    cells = read(
        book(
            {**code("a", outputs=[text, shown, failed]), "source": ["x\n", "y"]},
            markdown("m", attachments=pictures),
        )
    )["cells"]

    assert cells[0]["source"] == "x\ny"
    assert cells[0]["outputs"][0]["text"] == "a\nb"
    assert cells[0]["outputs"][1]["data"] == {**vega, "text/html": "<p>\n</p>"}
    assert cells[0]["outputs"][2] == failed
    assert cells[1]["attachments"] == {"p.txt": {"text/plain": "xy"}}


def test_neighbouring_streams_of_one_name_become_one_as_browsers_would_have_it() -> None:
    parts = [stream("a"), stream("b"), stream("c", "stderr"), stream("d")]

    outputs = read(book(code("a", outputs=parts)))["cells"][0]["outputs"]

    assert outputs == [stream("ab"), stream("c", "stderr"), stream("d")]


def test_an_empty_notebook_gets_the_same_first_cell_everywhere() -> None:
    assert read(book()) == read(book())
    assert len(read(book())["cells"]) == 1


def test_a_notebook_of_nbformat_3_is_upgraded() -> None:
    sheet = {
        "cells": [
            {"cell_type": "heading", "level": 2, "source": "Title", "metadata": {}},
            {
                "cell_type": "code",
                "language": "python",
                "input": ["x = 1\n", "x"],
                "prompt_number": 3,
                "outputs": [{"output_type": "pyout", "prompt_number": 3, "text": ["1"]}],
                "metadata": {},
            },
        ],
        "metadata": {},
    }
    file = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [sheet]}
    given_file = copy.deepcopy(file)

    one, two = read(file), read(file)

    assert file == given_file
    assert one == two
    assert [cell["source"] for cell in one["cells"]] == ["## Title", "x = 1\nx"]
    assert one["cells"][1]["outputs"][0]["data"] == {"text/plain": "1"}
    nbformat.validate(one)


def test_unknown_keys_of_cells_and_a_newer_minor_are_kept() -> None:
    file = {**book(code("a", future={"x": 1}), deep={"k": [1]}), "nbformat_minor": 7}

    again = write(live(read(file)).get())

    assert again["cells"][0]["future"] == {"x": 1}
    assert again["metadata"] == {"deep": {"k": [1]}}
    assert again["nbformat_minor"] == 7


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "no nbformat"),
        ([], "no nbformat"),
        ({"nbformat": 2}, "too old"),
        ({"nbformat": 5}, "newer"),
        ({"nbformat": 4}, "list of cells"),
        (book(code("a"), {"id": "b", "cell_type": "tea"}), r"cell 1 \(id 'b'\): .*'tea'"),
        (book(["x"]), "cell 0: a list"),  # type: ignore[arg-type]
        (book(code("a", outputs="x")), r"cell 0 \(id 'a'\): outputs"),
        (book(code("a", outputs=[{"output_type": "error"}])), r"cell 0 .*required.*outputs\.0"),
        (book(code("a", metadata=3)), "cell 0 .*metadata"),
        (book(code("a", "\ud800")), "cell 0 .*surrogate"),
        (book(code("a", x=10**400)), "cell 0 .*large"),
        (book(authors="me"), "the notebook: .*metadata.authors"),
        ({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code"}]}]}, "cell 0"),
    ],
)
def test_what_is_no_notebook_is_refused_in_one_line_that_names_the_cell(
    content: Any, reason: str
) -> None:
    with pytest.raises(BadDocument, match=reason) as refused:
        read(content)

    assert "\n" not in str(refused.value)


def test_an_unfilled_live_document_is_not_written_as_a_notebook() -> None:
    with pytest.raises(BadDocument, match="nbformat 4"):
        write(YNotebook().get())


@given(notebooks)
def test_what_is_written_is_valid_and_reads_the_same(content: Notebook) -> None:
    given_content = copy.deepcopy(content)
    written = write(live(content).get())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nbformat.validate(written)
    assert digest("notebook", read(written)) == digest("notebook", content)
    assert repr(content) == repr(given_content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["nbformat", "cells", "metadata", "id", "cell_type", "source"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
)


@given(st.sampled_from([3, 4]), st.dictionaries(st.sampled_from(["cells", "worksheets"]), JSON))
def test_any_json_is_a_notebook_or_a_bad_document(major: int, rest: dict[str, Any]) -> None:
    with suppress(BadDocument):
        nbformat.validate(read({"nbformat": major, **rest}), relax_add_props=True)


def test_the_digest_sees_what_a_save_would_write_and_no_more() -> None:
    one = book(code("a", "x", execution_count=1, metadata={"f": 1.0, "trusted": True}))
    two = book(code("a", "x", execution_count=1.0, metadata={"f": 1, "trusted": False}))
    three = book(code("a", "x", execution_count=1, metadata={"f": True}))

    assert digest("notebook", one) == digest("notebook", two)
    assert digest("notebook", one) != digest("notebook", three)
    assert digest("file", "x") == digest("unicode", "x") != digest("file", "y")
    assert digest("blob", b"x") != digest("blob", b"y")


FULL = book(code("a", "x"), markdown("b", "y"), code("c"))


def as_made_by_set() -> Any:
    """A notebook without cells, as jupyter_ydoc makes it live."""
    made = YNotebook()
    made.set(book())
    return made.get()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (FULL, book()),
        (book(code("a", outputs=[display("x")])), book()),
        (FULL, as_made_by_set()),
        (FULL, read(book())),
    ],
)
def test_a_list_of_cells_that_vanished_is_no_persons_doing(
    before: dict[str, Any], now: dict[str, Any]
) -> None:
    assert has_lost_its_cells(before, now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (FULL, FULL),
        (FULL, book(code("a"))),
        (FULL, book(code("a"), markdown("b", ""), code("c"))),
        (FULL, book(code("new"), code("newer"))),
        (FULL, book(markdown("new", ""))),
        (FULL, book(code("new", outputs=[display("x")]))),
        (book(code("a", "x"), code("b")), book(code("new"))),
        (book(code("a"), code("b")), book()),
    ],
)
def test_who_empties_cells_has_not_lost_them(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert not has_lost_its_cells(before, now)
