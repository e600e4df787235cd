"""``rtstore worker``: what its log says of the store when it starts."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import pytest

from rtstore.cli import worker
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.tasks import background
from tests.cli.command import clean, rtstore
from tests.support.stores import Store
from tests.support.waiting import until

READY_S = 60.0
SECRET = {"RTSTORE_SECRET": "a-secret-of-16-or-more"}


async def test_a_worker_says_what_is_unwise_about_its_store_with_the_remedy(
    store: Store, tmp_path: Path
) -> None:
    async with store.client() as client:
        await client.config_set("maxmemory-policy", "volatile-ttl")
        await client.config_set("appendonly", "no")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "rtstore", "worker"),
        *("--redis", store.url, "--contents-id", "c-test", "--roles", "gateway"),
        env=clean(tmp_path) | SECRET,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(READY_S):
            while not any(" ready " in line for line in lines):
                line = await process.stderr.readline()
                assert line, lines
                lines.append(line.decode())
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    policy, persistence = [line for line in lines if " W " in line]
    assert "maxmemory-policy is volatile-ttl" in policy
    assert "; remedy: redis-cli CONFIG SET maxmemory-policy noeviction" in policy
    assert "appendonly is off" in persistence
    assert "; remedy: redis-cli CONFIG SET appendonly yes" in persistence


async def test_a_store_that_may_delete_documents_is_refused_in_one_line(
    store: Store, tmp_path: Path
) -> None:
    async with store.client() as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    ran = await rtstore(
        *("worker", "--redis", store.url, "--contents-id", "c-test"), home=tmp_path, **SECRET
    )

    assert ran.status == 1
    assert ran.err.startswith("rtstore: maxmemory-policy is allkeys-lru")
    assert ran.err.count("\n") == 1


async def test_a_store_that_may_delete_documents_from_now_on_is_said_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "CHECK_S", 0.01)
    caplog.set_level(logging.INFO, worker.__name__)

    async def is_said(words: str) -> bool:
        return words in caplog.text

    async with store.client() as client, connect(store.url, name="w1") as link:
        async with background(worker._check_again(link, Keys())):
            await client.config_set("maxmemory-policy", "allkeys-lru")
            await until(
                lambda: is_said("CONFIG SET maxmemory-policy noeviction"), what="it is said"
            )
            await client.config_set("maxmemory-policy", "noeviction")
            await until(lambda: is_said("the store is fit again"), what="that it is over, too")
    assert caplog.text.count("documents are not safe") == 1
