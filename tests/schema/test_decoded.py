from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Doc, Text

from rtstore.errors import BadDocument, BadFrame
from rtstore.schema import decoded


class Recorder:
    """A notebook, and the update of each thing done to it."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.notebook = YNotebook(self.doc)
        self.updates: list[bytes] = []
        self.doc.observe(lambda event: self.updates.append(event.update))
        self.notebook.set({"cells": [cell("x", "print(1)")], "metadata": {}})

    @property
    def last(self) -> str:
        return decoded.words(self.updates[-1])


def cell(cell_id: str, source: str) -> dict[str, Any]:
    return {"id": cell_id, "cell_type": "code", "source": source, "metadata": {}, "outputs": []}


def test_each_kind_of_edit_has_its_words() -> None:
    made = Recorder()
    assert made.last.startswith('adds 1 cell, inserts "print(1)", sets meta.nbformat')
    made.notebook.ycells[0]["source"].insert(0, "é🎉 ")
    assert made.last == 'inserts "é🎉 "'
    del made.notebook.ycells[0]["source"][0:3]
    assert made.last.startswith("deletes ")
    made.notebook.dirty = True
    assert made.last == "sets state.dirty"
    made.notebook.dirty = False
    assert made.last == "puts 1 value, deletes 1"
    made.notebook.append_cell(cell("y", "z" * 100))
    assert made.last == f'adds 1 cell, inserts "{"z" * 40}"… (100 characters)'
    assert decoded.words(b"\x00\x00") == "nothing"


def test_a_whole_document_is_read_from_its_update() -> None:
    made = Recorder()
    told = decoded.content("notebook", made.doc.get_update())
    assert [one["source"] for one in told["cells"]] == ["print(1)"]
    with pytest.raises(BadDocument, match="nonsense"):
        decoded.content("nonsense", made.doc.get_update())
    with pytest.raises(BadFrame):
        decoded.content("notebook", b"\xff")


def test_a_cut_update_has_no_words() -> None:
    made = Recorder()
    for length in range(len(made.updates[0])):
        with pytest.raises(BadFrame):
            decoded.words(made.updates[0][:length])


@given(st.binary(max_size=80))
def test_any_bytes_have_words_or_are_refused(update: bytes) -> None:
    try:
        decoded.words(update)
    except BadFrame:
        return


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=5)), max_size=8))
def test_what_is_typed_is_in_the_words(typed: list[tuple[int, str]]) -> None:
    doc: Doc[Text] = Doc()
    text = doc.get("source", type=Text)
    told: list[bytes] = []
    doc.observe(lambda event: told.append(event.update))
    for _, added in typed:
        text += added
    said = "".join(decoded.words(update) for update in told)
    assert said.count("inserts") == sum(bool(added) for _, added in typed)
