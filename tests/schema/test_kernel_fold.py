from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from rtstore.schema import giants
from rtstore.schema.giants import Beside
from rtstore.schema.kernel_fold import KernelFold
from rtstore.schema.said import Said

RUN, CELL = "run1", "cell-0"


class Notebook:
    """Cells' outputs, as a document would have them, and one kernel's fold."""

    def __init__(self, *cells: str) -> None:
        self.outputs: dict[str, list[dict[str, Any]]] = {cell: [] for cell in cells or (CELL,)}
        self.values: dict[str, dict[str, Any]] = {cell: {} for cell in self.outputs}
        self.metadata: dict[str, dict[str, Any]] = {cell: {} for cell in self.outputs}
        self.added: list[str] = []
        self.sources: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.folds: dict[str, KernelFold] = {}
        self._numbers = count(1)

    def hear(
        self, kind: str, type_: str, parent: str = RUN, /, *, kernel: str = "k", **content: Any
    ) -> None:
        """One entry, put into the document at once."""
        fold = self.folds.setdefault(kernel, self._fold(kernel, {}))
        number = next(self._numbers)
        fold.take(Said(f"1-{number}", kind, type_, parent, content, number))
        for cell, change in fold.changes.items():
            if cell in self.outputs:
                if change.shown is not None:
                    self.outputs[cell] = change.shown
                self.values[cell] |= change.values
                self.metadata[cell] |= change.metadata
                if change.next_input is not None:
                    self.added.append(change.next_input)
                if change.source is not None:
                    self.sources[cell] = change.source
        fold.flushed()

    def _fold(self, kernel: str, state: dict[str, Any]) -> KernelFold:
        def outputs_of(cell: str) -> list[dict[str, Any]] | None:
            found = self.outputs.get(cell)
            return None if found is None else [dict(one) for one in found]

        beside = Beside("/b/", "d", kernel)
        return KernelFold(
            json.loads(json.dumps(state)),
            self.runs,
            outputs_of=outputs_of,
            beside=beside,
            is_awaited_elsewhere=lambda cell: any(f.awaits(cell) for f in self.folds.values()),
        )

    def another_keeper(self, kernel: str = "k") -> None:
        """Somebody else goes on from what was kept."""
        self.folds[kernel] = self._fold(kernel, self.folds[kernel].state())

    def request(self, run: str = RUN, cell: str = CELL, *, kernel: str = "k", at: int = 1) -> None:
        self.hear(
            "run",
            "requested",
            run,
            kernel=kernel,
            document="d",
            cell=cell,
            user="ann",
            requested=at,
        )

    def begin(self, run: str = RUN, *, kernel: str = "k") -> None:
        self.hear("iopub", "status", run, kernel=kernel, execution_state="busy")

    def say(self, text: str, run: str = RUN, *, name: str = "stdout", kernel: str = "k") -> None:
        self.hear("iopub", "stream", run, kernel=kernel, name=name, text=text)

    def show(self, text: str, display_id: str, run: str = RUN, *, is_new: bool = True) -> None:
        """Show a text under a display_id."""
        kind = "display_data" if is_new else "update_display_data"
        content: dict[str, Any] = {
            "data": {"text/plain": text},
            "transient": {"display_id": display_id},
        }
        self.hear("iopub", kind, run, **content)

    def ask(self, prompt: str, run: str = RUN, cell: str = CELL) -> None:
        self.hear("run", "asks", run, document="d", cell=cell, prompt=prompt)

    def answer(self, prompt: str, value: str, run: str = RUN, cell: str = CELL) -> None:
        told = {"document": "d", "cell": cell, "prompt": prompt, "value": value}
        self.hear("run", "answered", run, **told)

    def end(self, state: str, run: str = RUN, cell: str = CELL, **more: Any) -> None:
        self.hear("run", state, run, document="d", cell=cell, **more)

    def texts(self, cell: str = CELL) -> list[str]:
        return [str(one.get("text", one.get("data"))) for one in self.outputs[cell]]


def test_a_cell_is_busy_from_the_click_and_cleared_when_it_begins() -> None:
    nb = Notebook()
    nb.outputs[CELL] = [{"output_type": "stream", "name": "stdout", "text": "old"}]

    nb.request()
    assert nb.values[CELL] == {"execution_state": "running"}
    assert nb.texts() == ["old"]

    nb.begin()
    assert nb.texts() == []
    nb.end("ok", count="3")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 3}


def test_a_count_that_is_none_leaves_no_cell_busy() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.end("ok", count="in no form that is known")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": None}


def test_another_keeper_goes_on_in_the_middle_of_a_line() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.say("10%\r")
    nb.another_keeper()
    nb.say("20")
    nb.another_keeper()
    nb.say("30")
    assert nb.texts() == ["2030"]


def test_what_a_user_clears_stays_cleared() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.say("before\n")
    nb.outputs[CELL] = []
    nb.say("after\n")
    assert nb.texts() == ["after\n"]


def test_a_cell_that_was_deleted_hears_nothing_and_disturbs_nobody() -> None:
    nb = Notebook(CELL, "other")
    nb.request()
    nb.begin()
    del nb.outputs[CELL]
    nb.say("lost to sight")
    nb.end("ok", count="1")
    assert nb.texts("other") == []


def test_the_newest_run_has_the_cell_whichever_kernel_it_is_in() -> None:
    nb = Notebook()
    nb.request("a", kernel="ka", at=1)
    nb.begin("a", kernel="ka")
    nb.say("from a", "a", kernel="ka")
    nb.request("b", kernel="kb", at=2)
    nb.begin("b", kernel="kb")
    nb.say("from b", "b", kernel="kb")
    nb.say("late from a", "a", kernel="ka")
    nb.hear("run", "ok", "a", kernel="ka", document="d", cell=CELL, count="9")

    assert nb.texts() == ["from b"]
    assert nb.values[CELL]["execution_state"] == "running"
    nb.hear("run", "ok", "b", kernel="kb", document="d", cell=CELL, count="2")
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 2}


def test_a_run_that_never_began_leaves_the_outputs() -> None:
    nb = Notebook()
    nb.outputs[CELL] = [{"output_type": "stream", "name": "stdout", "text": "old"}]
    nb.request()
    nb.end("aborted", why="an earlier cell failed")
    assert nb.texts() == ["old"]
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": None}


def test_who_ended_anothers_run_is_named_below_the_cell() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.say("so far\n")
    nb.end("lost", why="the kernel was restarted by Bob", by_other="1")
    assert nb.texts() == ["so far\n", "[rtstore: the kernel was restarted by Bob]\n"]
    assert nb.metadata[CELL]["rtstore"]["status"] == "lost"


def test_a_run_that_was_sent_and_lost_before_it_began_says_so() -> None:
    nb = Notebook()
    nb.outputs[CELL] = [{"output_type": "stream", "name": "stdout", "text": "old"}]
    nb.request()
    nb.end("lost", why="the kernel was restarted by Bob", by_other="1")
    assert nb.texts() == ["[rtstore: the kernel was restarted by Bob]\n"]
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": None}
    assert nb.runs[CELL]["state"] == "lost"


def test_a_question_is_shown_until_it_is_answered() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.ask("Who? <b>")
    (shown,) = nb.outputs[CELL]
    assert "/b/rtstore/input/k/run1" in shown["data"]["text/html"]
    assert "Who? &lt;b&gt;" in shown["data"]["text/html"]

    nb.answer("Who? <b>", "Ada")
    nb.say("hello\n")
    assert nb.texts() == ["Who? <b> Ada\n", "hello\n"]


def test_what_is_said_while_a_question_waits_is_above_it() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.say("start\n")
    nb.ask("Who?")
    nb.say("bg\n")
    nb.another_keeper()
    nb.show("old", "x")
    first, second, question = nb.outputs[CELL]
    assert (first["text"], second["data"]) == ("start\nbg\n", {"text/plain": "old"})
    assert "Answer" in question["data"]["text/html"]

    nb.answer("Who?", "Ada")
    nb.show("new", "x", is_new=False)
    assert nb.texts() == ["start\nbg\n", "{'text/plain': 'new'}", "Who? Ada\n"]


def test_a_question_stays_until_the_next_run_whoever_clears() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.ask("Who?")
    nb.hear("iopub", "clear_output", wait=False)
    assert len(nb.outputs[CELL]) == 1
    nb.request("run2")
    nb.begin("run2")
    nb.say("next", "run2")
    assert nb.texts() == ["next"]


def test_an_update_leaves_alone_what_came_after_a_user_cleared() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.show("A", "x")
    nb.outputs[CELL] = []
    nb.say("hello\n")
    nb.show("B", "x", is_new=False)
    assert nb.texts() == ["hello\n"]


def test_an_update_of_what_is_not_shown_leaves_the_notice() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.outputs[CELL] = [
        {"output_type": "display_data", "data": {"text/plain": str(n)}, "metadata": {}}
        for n in range(giants.OUTPUTS_MAX)
    ]
    for number in range(3):
        nb.show("old", f"x{number}")
    nb.show("new", "x2", is_new=False)
    assert len(nb.outputs[CELL]) == giants.OUTPUTS_MAX + 1
    assert "more outputs are not shown" in nb.texts()[-1]
    nb.end("ok", count="1")
    assert nb.texts()[-1].startswith("{'text/html': '3 more outputs")


def test_times_are_kept_where_they_were_asked_for() -> None:
    nb = Notebook()
    nb.hear("run", "requested", RUN, document="d", cell=CELL, requested=1, records_timing=True)
    nb.begin()
    nb.hear("iopub", "execute_input", RUN, execution_count=1)
    nb.hear("iopub", "status", RUN, execution_state="idle")
    nb.end("ok", count="1")
    assert sorted(nb.metadata[CELL]["execution"]) == [
        "iopub.execute_input",
        "iopub.status.busy",
        "iopub.status.idle",
        "shell.execute_reply",
    ]

    nb.request("run2")
    nb.begin("run2")
    assert nb.metadata[CELL]["execution"] is None  # it was another run's


def test_times_are_the_kernels_own() -> None:
    nb = Notebook()
    nb.hear("run", "requested", RUN, document="d", cell=CELL, requested=1, records_timing=True)
    nb.hear("iopub", "status", RUN, execution_state="busy", date="10:00")
    nb.hear("iopub", "execute_input", RUN, execution_count=1, date="10:01")
    nb.hear("reply", "execute_reply", RUN, status="ok", date="10:09", started="10:00:30")
    nb.hear("iopub", "status", RUN, execution_state="idle", date="10:10")
    nb.end("ok", count="1")
    assert nb.metadata[CELL]["execution"] == {
        "iopub.status.busy": "10:00",
        "iopub.execute_input": "10:01",
        "shell.execute_reply.started": "10:00:30",
        "shell.execute_reply": "10:09",
        "iopub.status.idle": "10:10",
    }


def test_entries_of_other_documents_are_not_ours() -> None:
    nb = Notebook()
    nb.hear("run", "requested", RUN, document="another", cell=CELL, requested=1)
    nb.begin()
    nb.say("not here")
    assert nb.texts() == []
    assert nb.runs == {}


def test_what_is_kept_does_not_grow_with_the_notebook() -> None:
    cells = [f"cell-{number}" for number in range(1000)]
    nb = Notebook(*cells)
    for number, cell in enumerate(cells):
        nb.request(f"r{number}", cell, at=number)
        nb.begin(f"r{number}")
        nb.end("ok", f"r{number}", cell, count="1")
    kept = nb.folds["k"].state()
    assert list(kept["cells"]) == cells[-100:]
    assert kept["waiting"] == {}
    nb.another_keeper()
    nb.say("late", "r999")
    assert nb.texts("cell-999") == ["late"]


def test_a_run_that_begins_last_ends_the_cell_though_it_was_asked_for_first() -> None:
    nb = Notebook()
    nb.request("early", kernel="ka", at=100)
    nb.request("late", kernel="kb", at=101)
    nb.begin("late", kernel="kb")
    nb.say("late", "late", kernel="kb")
    nb.hear("run", "ok", "late", kernel="kb", document="d", cell=CELL, count="1")
    nb.begin("early", kernel="ka")
    nb.say("early", "early", kernel="ka")
    nb.hear("run", "ok", "early", kernel="ka", document="d", cell=CELL, count="7")
    assert nb.texts() == ["early"]
    assert nb.values[CELL] == {"execution_state": "idle", "execution_count": 7}


def test_in_one_kernel_clocks_do_not_count() -> None:
    nb = Notebook()
    nb.request("first", at=200)
    nb.request("second", at=100)  # another worker's clock
    for run in ("first", "second"):
        nb.begin(run)
        nb.end("ok", run, count="1")
    assert nb.runs[CELL]["run"] == "second"
    assert nb.values[CELL]["execution_state"] == "idle"


def test_a_question_goes_when_its_run_is_over() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.ask("Who?")
    nb.end("lost", why="the kernel died")
    assert nb.outputs[CELL] == []


def test_what_an_output_widget_takes_is_not_in_the_cell() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    nb.say("before ")
    update = {"method": "update", "state": {"msg_id": RUN}, "buffer_paths": []}
    nb.hear("iopub", "comm_msg", comm_id="c", data=update)
    nb.another_keeper()
    nb.say("taken")
    nb.hear("iopub", "clear_output", wait=False)
    nb.hear("iopub", "error", ename="E", evalue="", traceback=[])
    nb.say("another run's", "run2")
    update = {"method": "update", "state": {"msg_id": ""}, "buffer_paths": []}
    nb.hear("iopub", "comm_msg", comm_id="c", data=update)
    nb.another_keeper()
    nb.say("after")
    assert nb.texts() == ["before after"]


def test_a_kernel_that_was_started_again_has_no_widgets() -> None:
    nb = Notebook()
    nb.request()
    nb.begin()
    update = {"method": "update", "state": {"msg_id": RUN}, "buffer_paths": []}
    nb.hear("iopub", "comm_msg", comm_id="c", data=update)
    nb.hear("iopub", "status", "", execution_state="starting")
    assert nb.folds["k"].state()["captures"] == {}


def test_a_run_whose_beginning_nobody_heard_begins_with_what_is_heard_first() -> None:
    for first in ("gap", "stream", "running"):
        notebook = Notebook()
        notebook.outputs[CELL] = [{"output_type": "stream", "name": "stdout", "text": "old\n"}]
        notebook.request()
        if first == "gap":
            notebook.hear("gap", "blackout", why="nobody listened")
        elif first == "running":
            notebook.hear("run", "running", document="d", cell=CELL)
        notebook.say("late\n")
        note = ["[rtstore: output is missing here: nobody listened]\n"]
        assert notebook.texts() == [*(note if first == "gap" else []), "late\n"], first


def test_what_is_missing_of_one_run_is_not_said_of_another() -> None:
    notebook = Notebook("cell-0", "cell-1")
    notebook.request()
    notebook.begin()
    notebook.request("run2", "cell-1")
    notebook.hear("gap", "lost", "run2", why="it went by")
    assert notebook.texts("cell-1") == ["[rtstore: output is missing here: it went by]\n"]
    assert notebook.texts("cell-0") == []


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


def test_a_state_of_before_knows_what_is_not_over() -> None:
    nb = Notebook(CELL, "other")
    nb.request()
    nb.begin()
    nb.request("run2", "other")
    before = nb.folds["k"].state()
    for key in ("unfinished", "generation"):
        del before[key]
    nb.folds["k"] = nb._fold("k", before)
    assert nb.folds["k"].unfinished == {"run2": "other", RUN: CELL}


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
