"""What a tab of an earlier history had becomes a file beside, and is merged into nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Array, Doc, Text

from rtstore.errors import JupyterUnavailable
from rtstore.keeper import drafts as keeper_drafts
from rtstore.keeper.contents import Contents, Where
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.drafts import Draft, Drafts
from tests.gateway.team import Worker, joined
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.support.waiting import until


class Tab:
    """A page of a document whose history is lost while the page is away."""

    def __init__(self, room: str, session: str, doc: Doc[Any]) -> None:
        self.room, self.session, self.doc = room, session, doc

    async def comes_back(self, worker: Worker) -> int | None:
        """Connects as it did before, answers what it is asked; the close code."""
        async with joined(
            worker, "ada", room=self.room, session=self.session, doc=self.doc
        ) as ada:
            await ada.hear_for(60.0)
            return ada.socket.close_code


async def a_tab_whose_history_is_lost(
    jupyter: Jupyter, path: str, kind: str = "notebook", form: str = "json"
) -> Tab:
    """Opened, closed, and then the store lost the document, with no worker that held it."""
    async with a_worker(jupyter, "w1") as one:
        room, session = await one.session(path, kind, form)
        async with opened(one, path, kind=kind, form=form) as ada:
            doc = ada.person.doc
            keys = ada.keys
        tab = Tab(room, session, doc)
    names = ("meta", "log", "snap", "base", "who", "who:exp", "lease:keep")
    async with connect(jupyter.store_url, name="test") as link:  # no keeper comes in between
        await link.command("DEL", *(f"{keys.tag}:{name}" for name in names))
    return tab


def beside(jupyter: Jupyter, path: str) -> list[Path]:
    stem, _, ext = path.rpartition(".")
    return sorted(jupyter.files.glob(f"{stem}.draft-*.{ext}"))


async def until_seen_to(worker: Worker, jupyter: Jupyter, tab: Tab) -> None:
    kept = Drafts(worker.link, jupyter.keys.document(tab.room.rpartition(":")[2]))

    async def none_waits() -> bool:
        return not await kept.waiting()

    await until(none_waits, what="the keeper has seen to the draft")


async def test_the_unsent_work_of_an_earlier_history_is_kept_beside_the_file(
    jupyter: Jupyter,
) -> None:
    path = write(jupyter, notebook("x = 1", "y = 2"))
    tab = await a_tab_whose_history_is_lost(jupyter, path)
    YNotebook(tab.doc).ycells[1]["source"].insert(5, "2  # unsent")
    async with a_worker(jupyter, "w3") as one, opened(one, path, "bob") as bob:
        assert await tab.comes_back(one) == 1003
        await bob.until(lambda: bool(beside(jupyter, path)))
        await until_seen_to(one, jupyter, tab)

        [draft] = beside(jupyter, path)
        assert sources(draft) == ["x = 1", "y = 22  # unsent"]
        assert bob.sources == ["x = 1", "y = 2"]
        assert {e.user for e in await bob.log.read()} <= {"", "bob"}
    assert sources(jupyter.files / path) == ["x = 1", "y = 2"]


async def test_a_tab_that_has_nothing_of_its_own_leaves_no_file(jupyter: Jupyter) -> None:
    path = write(jupyter, "one\ntwo\n")
    tab = await a_tab_whose_history_is_lost(jupyter, path, "file", "text")
    async with (
        a_worker(jupyter, "w3") as one,
        opened(one, path, "bob", kind="file", form="text") as bob,
    ):
        await bob.person.type("three\n")
        assert await tab.comes_back(one) == 1003
        await until_seen_to(one, jupyter, tab)
        assert beside(jupyter, path) == []


async def test_a_draft_whose_keeper_died_is_written_by_the_next(jupyter: Jupyter) -> None:
    path = write(jupyter, "one\n")
    tab = await a_tab_whose_history_is_lost(jupyter, path, "file", "text")
    async with a_worker(jupyter, "w3") as one:
        await one.session(path, "file", "text")
    keys = jupyter.keys.document(tab.room.rpartition(":")[2])
    tab.doc.get("source", type=Text).insert(0, "unsent ")
    draft = Draft("ada", "file", "text", tab.doc.get_update())
    async with connect(jupyter.store_url, name="test") as link:
        await Drafts(link, keys).put(draft)  # and nobody is told
    async with a_worker(jupyter, "w4") as two:
        async with opened(two, path, "bob", kind="file", form="text"):
            await until_seen_to(two, jupyter, tab)
    [draft_file] = beside(jupyter, path)
    assert draft_file.read_text() == "unsent one\n"


async def test_a_draft_of_another_type_is_compared_with_what_the_file_says(
    jupyter: Jupyter,
) -> None:
    path = write(jupyter, notebook("x = 1"))
    tab = await a_tab_whose_history_is_lost(jupyter, path)
    kept = a_worker(jupyter, "w3")
    async with kept as one, opened(one, path, "bob", kind="file", form="text") as bob:
        assert await tab.comes_back(one) == 1003
        await until_seen_to(one, jupyter, tab)
        assert beside(jupyter, path) == []

        YNotebook(tab.doc).ycells[0]["source"].insert(0, "unsent ")
        assert await tab.comes_back(one) == 1003
        await until_seen_to(one, jupyter, tab)
        [draft] = beside(jupyter, path)
        assert sources(draft) == ["unsent x = 1"]
        assert '"x = 1"' in bob.text


async def test_a_draft_that_is_no_valid_notebook_is_kept_as_text(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    tab = await a_tab_whose_history_is_lost(jupyter, path)
    YNotebook(tab.doc).ycells[0]["cell_type"] = "nonsense"
    async with a_worker(jupyter, "w3") as one, opened(one, path, "bob"):
        assert await tab.comes_back(one) == 1003
        await until_seen_to(one, jupyter, tab)
    [draft] = beside(jupyter, path)
    assert '"nonsense"' in draft.read_text()
    assert '"x = 1"' in draft.read_text()


async def test_drafts_that_make_no_sense_do_not_keep_a_document_from_being_saved(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_drafts, "CHECK_S", 0.1)
    path = write(jupyter, notebook("x = 1"))
    deep: Doc[Any] = Doc()
    deep.get("source", type=Text).insert(0, "[" * 100_000)
    wrong: Doc[Any] = Doc()
    wrong.get("cells", type=Array).extend([1.0, "x", {"source": [{}]}])
    async with a_worker(jupyter, "w3") as one, opened(one, path) as ada:
        kept = Drafts(one.link, ada.keys)
        await kept.put(Draft("eve", "file", "text", deep.get_update()))
        await kept.put(Draft("eve", "notebook", "json", wrong.get_update()))
        await kept.put(Draft("eve", "nonsense", "json", deep.get_update()))

        async def none_waits() -> bool:
            return len(await kept.waiting()) == 0

        await until(none_waits, what="all were looked at")
        assert len(beside(jupyter, path)) == 2
        await ada.insert(0, "2")
        await ada.until(lambda: sources(jupyter.files / path) == ["2x = 1"])


async def test_a_draft_that_fails_us_is_left_in_the_store(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_drafts, "CHECK_S", 0.1)
    tries: list[str] = []

    def failing(kind: str, one: object, other: object) -> bool:
        tries.append(kind)
        raise KeyError("a defect")

    monkeypatch.setattr(keeper_drafts, "is_contained", failing)
    path = write(jupyter, notebook("x = 1"))
    async with a_worker(jupyter, "w3") as one, opened(one, path) as ada:
        kept = Drafts(one.link, ada.keys)
        await kept.put(Draft("eve", "notebook", "json", ada.person.doc.get_update()))
        await ada.until(lambda: len(tries) > 2)
        assert len(await kept.waiting()) == 1
        assert sum("draft not saved" in told for told in caplog.messages) == 1
        await ada.insert(0, "2")
        await ada.until(lambda: sources(jupyter.files / path) == ["2x = 1"])


async def test_a_draft_that_the_feed_lost_is_found(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_drafts, "CHECK_S", 0.1)
    path = write(jupyter, "one\n")
    async with a_worker(jupyter, "w3") as one:
        async with opened(one, path, "bob", kind="file", form="text") as bob:
            doc: Doc[Any] = Doc()
            doc.get("source", type=Text).insert(0, "unsent\n")
            draft = Draft("ada", "file", "text", doc.get_update())
            await Drafts(one.link, bob.keys).put(draft)
            await bob.until(lambda: bool(beside(jupyter, path)))


async def test_a_document_is_not_let_go_while_jupyter_is_awaited_for_a_draft(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_drafts, "RETRY_S", 3600.0)
    path = write(jupyter, "one\n")
    tries: list[str] = []
    save_beside = Contents.beside

    async def failing_twice(self: Contents, where: Where, content: Any, label: str) -> str:
        tries.append(where.path)
        if len(tries) <= 2:
            raise JupyterUnavailable("it starts again")
        return await save_beside(self, where, content, label)

    monkeypatch.setattr(Contents, "beside", failing_twice)
    tab = await a_tab_whose_history_is_lost(jupyter, path, "file", "text")
    tab.doc.get("source", type=Text).insert(0, "unsent ")
    async with a_worker(jupyter, "w3", linger_s=0.1) as one:
        await one.session(path, "file", "text")
        assert await tab.comes_back(one) == 1003
        await until_seen_to(one, jupyter, tab)
    [draft] = beside(jupyter, path)
    assert draft.read_text() == "unsent one\n"
