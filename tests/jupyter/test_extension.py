"""What is there once rtstore is installed: switched on, alone, and working in a plain server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientSession
from jupyter_server.extension.config import ExtensionConfigManager

from rtstore.supervisor.slots import WorkerSlot, live
from tests.jupyter.conftest import PLAIN, Jupyter, until

REPOSITORY = Path(__file__).parents[2]
SHIPPED = "rtstore/jupyter/rtstore.json"
CONFIG_FOLDER = "etc/jupyter/jupyter_server_config.d"

EARLIER_EXTENSION = """
def _load_jupyter_server_extension(serverapp):
    page = serverapp.web_app.settings.setdefault("page_config_data", {})
    page |= {
        "disableRTC": True,
        "serverSideExecution": True,
        "serverSessionRtcInfo": {"enabled": False, "provider": None},
    }
"""
"""Says what jupyterlab-chat and others say who found no back end that they know."""

OTHER_BACK_END = """
def _load_jupyter_server_extension(serverapp):
    pass
"""


def page_config(html: str) -> dict[str, Any]:
    """What the front end's PageConfig reads."""
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def with_modules(home: Path, **sources: str) -> dict[str, str]:
    """Environment in which these modules can be imported."""
    folder = home / "modules"
    folder.mkdir(parents=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return {"PYTHONPATH": str(folder)}


def user_setting(home: Path, **extensions: bool) -> None:
    """As ``jupyter server extension enable NAME --user`` writes it."""
    (home / "config").mkdir(parents=True)
    told = {"ServerApp": {"jpserver_extensions": extensions}}
    (home / "config" / "jupyter_server_config.json").write_text(json.dumps(told))


# --- switched on by being installed


def test_the_wheel_puts_our_setting_where_jupyter_looks() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared[SHIPPED] == f"{CONFIG_FOLDER}/rtstore.json"


def test_installed_beside_the_other_back_end_ours_is_on_and_it_is_off(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    folder = environment / "jupyter_server_config.d"
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / SHIPPED, folder / "rtstore.json")
    theirs = {"ServerApp": {"jpserver_extensions": {"jupyter_server_ydoc": True}}}
    (folder / "jupyter_collaboration.json").write_text(json.dumps(theirs))

    found = ExtensionConfigManager(read_config_path=[str(environment)]).get_jpserver_extensions()
    assert found == {"rtstore": True, "jupyter_server_ydoc": False}


async def test_a_user_setting_that_turns_the_other_back_end_on_is_told_with_its_remedy(
    store_url: str, tmp_path: Path, http: ClientSession
) -> None:
    user_setting(tmp_path, jupyter_server_ydoc=True)
    environ = with_modules(tmp_path, jupyter_server_ydoc=OTHER_BACK_END)
    environ["JUPYTER_PREFER_ENV_PATH"] = "0"  # else our file in a virtual environment has its way
    jupyter = Jupyter(tmp_path, store_url, environ=environ)
    with jupyter.running():
        assert "jupyter_server_ydoc is enabled" in jupyter.log
        assert "jupyter server extension disable jupyter_server_ydoc" in jupyter.log

        # Two back ends would both write the files: ours stands aside.
        async with http.put(jupyter.url("api/collaboration/session/a.txt"), json={}) as reply:
            assert reply.status == 404
        async with http.get(jupyter.url("api/contents/")) as reply:
            assert reply.status == 200


# --- what the front end is told


async def test_the_page_says_what_the_stock_front_end_needs(
    store_url: str, tmp_path: Path, http: ClientSession
) -> None:
    jupyter = Jupyter(
        tmp_path,
        store_url,
        environ=with_modules(tmp_path, an_earlier_extension=EARLIER_EXTENSION),
        extensions=PLAIN | {"rtstore": True, "an_earlier_extension": True, "jupyterlab": True},
    )
    with jupyter.running():
        async with http.get(jupyter.url("lab")) as reply:
            page = page_config(await reply.text())

    assert page["disableRTC"] is False
    assert page["serverSideExecution"] is True
    assert page["serverSessionRtcInfo"]["enabled"] is True
    assert page["serverSessionRtcInfo"]["provider"] == "jupyter_server_ydoc"
    assert page["baseUrl"] == jupyter.base_url


# --- a plain Jupyter server


@pytest.fixture
def plain(store_url: str, tmp_path: Path) -> Iterator[Jupyter]:
    """Started by nobody but its user: store and workers are its own to start."""
    jupyter = Jupyter(tmp_path, store_url, supervised=False)
    with jupyter.running():
        yield jupyter


@pytest.fixture
async def workers(plain: Jupyter) -> AsyncIterator[Callable[[], list[WorkerSlot]]]:
    """Those that live now."""

    def found() -> list[WorkerSlot]:
        roots = plain.home / "rtstore" / "roots"
        return [slot for root in roots.glob("*") for slot in live(root)]

    yield found
    for worker in found():  # only if the test failed
        os.kill(worker.pid, signal.SIGKILL)


async def test_a_plain_server_starts_workers_keeps_them_alive_and_ends_them(
    plain: Jupyter, workers: Callable[[], list[WorkerSlot]], http: ClientSession
) -> None:
    (plain.files / "a.txt").write_text("hello")

    async def session() -> Any:
        url = plain.url("api/collaboration/session/a.txt")
        async with http.put(url, json={"format": "text", "type": "file"}) as reply:
            return await reply.json() if reply.ok else None

    opened = await until(session)
    assert (opened["format"], opened["type"]) == ("text", "file")

    async def two() -> list[WorkerSlot]:
        return workers() if len(workers()) == 2 else []

    killed, other = await until(two)
    os.kill(killed.pid, signal.SIGKILL)

    async def is_back() -> bool:
        now = {worker.slot: worker.pid for worker in workers()}
        return len(now) == 2 and now[killed.slot] != killed.pid and now[other.slot] == other.pid

    await until(is_back)
    assert (await until(session))["fileId"] == opened["fileId"]

    pids = [worker.pid for worker in workers()]
    await asyncio.to_thread(plain.stop)
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


async def test_told_to_start_nothing_and_not_where_all_is_it_says_what_is_missing(
    store_url: str, tmp_path: Path, http: ClientSession
) -> None:
    half = {"RTSTORE_SUPERVISED": "1"}
    jupyter = Jupyter(tmp_path, store_url, supervised=False, environ=half)
    with jupyter.running():

        async def refused() -> str | None:
            url = jupyter.url("api/collaboration/session/a.txt")
            async with http.put(url, json={}) as reply:
                assert reply.status == 503
                text = await reply.text()
                return text if "RTSTORE_SUPERVISED is set" in text else None

        told = await until(refused)
        assert "RTSTORE_SECRET and RTSTORE_STATE_DIR must be too" in told
        async with http.get(jupyter.url("api/contents/")) as reply:
            assert reply.status == 200
