"""The client without await, in scripts and where an event loop runs already."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from rtstore import client
from rtstore.client import RunFailed, blocking
from rtstore.client.blocking import Notebook, connect
from rtstore.errors import JupyterUnavailable, NoSuchDocument
from tests.client.behaving import behave
from tests.client.test_running import text_of
from tests.support.lab import Lab

SCRIPT = """
import sys
from rtstore.client.blocking import connect
server = connect(sys.argv[1], token=sys.argv[2])
notebook = server.notebook("script.ipynb")
notebook.append_cell("typed = 'and never closed'")
"""


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_two_people_edit_a_notebook(lab: Lab) -> None:
    lab.write_notebook("b.ipynb", ["x = 1"])
    with (
        connect(lab.url, token=lab.token) as ann,
        connect(lab.workers()[1].url, token=lab.token) as bob,
        ann.notebook("b.ipynb") as mine,
        bob.notebook("b.ipynb") as theirs,
    ):
        changes = theirs.cell_changes(timeout=30)
        cell = mine.append_cell("y = 2")
        cell.source = "y = 3"
        cell.insert(0, "# é🎉\n")
        theirs.until(lambda: sources(theirs) == ["x = 1", "# é🎉\ny = 3"], timeout=30)
        first = next(changes)
        assert (first.what, first.cell.id, first.is_mine) == ("added", cell.id, False)
        assert theirs.cell(-1) == theirs.cell(cell.id)

        with mine.transaction():
            with mine.transaction():
                mine.cell(0).source = "x = 2"
            mine.delete_cell(1)
            with pytest.raises(RuntimeError, match="inside a transaction"):
                mine.save()
        seen = []
        for _ in theirs.changes(timeout=30):
            with suppress(LookupError):  # deleted between two looks: that is the next change
                seen.append(sources(theirs))
                if len(seen[-1]) == 1:
                    break
        assert ["x = 2", "# é🎉\ny = 3"] not in seen
        assert seen[-1] == ["x = 2"]

        mine.presence.set(status="thinking")
        for change in theirs.presence.changes(timeout=30):
            if change.person.state.get("status") == "thinking":
                break
        mine.save()
        assert lab.on_disk("b.ipynb") == ["x = 2"]


def test_a_cell_is_run_and_a_question_answered(lab: Lab) -> None:
    lab.write_notebook("brun.ipynb", ["print(input('Who? '))", "1 / 0"])
    with connect(lab.url, token=lab.token) as server, server.notebook("brun.ipynb") as notebook:
        run = notebook.cell(0).run()
        question = run.asks(timeout=60)
        assert question is not None
        with pytest.raises(TimeoutError):
            run.done(timeout=0.1)
        run.answer("Ada")
        assert text_of(run.done(timeout=60).check().outputs).endswith("Ada\n")
        with pytest.raises(RunFailed, match="division"):
            notebook.cell(1).run().done(timeout=60).check()
        assert notebook.cell(1).until_idle(timeout=30)[0]["ename"] == "ZeroDivisionError"


async def test_it_works_where_a_loop_runs_as_in_a_notebook(lab: Lab) -> None:
    (lab.notes / "b.txt").write_text("hello")
    server = connect(lab.url, token=lab.token)
    text = server.text("b.txt")
    text.append("!")
    text.value = text.value.upper()
    text.insert(0, "¡")
    text.delete(1, 2)
    assert (text.value, len(text)) == ("¡ELLO!", 6)
    with pytest.raises(TimeoutError):
        text.until(lambda: False, timeout=0.2)
    with pytest.raises(TimeoutError):
        list(text.changes(timeout=0.2))
    server.close()
    with pytest.raises(RuntimeError, match="closed"):
        text.append("?")
    with connect(lab.url, token=lab.token) as again, again.text("b.txt") as found:
        assert found.value == "¡ELLO!"


def test_many_threads_type_into_one_document(lab: Lab) -> None:
    (lab.notes / "threads.txt").write_text("")
    with connect(lab.url, token=lab.token) as server, server.text("threads.txt") as text:

        def type_some(letter: str) -> None:
            for _ in range(50):
                with text.transaction():
                    text.append(letter)
                    text.append("\n")

        threads = [threading.Thread(target=type_some, args=[letter]) for letter in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(text.value.split()) == sorted("abcd" * 50)


def test_a_script_that_forgets_to_close_loses_nothing(lab: Lab) -> None:
    lab.write_notebook("script.ipynb", ["x"])
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", SCRIPT, lab.url, lab.token], check=True, timeout=60)
    assert time.monotonic() - began < 30
    with connect(lab.url, token=lab.token) as server, server.notebook("script.ipynb") as notebook:
        assert sources(notebook) == ["x", "typed = 'and never closed'"]


def test_errors_come_out_as_they_are(lab: Lab) -> None:
    (lab.notes / "errors.txt").write_text("")
    with connect(lab.url, token=lab.token) as server:
        with pytest.raises(NoSuchDocument):
            server.notebook("none.ipynb")
        with pytest.raises(ZeroDivisionError):
            with server.text("errors.txt"):
                _ = 1 / 0
        with server.text("errors.txt") as text, pytest.raises(IndexError):
            text.insert(5, "x")
    with connect("http://127.0.0.1:1/") as nobody, pytest.raises(JupyterUnavailable):
        nobody.text("a.txt")
    with pytest.raises(ValueError, match="not the http"):
        connect("nonsense")


def test_it_is_seen_without_await(lab: Lab) -> None:
    with connect(lab.url, token=lab.token) as server, server.server() as state:
        changes = state.changes(timeout=30)
        name = server.request("terminal.create", timeout=30)["name"]
        state.until(lambda: name in state.terminals, timeout=30)
        assert next(one for one in changes if one.table == "terminals").what == "added"
        server.request("terminal.delete", name=name)
        ended = next(one for one in changes if one.what == "removed" and one.id == name)
        assert ended.table == "terminals"
        with server.directory() as root:
            with pytest.raises(TimeoutError):
                root.until(lambda: not root.tables, timeout=0.2)
            with pytest.raises(TimeoutError):
                list(root.changes(timeout=0.2))


def test_an_app_document_is_shared(lab: Lab) -> None:
    with connect(lab.url, token=lab.token) as server, server.app("blocking") as app:
        behave(app)
        app.text("t").value = "one two"
        with server.app("blocking") as again:
            app.text("t").value = "one three"
            again.until(lambda: str(again.text("t")) == "one three", timeout=30)
            with app.transaction():
                app.map("x")["a"] = 1
                app.map("x")["b"] = 2
            again.until(lambda: again.map("x").value == {"a": 1, "b": 2}, timeout=30)
            assert (app.invalid, app.name) == ([], "blocking")


OF_THE_LOOP = {
    *("ydoc", "ytype", "news", "check", "is_acknowledged", "opened", "joined", "heard", "lost"),
    *("content_of", "index_of", "shared_cell", "cell_of", "sign_of", "table", "xml"),
}
"""What only code on the loop can use, by `on_loop`."""


@pytest.mark.parametrize("name", sorted(set(blocking.__all__) - {"CellChange", "connect"}))
def test_names_are_the_same(name: str) -> None:
    there, here = getattr(client, name), getattr(blocking, name)
    names = {one for one in dir(there) if not one.startswith("_")} - OF_THE_LOOP
    assert names - set(dir(here)) <= {"ask", "introduce", "say", "leave", "renew", "id"}
