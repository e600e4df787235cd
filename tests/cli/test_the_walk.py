"""docs/redis.md: the walk with redis-cli alone, in a whole lab; and its table names every key."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import redis.asyncio

from rtstore.client import connect
from rtstore.redis_backend import keys
from tests.support.lab import Lab, running_lab
from tests.support.waiting import until

PAGE = (Path(__file__).parents[2] / "docs" / "redis.md").read_text()
ROOT, DOCUMENT = "c-5f2a9be01c7d", "8d0e5c1e-6f0b-4f3a-9a57-0d9f1c0b7f42"


async def redis_cli(lab: Lab, command: str) -> str:
    """What the command prints; without redis-cli, what its reply holds."""
    words = shlex.split(command)
    if shutil.which("redis-cli"):
        process = await asyncio.create_subprocess_exec(
            *("redis-cli", "-s", unquote(lab.store_url.removeprefix("unix://")), *words[1:]),
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await process.communicate()
        return told.decode("utf-8", "replace").strip()
    client: Any = redis.asyncio.Redis.from_url(lab.store_url)
    async with client:
        if words[1] == "--scan":
            return "\n".join([name.decode() async for name in client.scan_iter(words[3])])
        reply = await client.execute_command(*words[1:])
        return reply.decode() if isinstance(reply, bytes) else str(reply)


async def test_the_walk_from_a_path_to_who_typed_last(tmp_path: Path) -> None:
    commands = re.findall(r"^\$ (redis-cli .*)$", PAGE, re.MULTILINE)
    assert [command.split()[1] for command in commands] == [
        "--scan",
        "HGET",
        "HGETALL",
        "HGETALL",
        "XREVRANGE",
    ]
    async with running_lab(tmp_path) as lab:
        lab.write_notebook("a.ipynb", ["x = 1"])
        async with connect(lab.url, token=lab.token) as ann, ann.notebook("a.ipynb") as notebook:
            notebook.cell(0).append(" + 2")
            await notebook.save()

            found = await redis_cli(lab, commands[0])
            assert re.fullmatch(r"rt:\{(.+)\}:paths", found)
            root = found[len("rt:{") : -len("}:paths")]
            document = await redis_cli(lab, commands[1].replace(ROOT, root))
            assert document in (await lab.document("a.ipynb")).tag
            there = [command.replace(DOCUMENT, document) for command in commands[2:]]

            async def says_it() -> str:
                told = await redis_cli(lab, there[0])
                return told if "x = 1 + 2" in told else ""

            view = await until(says_it, what="the view has what was typed")
            assert "a.ipynb" in view
            client = str(notebook.ydoc.client_id)

            async def is_there() -> str:
                told = await redis_cli(lab, there[1])
                return told if client in told else ""

            who = await until(is_there, what="it is written who is here")
            (person,) = (json.loads(v)["user"] for v in await _values(lab, "a.ipynb"))
            assert person in who
            log = await redis_cli(lab, there[2])
            assert person in log
            assert client in log


async def _values(lab: Lab, path: str) -> list[str]:
    async with lab.redis() as client:
        return list(await client.hvals((await lab.document(path)).who))


def test_the_page_names_every_key() -> None:
    assert keys.__doc__
    told = set(re.findall(r"(?<!\S):?(?:rt)?:(?:[\w:{}.]|<[^>]*>)+", keys.__doc__))
    assert len(told) > 15
    for name in told:
        assert f"{name}`" in PAGE, name


def test_the_page_names_every_field_of_an_entry() -> None:
    script = Path(keys.__file__).with_name("update_log_append.lua").read_text()
    for field in re.findall(r"'(kind|user|client|worker|seq|ts|update)'", script):
        assert f"`{field}`" in PAGE
