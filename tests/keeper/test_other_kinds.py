"""Kinds of document that other packages bring."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_ydoc import YBlob

from rtstore.schema import kinds
from tests.gateway.team import Worker, joined
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import opened, write
from tests.keeper.drawing import KIND, YDrawing, install

Pair = tuple[Worker, Worker]


@pytest.fixture
def drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with a kind of its own is installed."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    kinds._installed.cache_clear()
    yield
    kinds._installed.cache_clear()


def strokes(file: Path) -> dict[str, list[float]]:
    """None while it is being written."""
    text = file.read_text()
    return dict(json.loads(text)) if text.endswith("}") else {}


@pytest.mark.usefixtures("drawings")
async def test_a_kind_that_a_package_registers_is_kept_as_any_other(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, json.dumps({"a": [1, 2]}))
    file = jupyter.files / path
    async with (
        opened(workers[0], path, kind=KIND, form="text") as ada,
        opened(workers[1], path, "bob", kind=KIND, form="text") as bob,
    ):
        hers, his = YDrawing(ada.person.doc), YDrawing(bob.person.doc)
        assert hers.strokes.to_py() == his.strokes.to_py() == {"a": [1, 2]}

        first = ada.state["hash"]
        await ada.change(lambda: hers.strokes.update({"b": [3]}))
        await bob.until(lambda: his.strokes.get("b") == [3])
        await ada.until(lambda: strokes(file) == {"a": [1, 2], "b": [3]})
        # Who writes into a save that is under way wins or loses by chance.
        await ada.until(lambda: ada.state["hash"] != first)

        write(jupyter, json.dumps({"c": [4]}), path)
        await bob.until(lambda: his.strokes.to_py() == {"c": [4]})
        await bob.change(lambda: his.strokes.update({"d": [5]}))
        assert await ada.save(1) == "success"
        await bob.until(lambda: strokes(file) == {"c": [4], "d": [5]})
    assert not list(jupyter.files.glob(f"{file.stem}.*-*"))


@pytest.mark.usefixtures("drawings")
async def test_a_file_that_is_none_of_its_kind_closes_with_the_reason(
    jupyter: Jupyter, workers: Pair
) -> None:
    room, session = await workers[0].session(write(jupyter, "no drawing"), KIND, "text")
    async with joined(workers[0], "ada", room=room, session=session) as ada:
        assert await ada.until_closed() == 4400


async def test_a_blob_is_kept_byte_by_byte(jupyter: Jupyter, workers: Pair) -> None:
    path = "picture.bin"
    file = jupyter.files / path
    file.write_bytes(b"\x00\xff\r\n")
    async with opened(workers[0], path, kind="blob", form="base64") as ada:
        blob = YBlob(ada.person.doc)
        assert blob.get() == b"\x00\xff\r\n"

        first = ada.state["hash"]
        await ada.change(lambda: blob.set(b"\x01\xfe\r\n\n"))
        await ada.until(lambda: file.read_bytes() == b"\x01\xfe\r\n\n")
        await ada.until(lambda: ada.state["hash"] != first)
        new = file.with_suffix(".new")
        new.write_bytes(base64.b64decode("AAECAw=="))
        new.replace(file)
        await ada.until(lambda: blob.get() == bytes(range(4)))
