from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rtstore.errors import NoSuchDocument
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex, api_path, document_moved
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from tests.jupyter.conftest import listening
from tests.support.stores import Flavour, Store, flavours, start_store


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=flavours())
async def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Store]:
    """Each kind of store; on a cluster, a key that a script was not given fails at once."""
    flavour: Flavour = request.param
    tmp = tmp_path_factory.mktemp("index")
    async with start_store(tmp, flavour.kind, cluster=flavour.cluster) as started:
        yield started


@pytest.fixture
def keys() -> Keys:
    return Keys(f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture
async def link(store: Store, keys: Keys) -> AsyncIterator[Link]:
    async with connect(store.url, name="test", keys=keys) as made:
        yield made


@pytest.fixture
def index(link: Link, keys: Keys) -> FileIndex:
    return FileIndex(link, keys.root("c"))


async def everything(index: FileIndex) -> dict[str, str]:
    """All paths and ids, and both hashes say the same."""
    found = {path: file_id async for path, file_id in index.entries()}
    for path, file_id in found.items():
        assert await index.path_of(file_id) == path
    return found


async def test_a_path_has_one_id_however_many_index_it_at_once(index: FileIndex) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(index.index("dir/a.ipynb")) for _ in range(50)]

    answers = [task.result() for task in asked]
    assert len({file_id for file_id, _ in answers}) == 1
    assert sum(made for _, made in answers) == 1
    file_id = answers[0][0]
    assert str(uuid.UUID(file_id, version=4)) == file_id
    assert await index.id_of("/dir/a.ipynb") == file_id
    assert await index.path_of(file_id) == "dir/a.ipynb"


async def test_what_was_never_indexed_is_not_known(index: FileIndex) -> None:
    assert await index.id_of("a") is None
    assert await index.path_of("no-such-id") is None
    assert await index.rename("a", "b") == []
    assert await index.delete("a") == []


async def test_an_id_follows_a_rename(index: FileIndex) -> None:
    file_id, _ = await index.index("a.ipynb")

    assert await index.rename("a.ipynb", "sub/b.ipynb") == [(file_id, "a.ipynb", "sub/b.ipynb")]
    assert await everything(index) == {"sub/b.ipynb": file_id}
    assert await index.rename("a.ipynb", "sub/b.ipynb") == []


async def test_all_below_a_directory_follows_it_and_its_namesakes_stay(index: FileIndex) -> None:
    names = ["d/a", "d/e/f", "d[1]/a", "dd/a", "d", "x/d/a"]
    ids = {name: (await index.index(name))[0] for name in names}

    moved = await index.rename("d", "n*w")

    assert sorted(moved) == sorted(
        [(ids["d"], "d", "n*w"), (ids["d/a"], "d/a", "n*w/a"), (ids["d/e/f"], "d/e/f", "n*w/e/f")]
    )
    assert await everything(index) == {
        "n*w": ids["d"],
        "n*w/a": ids["d/a"],
        "n*w/e/f": ids["d/e/f"],
        "d[1]/a": ids["d[1]/a"],
        "dd/a": ids["dd/a"],
        "x/d/a": ids["x/d/a"],
    }
    assert [m[2] for m in await index.rename("d[1]", "plain")] == ["plain/a"]


async def test_a_file_moved_onto_another_takes_its_path(index: FileIndex) -> None:
    mover, _ = await index.index("a")
    loser, _ = await index.index("b")

    assert await index.rename("a", "b") == [(loser, "b", ""), (mover, "a", "b")]
    assert await everything(index) == {"b": mover}
    assert await index.path_of(loser) is None


async def test_what_is_deleted_gets_a_new_id_when_it_is_made_again(index: FileIndex) -> None:
    old, _ = await index.index("d/a")
    other, _ = await index.index("d/b/c")
    kept, _ = await index.index("da")

    assert sorted(await index.delete("d")) == sorted([(old, "d/a"), (other, "d/b/c")])
    assert await everything(index) == {"da": kept}
    assert (await index.index("d/a"))[0] != old


async def test_a_directory_of_thousands_moves_in_parts(index: FileIndex) -> None:
    async with asyncio.TaskGroup() as tasks:
        for i in range(1500):
            tasks.create_task(index.index(f"big/{i}.txt"))

    assert len(await index.rename("big", "huge")) == 1500
    assert all(path.startswith("huge/") for path in await everything(index))
    assert len(await index.delete("huge")) == 1500


async def test_an_id_is_adopted_unless_another_has_the_path(index: FileIndex) -> None:
    assert await index.adopt("id-of-a-tab", "a")
    assert await index.adopt("id-of-a-tab", "a")
    assert not await index.adopt("late", "a")
    assert await index.adopt("id-of-a-tab", "b")
    assert await everything(index) == {"b": "id-of-a-tab"}


async def test_each_change_is_told_to_who_mirrors_the_ids(
    index: FileIndex, link: Link, keys: Keys
) -> None:
    async with listening(link, keys.root("c").feed) as ear:
        file_id, _ = await index.index("a")
        await index.index("a")
        await index.rename("a", "b")
        await index.rename("a", "b")
        await index.delete("b")
        await index.delete("b")
        await index.adopt(file_id, "c")
        last, _ = await index.index("d")

        told = [(await ear.next("indexed"))["ids"] for _ in range(5)]
        assert told == [[file_id]] * 4 + [[last]]


async def test_a_new_path_reaches_the_document_only_if_there_is_one(
    link: Link, keys: Keys
) -> None:
    document = keys.document("1a2b")
    async with listening(link, document.feed) as ear:
        assert not await document_moved(link, document, "a.ipynb")
        assert await link.command("EXISTS", document.meta) == 0

        await link.command("HSET", document.meta, "path", "a.ipynb", "epoch", 1)
        assert await document_moved(link, document, "b.ipynb")
        assert await link.command("HGET", document.meta, "path") == b"b.ipynb"
        assert await ear.next("path") == {"type": "path", "path": "b.ipynb"}


@pytest.mark.parametrize(
    ("given", "clean"),
    [("/a/b.ipynb", "a/b.ipynb"), ("a//b/", "a/b"), ("./é x", "é x"), ("a..b", "a..b")],
)
def test_paths_are_written_one_way(given: str, clean: str) -> None:
    assert api_path(given) == clean


@pytest.mark.parametrize("given", ["", "/", "..", "../a", "a/../b", "a\0b"])
def test_what_is_no_path_below_the_root_is_refused(given: str) -> None:
    with pytest.raises(NoSuchDocument, match="not the path of a file"):
        api_path(given)
