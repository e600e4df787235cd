"""Large outputs in a file, in a document that is kept, and beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.keeper import sweeper
from rtstore.keeper.drafts import Drafts
from rtstore.keeper.saver import NotSaved
from rtstore.redis_backend import drafts as store
from rtstore.redis_backend.giant_store import GiantStore
from rtstore.schema import giant_names, giants
from rtstore.schema.giants import Beside
from rtstore.schema.live_cells import cell_type
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.keeper.desk import at_desk
from tests.support.waiting import until

LONG = "long\n" * 40_000


def _texts(file: Path) -> list[str]:
    try:
        cells = json.loads(file.read_text())["cells"]
    except ValueError:  # it is being written
        return []
    return ["".join(one.get("text", "no text")) for cell in cells for one in cell["outputs"]]


def _shown(*texts: str) -> dict[str, Any]:
    content = notebook(*map(str, range(len(texts))))
    for cell, text in zip(content["cells"], texts, strict=True):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    return content


async def test_a_keeper_deletes_what_nobody_needs_and_the_file_stays_whole(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "SWEEP_S", 0.05)
    path = write(jupyter, _shown(LONG + "1", LONG + "2"))
    file = jupyter.files / path
    async with (
        a_worker(jupyter, "w1", outputs_kept_days=1e-7) as worker,
        opened(worker, path) as ada,
    ):

        async def number() -> int:
            return int(await worker.link.command("ZCARD", ada.keys.giants))

        assert await number() == 2
        await ada.change(ada.notebook.ycells[0]["outputs"].clear)

        async def is_one_gone() -> bool:
            return await number() == 1

        await until(is_one_gone, what="what the cell does not show any more is deleted")
        await ada.insert(0, "new ")
        await ada.until(lambda: _texts(file) == [LONG + "2"])
        assert await number() == 1


async def test_a_cell_copied_from_another_notebook_has_its_output_for_good(
    jupyter: Jupyter,
) -> None:
    there, here = write(jupyter, _shown(LONG)), write(jupyter, notebook("x"))
    async with at_desk(jupyter, there) as other:
        await other.sources()
        copied = other.charge.content()["cells"][0] | {"id": "copy"}
        keys = other.charge.keys
        async with at_desk(jupyter, here) as desk:
            await desk.changed(lambda nb: nb.ycells.append(cell_type(copied)))
            await desk.saver.save()
            assert _texts(desk.file) == [LONG]

            (name,) = giant_names.mentioned(copied)
            link = desk.charge.office.link
            await link.command("DEL", keys.giant(name))
            await desk.typed("more ")
            await desk.saver.save()
            assert sources(desk.file)[0] == "more x"
            assert _texts(desk.file) == [LONG]
            assert await GiantStore(link, desk.charge.keys).kept() == {name: 0}


async def test_what_another_server_keeps_is_not_had_by_a_link(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        link, name = desk.charge.office.link, "a" * 64
        await link.command("SET", desk.charge.office.keys.document("foreign").blob(name), "secret")
        outputs = [
            {"output_type": "stream", "name": "stdout", "text": "head"},
            giants.rest("stdout", 6, Beside("/", "foreign"), sha=name),
        ]
        copied = notebook("y")["cells"][0] | {"id": "copy", "outputs": outputs}
        await desk.changed(lambda nb: nb.ycells.append(cell_type(copied)))
        await desk.saver.save()
        assert "secret" not in desk.file.read_text()
        assert name in desk.file.read_text()


async def test_a_copy_beside_of_what_is_no_valid_notebook_is_whole(jupyter: Jupyter) -> None:
    path = write(jupyter, _shown(LONG))
    async with at_desk(jupyter, path) as desk:

        def spoil(nb: YNotebook) -> None:
            nb.ycells[0]["metadata"] = "none"

        await desk.changed(spoil)
        with pytest.raises(NotSaved):
            await desk.saver.save(is_asked=True)
        (copy,) = desk.beside("invalid")
        assert copy["cells"][0]["outputs"][0]["text"] == LONG


async def test_a_draft_beside_is_whole(jupyter: Jupyter) -> None:
    path = write(jupyter, _shown(LONG))
    async with at_desk(jupyter, path) as desk:
        charge = desk.charge
        await desk.sources()
        tab: Doc[Any] = Doc()
        tab.apply_update(charge.replica.doc.get_update())
        YNotebook(tab).ycells[0]["source"].insert(0, "unsent ")
        draft = store.Draft("ada", "notebook", "json", tab.get_update())
        await store.Drafts(charge.office.link, charge.keys).put(draft)
        await Drafts(charge).write()
        (copy,) = desk.beside("draft")
        assert "".join(copy["cells"][0]["outputs"][0]["text"]) == LONG


async def test_a_notebook_that_is_closed_lets_go_and_takes_back(jupyter: Jupyter) -> None:
    path = write(jupyter, _shown(LONG))
    async with a_worker(jupyter, "w1", presence_ttl_s=2.0, linger_s=0.1) as worker:
        async with opened(worker, path) as ada:
            (name,) = await worker.link.command("ZRANGE", ada.keys.giants, 0, -1)
            value = ada.keys.giant(name.decode())
            await ada.change(ada.notebook.ycells[0]["outputs"].clear)
            await ada.until(lambda: _texts(jupyter.files / path) == [])

        async def goes() -> bool:
            return int(await worker.link.command("PTTL", value)) > 0

        async def stays() -> bool:
            return int(await worker.link.command("PTTL", value)) == -1

        await until(goes, what="it goes by itself, as nobody has the notebook open")
        async with opened(worker, path):
            await until(stays, what="it stays while somebody has it open")
