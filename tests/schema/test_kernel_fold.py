"""What a notebook shows of what its kernels say."""

from __future__ import annotations

from rtstore.schema import giants
from tests.schema.fold_bench import CELL, RUN, Notebook


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


NOT_HEARD = "[rtstore: output is missing here: nobody listened]\n"


def test_what_is_missing_of_a_run_that_was_sent_is_said_though_nobody_heard_it_begin() -> None:
    notebook = Notebook("cell-0", "cell-1")
    notebook.request()
    notebook.request("run2", "cell-1")
    notebook.hear("run", "sent", document="d", cell=CELL)
    notebook.hear("gap", "blackout", "", why="nobody listened")
    notebook.say("line 50\n")
    assert notebook.texts() == [NOT_HEARD, "line 50\n"]
    assert notebook.texts("cell-1") == []  # that one waits


def test_what_is_missing_is_said_though_the_cell_waits_to_run_again() -> None:
    notebook = Notebook()
    notebook.request()
    notebook.begin()
    notebook.say("line 1\n")
    notebook.request("run2")
    notebook.hear("gap", "blackout", "", why="nobody listened")
    assert notebook.texts() == ["line 1\n", NOT_HEARD]


def test_what_is_missing_of_one_run_is_not_said_of_another() -> None:
    notebook = Notebook("cell-0", "cell-1")
    notebook.request()
    notebook.begin()
    notebook.request("run2", "cell-1")
    notebook.hear("gap", "lost", "run2", why="it went by")
    assert notebook.texts("cell-1") == ["[rtstore: output is missing here: it went by]\n"]
    assert notebook.texts("cell-0") == []
