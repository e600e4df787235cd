from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from rtstore.schema import giants, run_outputs
from rtstore.schema.giants import Beside
from rtstore.schema.run import Run
from rtstore.schema.run_outputs import ALL, RunOutputs
from rtstore.schema.said import Said

RUN = Run(id="run1", document="d", cell="c", kernel="k", started="5", sent_at="1-1")


class Reading:
    """Of a log, from the run's request on."""

    def __init__(self, *, spills: int = 0) -> None:
        self.beside = Beside("/", "d", "k", outputs_max=ALL)
        self.found = RunOutputs(RUN, self.beside, spills=spills)
        self._numbers = count(2)

    def hear(
        self, kind: str, type_: str, parent: str = RUN.id, /, *, chars: int = 9, **content: Any
    ) -> None:
        if self.found.wants(kind, type_, parent):
            said = Said(f"1-{next(self._numbers)}", kind, type_, parent, content, 0)
            self.found.take(said, chars)

    def begin(self) -> None:
        self.hear("iopub", "status", execution_state="busy")

    def say(self, text: str, parent: str = RUN.id) -> None:
        self.hear("iopub", "stream", parent, chars=len(text), name="stdout", text=text)

    def show(self, text: str, display_id: str, parent: str = RUN.id, *, is_new: bool) -> None:
        kind = "display_data" if is_new else "update_display_data"
        told: dict[str, Any] = {"data": {"text/plain": text}}
        told["transient"] = {"display_id": display_id}
        self.hear("iopub", kind, parent, chars=len(text), **told)

    def texts(self) -> list[str]:
        return [str(one.get("text", one.get("data"))) for one in self.found.whole()]


def test_what_was_answered_and_who_ended_it_are_part_of_it() -> None:
    log = Reading()
    ours: dict[str, Any] = {"document": "d", "cell": "c"}
    log.hear("run", "sent", **ours)
    log.begin()
    log.hear("run", "running", **ours)
    log.hear("run", "asks", **ours, prompt="Who?")
    assert log.texts() == []
    log.hear("run", "answered", **ours, prompt="Who?", value="Ada")
    log.say("hello\n")
    log.hear("run", "asks", "another", **ours, prompt="And you?")
    log.hear("run", "lost", **ours, by_other="1", why="the kernel was restarted by Bob")
    assert log.found.is_over
    assert log.texts() == [
        "Who? Ada\n",
        "hello\n",
        "[rtstore: the kernel was restarted by Bob]\n",
    ]


def test_what_other_cells_update_in_it_is_updated_until_the_kernel_is_restarted() -> None:
    log = Reading()
    log.begin()
    log.show("not ours", "y", "run0", is_new=True)
    log.show("old", "x", is_new=True)
    log.hear("run", "ok", document="d", cell="c")
    log.show("new", "x", "run2", is_new=False)
    log.say("not ours", "run2")
    log.hear("iopub", "status", "", execution_state="starting")
    log.show("of another start", "x", "run3", is_new=False)
    assert log.texts() == ["{'text/plain': 'new'}"]


def test_what_is_not_kept_any_more_is_said_to_be_missing() -> None:
    missing = "[rtstore: output is missing here: it is not kept any more]\n"
    gone, late, between = Reading(), Reading(), Reading()
    assert gone.texts() == [missing]

    late.found.lack()
    late.hear("run", "sent", document="d", cell="c")
    late.say("the end\n")
    assert late.texts() == [missing, "the end\n"]

    between.begin()
    between.say("the beginning\n")
    between.found.lack()
    between.say("the end\n")
    assert between.texts() == ["the beginning\n", missing, "the end\n"]


def test_what_was_never_heard_is_no_lack_of_the_log() -> None:
    log = Reading()
    log.hear("gap", "lost", why="it went by")
    log.say("late\n")
    assert log.texts() == ["[rtstore: output is missing here: it went by]\n", "late\n"]


def test_a_run_that_is_all_there_lacks_nothing() -> None:
    log = Reading()
    log.found.lack()  # of what was said before it
    log.hear("run", "sent", document="d", cell="c")
    log.begin()
    log.say("all\n")
    assert log.texts() == ["all\n"]


def test_a_run_that_did_not_begin_lacks_nothing() -> None:
    found = RunOutputs(Run(id="run1", document="d", cell="c"), Beside("/", "d"))
    found.lack()
    assert found.whole() == []


def test_a_long_stream_is_whole() -> None:
    log = Reading()
    log.begin()
    lines = [f"{number}\n" for number in range(200_000)]
    for at in range(0, len(lines), 1000):
        log.say("".join(lines[at : at + 1000]))
    assert log.texts() == ["".join(lines)]


def test_a_run_that_is_read_again_takes_no_name_of_before() -> None:
    log = Reading(spills=3)
    log.begin()
    log.say("x" * giants.STREAM_CHARS_MAX + "more")
    log.found.cell()
    assert log.beside.spills == {"run1.4": "more"}


def test_not_more_is_held_than_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_outputs, "CHARS_MAX", 3_000_000)
    monkeypatch.setattr(run_outputs, "_LOOK_CHARS", 300_000)
    replaced, kept = Reading(), Reading()
    replaced.begin()
    for number in range(20):
        replaced.hear("iopub", "clear_output", wait=True)
        replaced.show(f"{number}" + "x" * 1_500_000, "x", is_new=True)
    assert len(replaced.beside.blobs) < 3
    assert "19xxx" in replaced.texts()[0]

    kept.begin()
    for number in range(20):
        kept.show(f"{number}" + "x" * 500_000, "x", is_new=True)
        kept.say("x" * 500_000)
    assert kept.found.is_full
    texts = kept.texts()
    assert "output is missing here: only" in texts[-1]
    assert sum(map(len, texts)) < 4_000_000
