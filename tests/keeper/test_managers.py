"""Contents managers that are not Jupyter's own."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientSession

from tests.jupyter.conftest import PLAIN, Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write

REPOSITORY = Path(__file__).parents[2]


async def test_a_paired_notebook_is_one_document_in_two_files(
    store_url: str, tmp_path: Path
) -> None:
    extensions = PLAIN | {"rtstore": True, "jupytext": True, "jupyterlab_jupytext": True}
    with Jupyter(tmp_path, store_url, extensions=extensions).running() as jupyter:
        pair = {"jupytext": {"formats": "ipynb,py:percent"}}
        path = write(jupyter, notebook("a = 1", "b = 2", metadata=pair), "pair.ipynb")
        script = jupyter.files / "pair.py"
        async with a_worker(jupyter, "w1") as one, opened(one, path) as ada:
            first = ada.state["hash"]
            await ada.insert(0, "# live\n")
            await ada.until(lambda: script.exists() and "# live\na = 1" in script.read_text())
            await ada.until(lambda: sources(jupyter.files / path) == ["# live\na = 1", "b = 2"])
            # Who writes into a save that is under way wins or loses by chance.
            await ada.until(lambda: ada.state["hash"] != first)
            script.write_text(script.read_text().replace("b = 2", "b = 3  # outside"))
            await ada.insert(0, "# more\n")
            wanted = ["# more\n# live\na = 1", "b = 3  # outside"]
            await ada.until(lambda: ada.sources == wanted)
            await ada.until(lambda: sources(jupyter.files / path) == wanted)
            await ada.until(lambda: "# more" in script.read_text())
            assert "b = 3  # outside" in script.read_text()


async def test_contents_that_are_no_files_are_kept_as_well(
    store_url: str, tmp_path: Path, http: ClientSession
) -> None:
    jupyter = Jupyter(
        tmp_path,
        store_url,
        environ={"PYTHONPATH": str(REPOSITORY)},
        arguments=["--ServerApp.contents_manager_class=tests.keeper.memory_manager.MemoryManager"],
    )
    with jupyter.running():
        async with a_worker(jupyter, "w1") as one, opened(one, "memory.ipynb") as ada:
            assert ada.sources == ["in memory"]
            first = ada.state["hash"]
            await ada.insert(0, "live ")
            await ada.until(lambda: ada.state["hash"] != first)
            url = jupyter.url("api/contents/memory.ipynb")
            async with http.get(url) as reply:
                told = await reply.json()
            assert told["content"]["cells"][0]["source"] == "live in memory"
            told["content"]["cells"].append(notebook("", "put")["cells"][1])
            body = {"type": "notebook", "format": "json", "content": told["content"]}
            async with http.put(url, json=body) as reply:
                assert reply.status == 200
            await ada.until(lambda: ada.sources == ["live in memory", "put"])
            url = jupyter.url("api/contents/memory.ipynb")
            async with http.patch(url, json={"path": "moved.ipynb"}) as reply:
                assert reply.status == 200
            await ada.until(lambda: ada.state["path"] == "moved.ipynb")
            assert await ada.save(1) == "success"


async def test_a_change_that_comes_right_after_a_save_is_not_taken_for_it(
    store_url: str, tmp_path: Path
) -> None:
    jupyter = Jupyter(
        tmp_path,
        store_url,
        environ={"PYTHONPATH": str(REPOSITORY)},
        arguments=[
            "--ServerApp.contents_manager_class=tests.keeper.overtaken_manager.OvertakenManager"
        ],
    )
    with jupyter.running():
        path = write(jupyter, notebook("one", "two"))
        async with a_worker(jupyter, "w1") as one, opened(one, path) as ada:
            overtaking = jupyter.files / (path + ".next")
            write(jupyter, notebook("live one", "two outside"), overtaking.name)
            await ada.insert(0, "live ")
            await ada.until(lambda: ada.sources == ["live one", "two outside"])
            assert not overtaking.exists()
            await ada.insert(0, "more ")
            wanted = ["more live one", "two outside"]
            await ada.until(lambda: sources(jupyter.files / path) == wanted)
        assert ada.sources == wanted
