"""Replies, restarts and ends of runs, as a notebook shows them."""

from __future__ import annotations

import pytest

from rtstore.schema.said import Said
from tests.schema.fold_bench import CELL, Notebook


def reply(nb: Notebook, status: str) -> None:
    page = {"source": "page", "data": {"text/plain": "help"}}
    second = {"source": "page", "data": {"text/plain": "more help"}}
    add = {"source": "set_next_input", "text": "y = 2", "replace": False}
    nb.hear("reply", "execute_reply", status=status, payload=[page, add, second])


def test_what_comes_with_a_reply_is_shown_once() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    reply(nb, "ok")
    assert nb.texts() == ["{'text/plain': 'help'}"]
    assert nb.added == ["y = 2"]


def test_what_comes_with_the_reply_of_a_cell_that_failed_is_not() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    reply(nb, "error")
    assert (nb.texts(), nb.added) == ([], [])


@pytest.mark.parametrize("how", ["starting", "generation"])
def test_after_a_restart_an_id_is_another_display(how: str) -> None:
    nb = Notebook(CELL, "other")
    nb.hear("begin", "journal:1", "", generation=1)
    nb.request()
    nb.begin()
    nb.show("old", "x")
    nb.end("ok", count="1")
    nb.another_keeper()
    nb.hear("begin", "journal:1", "", generation=1)  # a store that was emptied
    nb.show("shown", "x", is_new=False)
    assert nb.texts() == ["{'text/plain': 'shown'}"]
    if how == "starting":
        nb.hear("iopub", "status", "", execution_state="starting")
    else:
        nb.hear("begin", "journal:2", "", generation=2)
    nb.request("run2", "other")
    nb.begin("run2")
    nb.show("new", "x", "run2")
    assert nb.texts() == ["{'text/plain': 'shown'}"]
    assert nb.texts("other") == ["{'text/plain': 'new'}"]


def test_an_update_changes_the_cells_that_show_what_it_updates() -> None:
    nb = Notebook(CELL, "other")
    nb.request()
    nb.begin()
    nb.show("old", "x")
    nb.request("run2", "other")
    nb.begin("run2")
    told = {"transient": {"display_id": "x"}}
    said = Said("1-99", "iopub", "update_display_data", "run2", told, 0)
    assert nb.folds["k"].cells_of(said) == {CELL, "other"}
    said = Said("1-99", "iopub", "stream", "run2", told, 0)
    assert nb.folds["k"].cells_of(said) == {"other"}


def test_a_cell_whose_second_run_is_cancelled_is_busy_with_the_first() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.request("run2")
    nb.end("aborted", "run2", why="cancelled by Ann")
    nb.another_keeper()
    assert nb.values[CELL] == {"execution_state": "running"}
    assert nb.folds["k"].is_busy
    nb.say("still here")
    nb.end("ok", count="4")
    assert nb.texts() == ["still here"]
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 4}
    assert not nb.folds["k"].is_busy


def test_a_cell_is_idle_when_all_its_runs_are_cancelled_the_newest_first() -> None:
    nb = Notebook()
    nb.request()
    nb.request("run2")
    nb.end("aborted", "run2")
    assert nb.values[CELL] == {"execution_state": "running"}
    nb.end("aborted")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": None}
    assert not nb.folds["k"].is_busy


def test_a_cell_stays_busy_with_what_another_kernel_runs_in_it() -> None:
    nb = Notebook()
    nb.request("a", kernel="ka", at=1)
    nb.begin("a", kernel="ka")
    nb.request("b", kernel="kb", at=2)
    nb.hear("run", "aborted", "b", kernel="kb", document="d", cell=CELL)
    assert nb.values[CELL] == {"execution_state": "running"}
    nb.hear("run", "ok", "a", kernel="ka", document="d", cell=CELL, count="4")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 4}


def test_a_cell_is_idle_though_a_run_that_it_does_not_show_goes_on() -> None:
    nb = Notebook()
    nb.request("a", kernel="ka", at=1)
    nb.begin("a", kernel="ka")
    nb.request("b", kernel="kb", at=2)
    nb.begin("b", kernel="kb")
    nb.hear("run", "ok", "b", kernel="kb", document="d", cell=CELL, count="2")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 2}
    assert nb.folds["ka"].is_busy
    nb.hear("run", "error", "a", kernel="ka", document="d", cell=CELL, count="9")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 2}


def test_a_question_of_a_run_that_is_over_goes_though_the_cell_was_run_again() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.ask("Who?")
    nb.request("run2")
    nb.end("lost", why="the kernel died")
    assert nb.outputs[CELL] == []
    assert nb.values[CELL] == {"execution_state": "running"}


def test_what_is_kept_of_displays_does_not_grow_for_ever() -> None:
    cells = [f"cell-{number}" for number in range(1200)]
    nb = Notebook(*cells)
    for number, cell in enumerate(cells):
        nb.hear("run", "requested", f"r{number}", document="d", cell=cell, records_timing=True)
        nb.begin(f"r{number}")
        nb.show("a", f"x{number}", f"r{number}")
        # Run again meanwhile: the end of the first run is not the cell's.
        nb.request(f"s{number}", cell, at=number)
        nb.end("ok", f"r{number}", cell)
    kept = nb.folds["k"].state()
    assert list(kept["cells"]) == cells[-1000:]
    assert kept["timed"] == {}
