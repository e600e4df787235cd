"""What a Jupyter server has is seen live, by who may see it; what is asked for is done."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from aiohttp import ClientSession

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.live_state import SERVER, LiveState
from tests.live.looker import looking, server_id
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _http(lab: Lab) -> ClientSession:
    return ClientSession(headers={"Authorization": f"token {lab.token}"})


async def test_a_kernel_is_seen_from_its_start_to_its_end(lab: Lab) -> None:
    async with looking(lab) as ann, looking(lab, at=f"{lab.workers()[1].url}/") as bob:
        await ann.until(lambda: "python3" in ann.tables["kernelspecs"])
        assert ann.tables["status"]["server"]["is_up"]
        started = await ann.ask("kernel.start", name="python3")
        assert started["state"] == "ok", started
        kernel_id = started["result"]["kernel_id"]
        for one in (ann, bob):  # each wakes when it hears something itself
            await one.until(lambda one=one: kernel_id in one.tables["kernels"])  # type: ignore[misc]
        again = await ann.ask("kernel.restart", kernel_id=kernel_id)
        assert (again["state"], again["result"]) == ("ok", None)
        await bob.until(lambda: bob.tables["kernels"][kernel_id]["starts"] == 2)
        assert (await bob.ask("kernel.interrupt", kernel_id=kernel_id))["state"] == "ok"
        assert (await bob.ask("kernel.shutdown", kernel_id=kernel_id))["state"] == "ok"
        await ann.until(lambda: kernel_id not in ann.tables["kernels"])
        gone = await ann.ask("kernel.restart", kernel_id=kernel_id)
        assert (gone["state"], gone["error"]["status"]) == ("error", 404)


async def test_cells_are_run_and_the_kernel_shows_which(lab: Lab) -> None:
    wait = "import os, time\nwhile not os.path.exists('seen.txt'): time.sleep(0.05)"
    lab.write_notebook("run.ipynb", [wait, "print('done')"])
    async with looking(lab) as ann:
        asked = asyncio.ensure_future(
            ann.ask("cell.run", path="run.ipynb", cells=["cell-0", "cell-1"])
        )

        def busy() -> Any:
            kernels = [k for k in ann.tables["kernels"].values() if k["path"] == "run.ipynb"]
            return next((k for k in kernels if k["run"] and k["state"] == "busy"), None)

        kernel = await ann.until(busy)
        assert kernel["run"]["cell"] == "cell-0"
        (session,) = [s for s in ann.tables["sessions"].values() if s["kernel_id"] == kernel["id"]]
        assert session["path"] == "run.ipynb"
        (lab.notes / "seen.txt").touch()
        done = await asked
        assert done["state"] == "ok", done
        assert [one["state"] for one in done["result"]["runs"]] == ["ok", "ok"]
        kernel_id = done["result"]["kernel_id"]
        assert kernel_id == kernel["id"]
        await ann.until(lambda: ann.tables["kernels"][kernel_id]["state"] == "idle")
        told = await ann.ask("kernel.complete", kernel_id=kernel_id, code="time.sle", cursor_pos=8)
        assert "sleep" in str(told["result"]["matches"])
        told = await ann.ask("kernel.inspect", kernel_id=kernel_id, code="print", cursor_pos=3)
        assert told["result"]["found"]
        told = await ann.ask("kernel.is_complete", kernel_id=kernel_id, code="for x in y:")
        assert told["result"]["status"] == "incomplete"
        told = await ann.ask("kernel.history", kernel_id=kernel_id)
        assert told["result"]["status"] == "ok"
        ended = await ann.ask("session.delete", session_id=session["id"])
        assert ended["state"] == "ok"
        await ann.until(lambda: session["id"] not in ann.tables["sessions"])


async def test_a_kernel_is_idle_as_soon_as_rest_says_so(lab: Lab) -> None:
    """Jupyter calls it starting until it says something: to who connects, as a page does."""
    async with looking(lab) as ann, _http(lab) as http:
        kernel_id = (await ann.ask("kernel.start", name="python3"))["result"]["kernel_id"]
        where = f"{lab.url}api/kernels/{kernel_id}"

        async def is_idle() -> bool:
            async with http.get(where) as reply:
                return bool((await reply.json())["execution_state"] == "idle")

        async with http.ws_connect(f"{where}/channels"):
            await until(is_idle, what="REST says idle", timeout_s=20.0)
            await ann.until(
                lambda: ann.tables["kernels"].get(kernel_id, {}).get("state") == "idle",
                within_s=5.0,
            )
        await ann.ask("kernel.shutdown", kernel_id=kernel_id)


async def test_a_cell_that_is_not_there_is_an_error(lab: Lab) -> None:
    lab.write_notebook("few.ipynb", ["1"])
    async with looking(lab) as ann:
        told = await ann.ask("cell.run", path="few.ipynb", cells=["no such cell"])
        assert told["state"] == "error", told
        assert "no such cell" in told["error"]["message"]
        told = await ann.ask("cell.run", path="none.ipynb", cells=["x"])
        assert (told["state"], told["error"]["status"]) == ("error", 404), told


async def test_a_terminal_is_seen(lab: Lab) -> None:
    async with looking(lab) as ann:
        made = await ann.ask("terminal.create")
        name = made["result"]["name"]
        await ann.until(lambda: name in ann.tables["terminals"])
        assert (await ann.ask("terminal.delete", name=name))["state"] == "ok"
        await ann.until(lambda: name not in ann.tables["terminals"])


async def test_what_is_done_to_files_is_seen_whoever_does_it(lab: Lab) -> None:
    folder = lab.notes / "data é"
    folder.mkdir()
    async with looking(lab) as ann, looking(lab, "dir:{S}:data é") as there:
        await there.until(lambda: there.tables["directory"]["directory"]["state"] == "ok")
        assert there.tables["contents"] == {}

        def names() -> set[str]:
            return set(there.tables["contents"])

        (folder / "outside.txt").write_text("by another program")
        await there.until(lambda: names() == {"outside.txt"})
        assert there.tables["contents"]["outside.txt"]["type"] == "file"
        # It may be seen before it is written.
        await there.until(lambda: there.tables["contents"]["outside.txt"]["size"] == 18)
        os.utime(folder / "outside.txt", (1, 1))
        await there.until(
            lambda: there.tables["contents"]["outside.txt"]["last_modified"].startswith("1970")
        )
        told = await ann.ask(
            "contents.upload", path="data é/up.txt", content="héllo", format="text"
        )
        assert told["result"]["path"] == "data é/up.txt", told
        assert "content" not in told["params"]
        await there.until(lambda: "up.txt" in names())
        assert (folder / "up.txt").read_text() == "héllo"
        await ann.ask("contents.rename", path="data é/up.txt", new_path="data é/b.txt")
        await there.until(lambda: "b.txt" in names() and "up.txt" not in names())
        copy = await ann.ask("contents.copy", path="data é/b.txt", to="data é")
        await there.until(lambda: copy["result"]["name"] in names())
        made = await ann.ask("contents.create", path="data é", type="notebook")
        await there.until(lambda: made["result"]["name"] in names())
        await ann.ask("contents.delete", path="data é/b.txt")
        await there.until(lambda: "b.txt" not in names())
        (folder / "outside.txt").unlink()
        await there.until(lambda: "outside.txt" not in names())
        (folder / ".hidden").write_text("")
        (folder / "last.txt").write_text("")
        await there.until(lambda: "last.txt" in names())
        assert ".hidden" not in names()


async def test_a_directory_is_listed_as_the_contents_manager_lists_it(lab: Lab) -> None:
    folder = lab.notes / "mixed"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").write_text("")
    (folder / "__pycache__").mkdir()
    (folder / "page.html").write_text("<p>")
    (folder / "to a page").symlink_to(folder / "page.html")
    (folder / "to nothing").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe")
    lab.write_notebook("mixed/a.ipynb")
    async with _http(lab) as http, looking(lab, "dir:{S}:mixed") as there:
        async with http.get(f"{lab.url}api/contents/mixed") as reply:
            models = {one["name"]: one for one in (await reply.json())["content"]}
        shown = there.tables["contents"]
        assert shown.keys() == models.keys()
        for name, record in shown.items():
            same = ("path", "type", "size", "mimetype", "writable", "created", "last_modified")
            assert {k: record[k] for k in same} == {k: models[name][k] for k in same}


async def test_checkpoints(lab: Lab) -> None:
    (lab.notes / "kept.txt").write_text("first")
    async with looking(lab) as ann:
        made = await ann.ask("checkpoint.create", path="kept.txt")
        assert made["state"] == "ok", made
        (lab.notes / "kept.txt").write_text("second")
        listed = await ann.ask("checkpoint.list", path="kept.txt")
        assert [one["id"] for one in listed["result"]] == [made["result"]["id"]]
        back = await ann.ask(
            "checkpoint.restore", path="kept.txt", checkpoint_id=made["result"]["id"]
        )
        assert back["state"] == "ok", back
        assert (lab.notes / "kept.txt").read_text() == "first"


def _errors(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Among what else is told."""
    return [one for one in messages if one["type"] == "error"]


async def test_who_writes_is_refused_and_told_what_to_do(lab: Lab) -> None:
    async with looking(lab) as ann:
        await ann.until(lambda: ann.version)
        for text in ("no json", "[]", '{"type": "changes"}', '"x"'):
            at = len(ann.messages)
            await ann.socket.send_str(text)
            await ann.until(lambda at=at: _errors(ann.messages[at:]))  # type: ignore[misc]
        bad = await ann.ask("kernel.fly")
        assert "kernel.restart" in bad["message"]
        bad = await ann.ask("kernel.restart")
        assert "kernel_id: is missing" in bad["message"]
        await ann.socket.send_bytes(b"\0\0\1\0")
        assert await ann.until(lambda: ann.code) == 4400


@pytest.mark.parametrize("room", ["dir:{S}:no such directory", "dir:{S}:../..", "server:other"])
async def test_a_room_that_there_is_not(lab: Lab, room: str) -> None:
    async with looking(lab, room) as ann:
        assert await ann.until(lambda: ann.code) == 4404


async def test_over_http(lab: Lab) -> None:
    async with _http(lab) as http:
        name = await server_id(http, lab)
        async with http.get(f"{lab.url}rtstore/live/server:{name}") as reply:
            told = await reply.json()
            assert (reply.status, told["type"]) == (200, "snapshot")
        async with http.get(f"{lab.url}rtstore/live/dir:{name}:none") as reply:
            assert reply.status == 404
        async with http.get(
            f"{lab.url}rtstore/live/server:{name}", headers={"Accept": "text/event-stream"}
        ) as stream:
            first = await _event(stream)
            assert (first[0], first[1]["type"]) == ("snapshot", "snapshot")
            asked = {"id": "once-1", "action": "terminal.create", "params": {"name": "sse"}}
            for status in (201, 200):
                async with http.post(f"{lab.url}rtstore/actions", json=asked) as reply:
                    assert reply.status == status, await reply.text()
            changed: set[tuple[str, str]] = set()
            while ("actions", "once-1") not in changed:  # other things change as well
                kind, news = await _event(stream)
                if kind == "changes":
                    changed = {(one["table"], one["id"]) for one in news["changes"]}
        async with http.get(f"{lab.url}rtstore/actions/once-1", params={"wait": "20"}) as reply:
            record = await reply.json()
        assert (record["state"], record["result"]) == ("ok", {"name": "sse"})
        async with http.get(f"{lab.url}rtstore/actions") as reply:
            assert "once-1" in [one["id"] for one in (await reply.json())["actions"]]
        for body, status in (({"action": "none"}, 400), ([], 400)):
            async with http.post(f"{lab.url}rtstore/actions", json=body) as reply:
                assert reply.status == status
    async with ClientSession() as nobody:
        async with nobody.post(f"{lab.url}rtstore/actions", json=asked) as reply:
            assert reply.status == 403
        async with nobody.get(f"{lab.url}rtstore/server") as reply:
            assert reply.status == 403


async def _event(stream: Any) -> tuple[str, dict[str, Any]]:
    async with asyncio.timeout(20):
        while True:
            line = (await stream.content.readline()).decode()
            if line.startswith("event: "):
                data = (await stream.content.readline()).decode()
                return line[7:].strip(), json.loads(data[6:])


async def test_a_missed_change_is_made_good(lab: Lab) -> None:
    """The store forgets all; the server tells it again, and who looks is told anew."""
    async with looking(lab) as ann:
        await ann.until(lambda: ann.tables["kernelspecs"])
        seen = len(ann.messages)
        async with lab.redis() as redis:
            await redis.flushall()
        await ann.until(
            lambda: (
                any(m["type"] == "snapshot" for m in ann.messages[seen:])
                and ann.tables["kernelspecs"]
            )
        )
        assert (await ann.ask("terminal.create", name="after"))["state"] == "ok"


async def test_a_kernel_of_another_server_on_this_root_is_left_alone(lab: Lab) -> None:
    root = Keys().root(lab.state_dir.name)
    async with connect(lab.store_url, name="test") as link:
        state = LiveState(link, root)
        await link.command("SET", root.instance("lives"), "host 1 1.0")
        for kernel_id, instance in (("of-another", "lives"), ("of-none", "is-gone")):
            record = {"id": kernel_id, "name": "python3", "state": "idle", "connections": 0}
            record |= {"last_activity": "2026-01-01T00:00:00Z", "starts": 1, "path": ""}
            record |= {"user": "", "run": None, "waiting": 0}
            await link.command("HSET", lab.kernel(kernel_id).meta, "instance", instance)
            await state.write(SERVER, [("kernels", kernel_id, json.dumps(record))])
        async with looking(lab) as ann:
            # What is shown first may be older than the store.
            await ann.until(lambda: "of-another" in ann.tables["kernels"])
            await ann.until(lambda: "of-none" not in ann.tables["kernels"])
            assert "of-another" in ann.tables["kernels"]
        await state.write(SERVER, [("kernels", "of-another", "")])
        left = [lab.kernel(kernel_id).meta for kernel_id in ("of-another", "of-none")]
        await link.command("DEL", root.instance("lives"), *left)


async def test_a_terminal_and_the_status_of_another_server_are_left_alone(lab: Lab) -> None:
    """Each has a terminal 1; one of the two says how servers of this root do, until it ends."""
    root = Keys().root(lab.state_dir.name)
    async with (
        connect(lab.store_url, name="test") as link,
        looking(lab) as ann,
        _http(lab) as http,
    ):
        state = LiveState(link, root)
        ours = await ann.until(lambda: ann.tables["status"].get("server"))
        seen = {"last_activity": "2026-01-01T00:00:00Z"}
        theirs: dict[str, Any] = seen | {"server": "lives", "started": "2026-01-01T00:00:00Z"}
        theirs |= {"connections": 7, "kernels": 7, "is_up": True}
        of_none = {"name": "2", "server": "is-gone"} | seen
        await link.command("SET", root.instance("lives"), "host 1 1.0")
        told = [("terminals", "1", json.dumps({"name": "1", "server": "lives"} | seen))]
        told += [("terminals", "2", json.dumps(of_none)), ("status", "server", json.dumps(theirs))]
        await state.write(SERVER, [*told, ("kernelspecs", "python3", "")])
        # When it has swept, the server knows which names are taken.
        await ann.until(
            lambda: ann.tables["status"]["server"] == theirs and "2" not in ann.tables["terminals"]
        )
        async with http.post(f"{lab.url}api/terminals", json={"name": "1"}) as reply:
            assert reply.status == 200, await reply.text()
        key = f"1@{ours['server']}"
        mine = await ann.until(lambda: ann.tables["terminals"].get(key))
        assert mine["name"] == "1"
        assert ann.tables["terminals"]["1"]["server"] == "lives"
        assert ann.tables["status"]["server"] == theirs
        assert "python3" not in ann.tables["kernelspecs"]  # it has none of that name

        gone = await ann.ask("terminal.delete", name="1", server="is-gone")
        assert (gone["state"], gone["error"]["status"]) == ("error", 404)
        deleted = await ann.ask("terminal.delete", name="1", server=ours["server"])
        assert deleted["state"] == "ok"
        await ann.until(lambda: key not in ann.tables["terminals"])
        assert ann.tables["terminals"]["1"]["server"] == "lives"
        at = len(ann.messages)
        await state.write(SERVER, [("status", "server", json.dumps(theirs | {"is_up": False}))])
        await ann.until(lambda: ann.tables["status"]["server"]["server"] == ours["server"])
        assert ann.told_since(at, "status", "server")[0]["is_up"] is False
        await ann.until(lambda: "python3" in ann.tables["kernelspecs"])
        await link.command("DEL", root.instance("lives"))
        await ann.until(lambda: "1" not in ann.tables["terminals"])
