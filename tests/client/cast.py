"""Programs that edit together: clients of in-process workers, and a notebook for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.client import Notebook, Server, Text, connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.ids import BEGINNING
from tests.gateway.team import ALL, ROOT, Worker


def at(
    worker: Worker, name: str, rights: frozenset[str] = ALL
) -> AbstractAsyncContextManager[Server]:
    """A client of one worker, as somebody whom the Jupyter extension vouches for."""
    return connect(worker.url, headers=worker.headers(name, rights))


@asynccontextmanager
async def texts(one: Worker, two: Worker) -> AsyncIterator[tuple[Text, Text]]:
    """Ann's and Bob's copy of ``a.txt``."""
    async with (
        at(one, "ann") as ann,
        at(two, "bob") as bob,
        ann.text("a.txt") as mine,
        bob.text("/a.txt") as theirs,
    ):
        yield mine, theirs


@asynccontextmanager
async def notebooks(one: Worker, two: Worker) -> AsyncIterator[tuple[Notebook, Notebook]]:
    """Ann's and Bob's copy of ``a.ipynb``."""
    async with (
        at(one, "ann") as ann,
        at(two, "bob") as bob,
        ann.notebook("a.ipynb") as mine,
        bob.notebook("a.ipynb") as theirs,
    ):
        yield mine, theirs


async def make_notebook(link: Link, path: str, *sources: str) -> UpdateLog:
    """A notebook as a keeper leaves it after the import; its id is `doc-<path>`."""
    keys = Keys()
    document_id, _ = await FileIndex(link, keys.root(ROOT)).index(path, fresh=f"doc-{path}")
    log = UpdateLog(link, keys.document(document_id), worker="keeper")
    place = {"server": ROOT, "path": path, "type": "notebook", "format": "json"}
    opened = await log.open(BEGINNING, gen="gen1", place=place)
    update = _notebook(*sources)
    await log.append(update, Origin(), epoch=opened.epoch, tag=log.next_tag())
    return log


def _notebook(*sources: str) -> bytes:
    doc: Doc[Any] = Doc()
    cells: list[dict[str, Any]] = [
        {
            "id": f"c{number}",
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    YNotebook(doc).set({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return doc.get_update()
