from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.schema import notebook
from rtstore.schema.canonical import same
from rtstore.schema.text_merge import merge_text
from rtstore.schema.three_way import Conflict, merge
from tests.schema.notebooks import (
    Notebook,
    book,
    code,
    display,
    ids,
    markdown,
    notebooks,
    sources,
    stream,
    texts,
)

CONTENTS = {"notebook": notebooks, "file": texts, "blob": st.binary(max_size=4)}
a, b, c, d = (code(name, f"{name} = 1\n") for name in "abcd")


def edited(cell: dict[str, Any], source: str, **parts: Any) -> dict[str, Any]:
    return {**cell, "source": source, **parts}


def merged(base: Notebook, ours: Notebook, theirs: Notebook) -> Notebook:
    """The merger, which must be without conflict and valid."""
    found = merge("notebook", base, ours, theirs)
    assert found.conflicts == ()
    assert notebook.write(found.content)["cells"] == found.content["cells"]
    content: Notebook = found.content
    return content


@pytest.mark.parametrize("kind", CONTENTS)
@given(st.data())
def test_the_one_who_changed_something_has_it_and_equals_are_no_conflict(
    kind: str, data: st.DataObject
) -> None:
    base, other = data.draw(CONTENTS[kind]), data.draw(CONTENTS[kind])

    assert merge(kind, base, base, other) == merge(kind, base, other, base)
    assert same(merge(kind, base, base, other).content, other)
    assert same(merge(kind, base, other, other).content, other)
    assert not merge(kind, base, base, other).conflicts
    assert not merge(kind, base, other, other).conflicts


@given(notebooks, notebooks, notebooks)
def test_no_live_edit_is_lost_and_what_comes_out_is_a_notebook(
    base: Notebook, ours: Notebook, theirs: Notebook
) -> None:
    before = copy.deepcopy((base, ours, theirs))
    found = merge("notebook", base, ours, theirs)

    assert repr((base, ours, theirs)) == repr(before)
    assert digest_of(found.content) == digest_of(notebook.read(found.content))
    was = {cell["id"]: cell for cell in base["cells"]}
    now = {cell["id"]: cell for cell in found.content["cells"]}
    for cell in ours["cells"]:
        if cell["id"] not in was or cell["source"] != was[cell["id"]]["source"]:
            assert cell["id"] in now
    for cell_id, mine, _ in found.conflicts:
        assert mine in now[cell_id]["source"] or mine == now[cell_id]["cell_type"]


def digest_of(content: Notebook) -> str:
    return notebook.digest("notebook", content)


def test_edits_of_different_cells_and_of_different_lines_of_one_go_together() -> None:
    base = book(code("a", "1\n2\n3\n"), b)
    ours = book(code("a", "one\n2\n3\n"), b)
    theirs = book(code("a", "1\n2\nthree\n"), edited(b, "b = 2"))

    assert sources(merged(base, ours, theirs)) == ["one\n2\nthree\n", "b = 2"]


def test_edits_of_different_words_of_one_line_go_together() -> None:
    assert merge_text("x = f(1)", "y = f(1)", "x = f(2)") == ("y = f(2)", [])


def test_a_clash_leaves_ours_and_is_told() -> None:
    base = book(code("a", "keep\nx = 1\nend\n"), b)
    ours = book(code("a", "keep\nx = 2\nend\n"), b)
    theirs = book(code("a", "keep\nx = 3\nend\n"), edited(b, "theirs"))

    found = merge("notebook", base, ours, theirs)

    assert sources(found.content) == ["keep\nx = 2\nend\n", "theirs"]
    assert found.conflicts == (Conflict("a", "x = 2\n", "x = 3\n"),)


def test_what_both_added_at_one_place_of_a_text_is_a_clash() -> None:
    found = merge("file", "a\n", "a\nmine\n", "a\ntheirs\n")

    assert found.content == "a\nmine\n"
    assert found.conflicts == (Conflict("", "mine\n", "theirs\n"),)


def test_cells_that_both_added_are_all_there_each_behind_its_neighbour() -> None:
    found = merged(book(a, b), book(a, c, b), book(a, b, d))

    assert ids(found) == ["a", "c", "b", "d"]


def test_deletions_of_both_are_done() -> None:
    assert ids(merged(book(a, b, c, d), book(a, c, d), book(a, b, c))) == ["a", "c"]


def test_an_edit_wins_over_a_deletion_on_either_side() -> None:
    mine = merged(book(a, b), book(a, edited(b, "live")), book(a))
    other = merged(book(a, b), book(a), book(a, edited(b, "outside")))

    assert sources(mine) == [a["source"], "live"]
    assert sources(other) == [a["source"], "outside"]


def test_a_cell_deleted_live_does_not_come_back_because_it_was_run_outside() -> None:
    ran = {**b, "outputs": [stream("x")], "execution_count": 4}

    assert ids(merged(book(a, b), book(a), book(a, ran))) == ["a"]


def test_a_cell_cut_and_pasted_here_outlives_its_deletion_outside() -> None:
    assert ids(merged(book(a, b), book({**b, "id": "new"}, a), book(a))) == ["new", "a"]


def test_a_move_outside_is_followed_with_our_edit_in_it() -> None:
    found = merged(book(a, b, c, d), book(a, b, c, edited(d, "live")), book(d, a, b, c))

    assert ids(found) == ["d", "a", "b", "c"]
    assert sources(found)[0] == "live"


def test_moves_of_different_cells_are_both_done() -> None:
    found = merged(book(a, b, c, d), book(b, a, c, d), book(a, b, d, c))

    assert sorted(ids(found)) == ["a", "b", "c", "d"]
    assert ids(found).index("b") < ids(found).index("a")
    assert ids(found).index("d") < ids(found).index("c")


def test_where_both_moved_one_cell_ours_counts() -> None:
    assert ids(merged(book(a, b, c), book(b, c, a), book(b, a, c))) == ["b", "c", "a"]


def test_cells_are_recognised_when_a_tool_renewed_their_ids() -> None:
    long = code("l", "first = 1\nsecond = 2\nthird = 3\n")
    theirs = book(
        code("x", a["source"]),
        code("y", "first = 1\nsecond = 2\nthird = 4\n"),
        markdown("z", "new"),
    )

    found = merged(book(a, long), book(edited(a, "live"), long), theirs)

    assert ids(found) == ["a", "l", "z"]
    assert sources(found) == ["live", "first = 1\nsecond = 2\nthird = 4\n", "new"]


def test_a_run_outside_is_taken_unless_the_cell_was_run_here() -> None:
    ran = {"outputs": [stream("theirs")], "execution_count": 7}
    base = book(a, b)
    ours = book(edited(a, "live"), {**b, "outputs": [stream("ours")], "execution_count": 2})

    found = merged(base, ours, book({**a, **ran}, {**b, **ran}))

    assert found["cells"][0] == {**a, "source": "live", **ran}
    assert found["cells"][1] == ours["cells"][1]


def test_outputs_from_outside_do_not_inherit_our_trust() -> None:
    theirs = book({**a, "outputs": [display("<script>")], "metadata": {"trusted": False}})

    found = merged(book(a), book({**a, "metadata": {"trusted": True}}), theirs)

    assert found["cells"][0]["outputs"]
    assert found["cells"][0]["metadata"] == {"trusted": False}


def test_metadata_and_attachments_are_merged_by_key() -> None:
    base = book(markdown("m", metadata={"a": {"x": 1, "y": 1}}), k=1, gone=1)
    ours = book(markdown("m", metadata={"a": {"x": 2, "y": 1}}, attachments={"p": {}}), k=1)
    theirs = book(markdown("m", metadata={"a": {"x": 1, "y": 2}}), k=2, gone=1, new=1)

    found = merged(base, ours, theirs)

    assert found["metadata"] == {"k": 2, "new": 1}
    assert found["cells"][0]["metadata"] == {"a": {"x": 2, "y": 2}}
    assert found["cells"][0]["attachments"] == {"p": {}}


def test_a_cell_of_two_types_keeps_ours_and_tells() -> None:
    raw = {**markdown("a", a["source"]), "cell_type": "raw"}

    found = merge("notebook", book(a), book(markdown("a", a["source"])), book(raw))

    assert found.content["cells"] == [markdown("a", a["source"])]
    assert found.conflicts == (Conflict("a", "markdown", "raw"),)


def test_documents_of_unknown_kinds_keep_ours_where_both_changed() -> None:
    assert merge("chat", "1", "2", "3").content == "2"
    assert merge("chat", "1", "2", "3").conflicts == (Conflict("", "2", "3"),)
    assert merge("blob", b"1", b"22", b"333").conflicts == (Conflict("", "2 bytes", "3 bytes"),)


@given(texts, texts, texts)
def test_a_merged_text_without_clash_holds_both_changes(base: str, mine: str, other: str) -> None:
    one = merge_text(base, mine, other)

    if not one.clashes:
        assert not merge_text(base, other, mine).clashes
    # What was merged once is merged: the same change again changes nothing.
    assert merge_text(mine, one.text, mine) == (one.text, [])
