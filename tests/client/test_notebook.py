"""A notebook and two programs in it, each on a worker of its own."""

from __future__ import annotations

import asyncio

import pytest

from rtstore.client import Notebook
from tests.client.cast import at, make_notebook, notebooks
from tests.gateway.team import Worker

Pair = tuple[Worker, Worker]


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


async def test_cells_are_added_edited_and_deleted_for_both(workers: Pair) -> None:
    one, two = workers
    await make_notebook(one.link, "a.ipynb", "x = 1", "y = 2")
    async with notebooks(one, two) as (mine, theirs):
        assert sources(mine) == sources(theirs) == ["x = 1", "y = 2"]

        added = mine.append_cell("# Notes", "markdown", tags=["n"])
        async with asyncio.timeout(30):
            await theirs.until(lambda: len(theirs.cells) == 3)
        seen = theirs.cell(-1)
        assert (seen.id, seen.type, seen.metadata) == (added.id, "markdown", {"tags": ["n"]})
        assert seen.outputs == []

        theirs.insert_cell(0, "import os")
        theirs.cell("c0").insert(5, "0")
        mine.cell("c0").source = "xy = 1"
        theirs.delete_cell("c1")
        async with asyncio.timeout(30):
            await mine.until(lambda: sources(mine) == ["import os", "xy = 10", "# Notes"])
            await theirs.until(lambda: sources(theirs) == sources(mine))
        assert mine.cell("c0").index == 1
        with pytest.raises(LookupError, match="deleted"):
            _ = mine.cell("c1")
        assert mine.content == theirs.content
        assert mine.content["nbformat"] == 4


async def test_a_cell_that_was_deleted_says_so(workers: Pair) -> None:
    one, two = workers
    await make_notebook(one.link, "a.ipynb", "x = 1", "y = 2")
    async with notebooks(one, two) as (mine, theirs):
        cell = mine.cell(0)
        theirs.delete_cell(0)
        async with asyncio.timeout(30):
            await mine.until(lambda: len(mine.cells) == 1)
        with pytest.raises(LookupError):
            cell.source = "lost"


async def test_a_transaction_is_seen_whole(workers: Pair) -> None:
    one, two = workers
    await make_notebook(one.link, "a.ipynb", "x = 1")
    async with notebooks(one, two) as (mine, theirs):
        seen: list[list[str]] = []
        with mine.transaction():
            mine.cell(0).source = "x = 2"
            mine.append_cell("y = 3")
        async with asyncio.timeout(30):
            async for _ in theirs.changes():
                seen.append(sources(theirs))
                if len(seen[-1]) == 2:
                    break
        assert ["x = 2"] not in seen
        assert ["x = 1", "y = 3"] not in seen


async def test_bad_places_and_types_are_refused_at_once(workers: Pair) -> None:
    one, _ = workers
    await make_notebook(one.link, "a.ipynb", "x = 1")
    async with at(one, "ann") as ann, ann.notebook("a.ipynb") as mine:
        with pytest.raises(ValueError, match="choose from code, markdown, raw"):
            mine.append_cell("x", "heading")
        with pytest.raises(IndexError):
            mine.insert_cell(3)
        with pytest.raises(LookupError):
            mine.cell(1)
        assert sources(mine) == ["x = 1"]
