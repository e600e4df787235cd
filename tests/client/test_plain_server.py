"""A Jupyter server with jupyter-collaboration, and without rtstore: what works there."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nbformat
import pytest
from aiohttp import ClientError, ClientSession

from rtstore.client import RunFailed, connect
from rtstore.errors import JupyterUnavailable
from tests.support.waiting import until

PACKAGES = (
    "jupyter-server-ydoc>=2.1,<4",
    "jupyter-server-fileid",
    "pycrdt-store",
    "pycrdt-websocket",
    "sqlite-anyio",
    "jupyter-server-nbmodel>=0.2.9,<0.3",
)
"""Not in the development environment, where it would be found by every lab: beside it."""
RUNS_CELLS = "jupyter_server_nbmodel"
EXTENSIONS = {"jupyter_server_ydoc": True, "jupyter_server_fileid": True, "rtstore": False}
TOKEN = "of-the-plain-one"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stock back end is installed."""
    lib = tmp_path_factory.mktemp("lib")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--target", str(lib), *PACKAGES], check=True)
    return lib


@asynccontextmanager
async def plain_server(tmp: Path, lib: Path, *, runs_cells: bool = False) -> AsyncIterator[str]:
    """The URL of a server with the stock back end, whose root is `tmp`/notes."""
    (tmp / "notes").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
    home = {f"JUPYTER_{one}_DIR": str(tmp / one) for one in ("CONFIG", "DATA", "RUNTIME")}
    with (tmp / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *(f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"),
            f"--ServerApp.jpserver_extensions={EXTENSIONS | {RUNS_CELLS: runs_cells}}",
            f"--ServerApp.root_dir={tmp / 'notes'}",
            cwd=tmp,  # the stock back end keeps a file there
            env=kept | home | {"PYTHONPATH": str(lib), "HOME": str(tmp)},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        async with ClientSession() as http:

            async def answers() -> bool:
                assert process.returncode is None, (tmp / "server.log").read_text()[-3000:]
                try:
                    async with http.get(f"{url}api/status?token={TOKEN}") as reply:
                        return reply.status == 200
                except ClientError:
                    return False

            await until(answers, what="the server answers", timeout_s=60)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def test_documents_and_presence_work_and_the_rest_says_what_is_missing(
    tmp_path: Path, lib: Path
) -> None:
    async with plain_server(tmp_path, lib) as url:
        (tmp_path / "notes" / "a.txt").write_text("hello")
        cell = nbformat.v4.new_code_cell("x = 1", id="c0")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notes" / "a.ipynb")
        async with connect(url, token=TOKEN) as ann, connect(url, token=TOKEN) as bob:
            async with ann.text("a.txt") as mine, bob.text("a.txt") as theirs:
                mine.append(" world")
                theirs.delete(0, 1)
                async with asyncio.timeout(60):
                    await mine.until(lambda: mine.value == "ello world")
                    await theirs.until(lambda: theirs.value == mine.value)
                    await mine.flush()
                    await theirs.flush()
                assert not mine.is_acknowledged
                mine.presence.set(status="here")
                async with asyncio.timeout(60):
                    async for change in theirs.presence.changes():
                        if change.person.state.get("status") == "here":
                            break
                assert change.person.name.startswith("Anonymous")
                await mine.save()
            assert (tmp_path / "notes" / "a.txt").read_text() == "ello world"

            async with ann.notebook("a.ipynb") as book, bob.notebook("a.ipynb") as same:
                changes = same.cell_changes()
                added = book.append_cell("y = 2")
                book.move_cell(added.id, 0)
                async with asyncio.timeout(60):
                    assert (await anext(changes)).what == "added"
                    await same.until(lambda: [c.source for c in same.cells] == ["y = 2", "x = 1"])
                with pytest.raises(JupyterUnavailable, match="runs no cells: it has no POST"):
                    await book.cell(0).run()
            async with ann.presence(), bob.presence() as here, asyncio.timeout(60):
                assert (await anext(here.changes())).what == "came"
            with pytest.raises(JupyterUnavailable, match="no rtstore/server"):
                async with ann.server():
                    pass
            with pytest.raises(JupyterUnavailable, match="takes no actions"):
                await ann.request("terminal.create")
            with pytest.raises(JupyterUnavailable, match="no documents of applications"):
                async with ann.app("todo"):
                    pass


async def test_jupyter_server_nbmodel_runs_cells(tmp_path: Path, lib: Path) -> None:
    async with plain_server(tmp_path, lib, runs_cells=True) as url:
        code = ["print('hello'); 6 * 7", "1 / 0", "print(input('Who? '))"]
        cells = [nbformat.v4.new_code_cell(text, id=f"c{at}") for at, text in enumerate(code)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notes" / "a.ipynb")
        async with connect(url, token=TOKEN) as server, server.notebook("a.ipynb") as notebook:
            async with asyncio.timeout(90):
                run = (await (await notebook.cell(0).run()).done()).check()
                assert (run.execution_count, len(run.outputs)) == (1, 2)
                await notebook.until(lambda: len(notebook.cell(0).outputs) == 2)

                failed = await (await notebook.cell(1).run()).done()
                with pytest.raises(RunFailed, match="ZeroDivisionError"):
                    failed.check()

                asking = await notebook.cell(2).run()
                assert (question := await asking.asks()) is not None
                assert question.prompt == "Who? "
                await asking.answer("Ada")
                (await asking.done()).check()
                assert "Ada" in str(asking.outputs)
