from __future__ import annotations

import time
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YBlob, YFile, YNotebook
from pycrdt import Array, Doc, Map, Text

from rtstore.errors import BadDocument
from rtstore.schema import live as live_schema
from rtstore.schema import notebook
from rtstore.schema.apply import apply
from rtstore.schema.notebook import digest
from rtstore.schema.text_edits import edits
from tests.schema.notebooks import (
    Notebook,
    book,
    code,
    display,
    ids,
    live,
    markdown,
    notebooks,
    same_notebook,
    sources,
    stream,
    texts,
)


def copy_of(ydocument: YNotebook) -> YNotebook:
    """A browser that has the same document."""
    other = YNotebook(Doc())
    other.ydoc.apply_update(ydocument.ydoc.get_update())
    return other


def meet(one: YNotebook, two: YNotebook) -> None:
    """Both learn what the other did."""
    mine, others = one.ydoc.get_update(), two.ydoc.get_update()
    one.ydoc.apply_update(others)
    two.ydoc.apply_update(mine)


def cell_of(ydocument: YNotebook, cell_id: str) -> Map[Any]:
    return next(cell for cell in ydocument.ycells if cell["id"] == cell_id)


def deltas(text: Text) -> list[Any]:
    """Filled with what each change of `text` was, as its viewers see it."""
    seen: list[Any] = []

    def saw(event: Any) -> None:
        seen.append(event.delta)

    text.observe(saw)
    return seen


@given(notebooks, notebooks)
def test_any_notebook_can_be_brought_to_any_other(one: Notebook, two: Notebook) -> None:
    ydocument = live(one)
    assert same_notebook(ydocument.get(), one)

    changed = apply("notebook", ydocument, two)

    assert same_notebook(ydocument.get(), two)
    assert same_notebook(live_schema.content(ydocument), two)
    assert changed == (not same_notebook(one, two))
    assert not apply("notebook", ydocument, two)


@given(notebooks, notebooks, st.data())
def test_what_a_browser_types_meanwhile_survives_in_each_cell_that_stays(
    one: Notebook, two: Notebook, data: st.DataObject
) -> None:
    ydocument = live(one)
    browser = copy_of(ydocument)
    typed = data.draw(st.sampled_from(ids(one)))
    cell_of(browser, typed)["source"].insert(0, "TYPED")
    before = {cell["id"]: cell for cell in one["cells"]}
    after = {cell["id"]: cell for cell in two["cells"]}
    here = [key for key in before if key in after]
    stays = [key for key in after if key in before] == here and all(
        before[key]["cell_type"] == after[key]["cell_type"] for key in here
    )

    apply("notebook", ydocument, two)
    meet(ydocument, browser)

    assert same_notebook(live_schema.content(ydocument), live_schema.content(browser))
    if stays and typed in after:
        assert "TYPED" in str(cell_of(ydocument, typed)["source"])


def test_typing_in_the_same_and_in_another_cell_goes_together_with_an_outside_edit() -> None:
    ydocument = live(book(code("a", "x = 1\ny = 2\n"), code("b", "z")))
    browser = copy_of(ydocument)
    held = cell_of(browser, "a")["source"]
    held.insert(0, "# mine\n")
    cell_of(browser, "b")["source"].insert(1, "!")

    apply("notebook", ydocument, book(code("a", "x = 1\ny = 3\n"), code("b", "z"), code("c")))
    meet(ydocument, browser)

    assert sources(ydocument.get()) == ["# mine\nx = 1\ny = 3\n", "z!", ""]
    assert sources(browser.get()) == sources(ydocument.get())
    assert str(held) == "# mine\nx = 1\ny = 3\n"


def test_one_transaction_makes_all_changes_and_none_makes_no_update() -> None:
    ydocument = live(book(code("a", "x", outputs=[display("1")]), markdown("b"), x=1))
    wanted = book(markdown("b", "y"), code("c"), code("a", "z", outputs=[]), y=2)
    updates: list[bytes] = []
    ydocument.ydoc.observe(lambda event: updates.append(event.update))

    assert apply("notebook", ydocument, wanted)
    assert not apply("notebook", ydocument, wanted)

    assert len(updates) == 1


def test_the_state_map_and_a_running_cell_s_state_are_left_alone() -> None:
    ydocument = live(book(code("a", "x")))
    ydocument.hash = "h"
    cell_of(ydocument, "a")["execution_state"] = "running"

    apply("notebook", ydocument, book(code("a", "y"), code("b")))

    assert ydocument.ystate.to_py() == {"hash": "h"}
    assert [cell["execution_state"] for cell in ydocument.ycells] == ["running", "idle"]


def test_only_the_moved_cell_is_made_anew() -> None:
    ydocument = live(book(*(code(name, name) for name in "abcde")))
    held = {cell["id"]: cell["source"] for cell in ydocument.ycells}

    apply("notebook", ydocument, book(*(code(name, name) for name in "eabcd")))
    for name in "abcd":
        held[name].insert(0, "+")

    assert sources(ydocument.get()) == ["e", "+a", "+b", "+c", "+d"]


def test_cells_whose_ids_a_tool_renewed_are_kept_and_take_the_new_ids() -> None:
    ydocument = live(book(code("a", "1"), code("b", "2"), code("c", "3")))
    held = [cell["source"] for cell in ydocument.ycells]

    apply("notebook", ydocument, book(code("x", "1"), code("y", "2"), code("z", "3")))
    held[1].insert(0, "+")

    assert ids(ydocument.get()) == ["x", "y", "z"]
    assert sources(ydocument.get()) == ["1", "+2", "3"]


def test_a_live_duplicate_id_is_mended_in_place() -> None:
    ydocument = live(book(code("a", "1"), code("b", "2")))
    ydocument.ycells[1]["id"] = "a"
    held = ydocument.ycells[1]["source"]
    content = notebook.read(live_schema.content(ydocument))

    apply("notebook", ydocument, content)
    held.insert(0, "+")

    assert len(set(ids(ydocument.get()))) == 2
    assert sources(ydocument.get()) == ["1", "+2"]


def test_a_stream_that_grew_is_appended_to_and_deletes_come_before_inserts() -> None:
    ydocument = live(book(code("a", outputs=[display("p"), stream("one\n")])))
    text = ydocument.ycells[0]["outputs"][1]["text"]
    seen = deltas(text)

    wanted = book(code("a", outputs=[display("p"), stream("one\ntwo\n")]))
    apply("notebook", ydocument, wanted)

    assert seen == [[{"retain": 4}, {"insert": "two\n"}]]
    assert str(text) == "one\ntwo\n"


def test_a_replaced_stream_makes_views_forget_the_name_of_the_one_before() -> None:
    ydocument = live(book(code("a", outputs=[display("p"), stream("one"), display("q")])))
    events: list[Any] = []
    held = ydocument.ycells[0]["outputs"]
    held.observe(lambda event: events.append(event.delta))

    apply("notebook", ydocument, book(code("a", outputs=[display("p"), stream("two")])))

    assert [list(part) for part in events[0]] == [["delete"], ["insert"]]
    assert [output["output_type"] for output in events[0][1]["insert"]] == [
        "display_data",
        "stream",
    ]


def test_outputs_in_front_of_the_change_are_not_touched() -> None:
    ydocument = live(book(code("a", outputs=[stream("s"), display("p"), display("q")])))
    held = ydocument.ycells[0]["outputs"]

    apply("notebook", ydocument, book(code("a", outputs=[stream("s"), display("p")])))
    held[0]["text"].insert(1, "!")

    outputs = ydocument.get()["cells"][0]["outputs"]
    assert outputs == [stream("s!"), display("p")]


def test_a_cell_of_another_type_is_another_cell() -> None:
    ydocument = live(book(code("a", "x", outputs=[display("1")])))

    apply("notebook", ydocument, book(markdown("a", "x")))

    assert ydocument.get()["cells"] == [markdown("a", "x")]


def test_a_document_that_clients_bent_out_of_shape_is_put_right() -> None:
    ydocument = live(book(code("a", "x"), code("b", "y")))
    broken = ydocument.ycells[0]
    broken["source"], broken["outputs"], broken["metadata"] = "plain", None, 3
    ydocument.ycells.insert(0, "no cell")
    wanted = book(code("a", "x", outputs=[stream("s")]), code("b", "y"))

    apply("notebook", ydocument, wanted)

    assert same_notebook(ydocument.get(), wanted)


def test_reading_a_live_document_changes_nothing_and_survives_what_get_does_not() -> None:
    ydocument = live(book(code("a", "1"), code("a2", "2")))
    ydocument.ycells[1]["id"] = "a"
    ydocument.ycells[0]["metadata"]["nan"] = float("nan")
    before = ydocument.ydoc.get_update()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = live_schema.content(ydocument)

    assert ids(content) == ["a", "a"]
    assert content["cells"][0]["metadata"] == {"nan": None}
    assert "execution_state" not in content["cells"][0]
    assert live_schema.content(ydocument, states=True)["cells"][0]["execution_state"] == "idle"
    assert ydocument.ydoc.get_update() == before
    assert digest("notebook", content) == digest("notebook", notebook.read(content))


@given(texts, texts)
def test_a_text_is_brought_to_any_other(one: str, two: str) -> None:
    ydocument = YFile(Doc())
    apply("file", ydocument, one)

    assert apply("file", ydocument, two) == (one != two)

    assert ydocument.get() == two


@given(st.text(), st.text())
def test_edits_make_the_new_text_and_stand_apart(old: str, new: str) -> None:
    made, at = "", 0
    for start, end, text in edits(old, new):
        assert at <= start <= end
        assert old[start:end] != text
        made += old[at:start] + text
        at = end
    assert made + old[at:] == new


def test_what_is_typed_into_a_text_survives_an_outside_edit_elsewhere_in_it() -> None:
    here = YFile(Doc())
    apply("file", here, "é 1\nü 2\n😀 3\n")
    there = YFile(Doc())
    there.ydoc.apply_update(here.ydoc.get_update())
    there.ydoc.get("source", type=Text).insert(len("é 1\nü".encode()), "TYPED")

    apply("file", here, "é one\nü 2\n😀 three\n")
    here.ydoc.apply_update(there.ydoc.get_update())

    assert here.get() == "é one\nüTYPED 2\n😀 three\n"


def test_what_utf8_can_t_hold_is_refused_and_nothing_changes() -> None:
    ydocument = YFile(Doc())
    apply("file", ydocument, "x")

    with pytest.raises(BadDocument, match="surrogate"):
        apply("file", ydocument, "\ud800")

    assert ydocument.get() == "x"


def test_a_blob_is_set_only_when_it_differs() -> None:
    ydocument = YBlob(Doc())

    assert apply("blob", ydocument, b"x")
    assert not apply("blob", ydocument, b"x")
    assert ydocument.get() == b"x"


def test_a_text_that_is_no_plain_text_is_replaced() -> None:
    ydocument = YFile(Doc())
    source = ydocument.ydoc.get("source", type=Text)
    source += "ab"
    source.insert_embed(1, {"image": "x"})

    apply("file", ydocument, "ac")

    assert ydocument.get() == "ac"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n" * 40_000 + "x", "y" + "\n" * 39_000),
        ("ab\n" * 20_000, "ab\nc\n" * 20_000),
        ("a b" * 100_000, "b a" * 100_000),
        ("".join(f"{n}\n" for n in range(40_000)), "".join(f"{n * 7}\n" for n in range(40_000))),
    ],
)
def test_a_long_text_is_compared_in_bounded_time(old: str, new: str) -> None:
    started = time.process_time()

    found = edits(old, new)

    assert time.process_time() - started < 10
    assert found


def test_cells_are_an_array_of_maps_whose_texts_can_be_typed_into() -> None:
    cell = live(book(code("a", "x", outputs=[stream("s"), display("d")]))).ycells[0]

    assert [type(cell[key]) for key in ("source", "metadata", "outputs")] == [Text, Map, Array]
    assert isinstance(cell["outputs"][0]["text"], Text)
    assert isinstance(cell["outputs"][1], Map)
