"""The kernel of a notebook is told with the path of the notebook, or a moment later."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jupyter_server.services.sessions.sessionmanager import SessionManager

from rtstore.jupyter.live_tables import LiveTables
from rtstore.jupyter.sessions import one_kernel_each
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from tests.support.fake_link import FakeLink

MODEL = {"name": "python3", "execution_state": "idle", "connections": 0, "last_activity": ""}


async def test_a_kernel_without_a_path_is_told_when_no_session_is_being_made() -> None:
    path = ""
    sessions = SimpleNamespace(is_making=True)
    manager = SimpleNamespace(list_kernel_ids=lambda: ["k"], kernel_model=lambda _: MODEL)
    server: Any = SimpleNamespace(kernel_manager=manager, session_manager=sessions)
    kernels: Any = SimpleNamespace(
        instance="i", place_of=lambda _: (path, ""), starts_of=lambda _: 1
    )
    tables, link = LiveTables(server, kernels), FakeLink()
    index = KernelIndex(link, Keys(), "c")

    async def told() -> list[str]:
        return [str(one["path"]) for one in (await tables._kernels(link, index)).values()]

    assert await told() == []
    path = "a.ipynb"
    assert await told() == ["a.ipynb"]
    path, sessions.is_making = "", False
    assert await told() == [""]
    tables._told["kernels"] = {"k": {}}
    sessions.is_making = True
    assert await told() == [""]  # another notebook's session


async def test_a_session_is_being_made_while_its_kernel_starts() -> None:
    seen: list[bool] = []

    class Making(SessionManager):  # type: ignore[misc] # untyped
        async def create_session(self, **_: Any) -> dict[str, Any]:
            seen.append(made.is_making)
            return {"id": "s", "kernel": {"id": "k"}}

    made = one_kernel_each(Making, lambda: None)()
    await made.create_session(path="a.ipynb", name="a.ipynb", type="notebook")
    assert (seen, made.is_making) == ([True], False)
