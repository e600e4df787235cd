"""Uploads that wait for the server: nobody else's request changes what they write."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientSession

from rtstore.redis_backend.keys import Keys
from tests.live.looker import looking
from tests.support.lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextmanager
def _held(pid: int) -> Iterator[None]:
    process = psutil.Process(pid)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _browser(lab: Lab) -> ClientSession:
    """With a cookie against forgery, so that the worker need not ask Jupyter again."""
    headers = {"Cookie": "_xsrf=made-up", "X-XSRFToken": "made-up"}
    return ClientSession(headers=headers | {"Authorization": f"token {lab.token}"})


def _upload(content: str) -> dict[str, Any]:
    params = {"path": "first.txt", "content": content, "format": "text"}
    return {"id": "upload-1", "action": "contents.upload", "params": params}


async def test_a_second_request_with_its_id_leaves_an_upload_as_it_was(lab: Lab) -> None:
    at = f"{lab.workers()[0].url}/rtstore/actions"
    content = Keys().root(lab.state_dir.name).live("content:upload-1")
    async with (
        _browser(lab) as http,
        looking(lab) as ann,
        lab.redis() as redis,
    ):
        async with http.get(at) as reply:  # the worker knows the token now
            assert reply.status == 200
        with _held(lab.jupyter_pid()):
            async with http.post(at, json=_upload("the first")) as reply:
                assert reply.status == 201
            async with http.post(at, json=_upload("another")) as reply:
                assert reply.status == 400
            async with http.post(at, json=_upload("the first")) as reply:
                assert reply.status == 200
            assert await redis.get(content) == '"the first"'
        ended = await ann.until(
            lambda: (one := ann.tables["actions"].get("upload-1", {})).get("ended") and one
        )
        assert ended["state"] == "ok", ended
        assert (lab.notes / "first.txt").read_text() == "the first"
        assert not await redis.exists(content)


async def test_what_is_not_what_was_asked_for_is_not_written(lab: Lab) -> None:
    at = f"{lab.workers()[0].url}/rtstore/actions"
    asked = _upload("right") | {"id": "upload-2"}
    asked["params"]["path"] = "never.txt"
    async with (
        _browser(lab) as http,
        looking(lab) as ann,
        lab.redis() as redis,
    ):
        async with http.get(at) as reply:
            assert reply.status == 200
        with _held(lab.jupyter_pid()):
            async with http.post(at, json=asked) as reply:
                assert reply.status == 201
            await redis.set(Keys().root(lab.state_dir.name).live("content:upload-2"), '"wrong"')
        ended = await ann.until(
            lambda: (one := ann.tables["actions"].get("upload-2", {})).get("ended") and one
        )
        assert (ended["state"], ended["error"]["status"]) == ("error", 500)
        assert "SHA-256" in ended["error"]["message"]
        assert not (lab.notes / "never.txt").exists()
