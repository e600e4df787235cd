from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rtstore.schema.view import SOURCE_BYTES_MAX, TEXT_BYTES_MAX, VIEW_BYTES_MAX, view
from tests.schema.notebooks import Notebook, book, code, display, markdown, notebooks, stream


def bytes_of(fields: dict[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in fields.items())


def cells_of(content: Notebook, **authors: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    fields = view("notebook", content, path="a.ipynb", at="1-7", authors=authors)
    assert bytes_of(fields) <= VIEW_BYTES_MAX
    return json.loads(fields["cells"]), fields


def test_a_notebook_is_told_cell_by_cell() -> None:
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "x" * 16_000, "text/plain": "<Figure>"},
        "metadata": {},
    }
    failed = {"output_type": "error", "ename": "KeyError", "evalue": "'k'", "traceback": []}
    told = [stream("1\n2\n3\n"), stream("!", "stderr"), picture, failed]
    run = code("c", "plot()", outputs=told, execution_count=3, execution_state="running")

    cells, fields = cells_of(book(markdown("m", "# Title"), run), c="ann")

    assert {key: fields[key] for key in ("path", "at", "type")} == {
        "path": "a.ipynb",
        "at": "1-7",
        "type": "notebook",
    }
    assert cells[0] == {"id": "m", "type": "markdown", "source": "# Title"}
    assert cells[1] == {
        "id": "c",
        "type": "code",
        "source": "plot()",
        "count": 3,
        "state": "running",
        "outputs": [
            "stream 3 lines",
            "stream 1 line (stderr)",
            "image/png 12 kB, text/plain 8 B",
            "error KeyError: 'k'",
        ],
        "editor": "ann",
    }


def test_a_long_source_is_cut_with_a_mark() -> None:
    cells, _ = cells_of(book(code("a", "é" * 3_000)))

    assert cells[0]["source"].endswith("… [6 kB in all]")
    assert SOURCE_BYTES_MAX - 2 <= len(cells[0]["source"].encode()) <= SOURCE_BYTES_MAX


def test_many_cells_are_shortened_first_and_then_left_out_with_a_note() -> None:
    some, fields = cells_of(book(*(code(f"c{n}", "x" * 2_000) for n in range(100))))
    many, noted = cells_of(book(*(code(f"c{n}", "x" * 2_000) for n in range(3_000))))

    assert len(some) == 100
    assert "left_out" not in fields
    assert 300 < len(many) < 3_000
    assert noted["left_out"] == f"{3_000 - len(many)} of 3000 cells"


def test_many_outputs_of_a_cell_are_counted() -> None:
    cells, _ = cells_of(book(code("a", outputs=[display("x")] * 20)))

    assert cells[0]["outputs"][-1] == "12 more"


def test_a_text_is_cut_with_a_mark_and_its_editor_told() -> None:
    fields = view("file", "é" * 40_000, path="p", at="1-1", authors={"": "bob"})

    assert fields["editor"] == "bob"
    assert fields["text"].endswith("… [80 kB in all]")
    assert len(fields["text"].encode()) <= TEXT_BYTES_MAX
    assert view("file", "short", path="p", at="1-1")["text"] == "short"


def test_binary_data_is_counted_only() -> None:
    assert view("blob", b"x" * 5, path="p", at="1-1")["text"] == "5 B of binary data"


@settings(max_examples=30)
@given(st.text(), notebooks)
def test_a_view_is_never_too_long(path: str, content: Notebook) -> None:
    huge = {**content, "cells": content["cells"] * 150}

    assert bytes_of(view("notebook", huge, path=path, at="1-1", authors={})) <= VIEW_BYTES_MAX
