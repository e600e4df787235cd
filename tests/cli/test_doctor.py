"""``rtstore doctor``: what it finds, what it says to do, and the ACL line that it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtstore.cli.doctor import acl_line
from rtstore.errors import StoreRefused
from rtstore.redis_backend.connection import connect
from tests.cli.command import rtstore
from tests.client.cast import texts
from tests.gateway.team import Worker, make_document, running_worker
from tests.support.stores import Store, flavours


async def test_a_good_store_is_good(store: Store, worker: Worker, tmp_path: Path) -> None:
    told = {"RTSTORE_REDIS_URL": store.url, "RTSTORE_SECRET": "a-secret-of-16-or-more"}
    ran = await rtstore("doctor", home=tmp_path, **told)
    assert ran.status == 0, ran
    assert f"{store.url} answers" in ran.out
    assert "maxmemory-policy is noeviction" in ran.out
    assert "appendonly is on" in ran.out
    assert "0 broken" in ran.out
    assert "a-secret" not in ran.out
    lines = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines() if line.split()}
    assert lines["RTSTORE_REDIS_URL"] == [store.url, "environment"]
    assert lines["RTSTORE_WORKERS"] == ["2", "default"]
    assert lines["jupyterlab"]


async def test_a_store_that_evicts_or_forgets_is_found(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    await worker.link.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    await worker.link.command("CONFIG", "SET", "appendonly", "no")
    ran = await rtstore("doctor", "--redis", store.url, home=tmp_path)
    assert ran.status == 1
    assert "FAIL  maxmemory-policy is allkeys-lru" in ran.out
    assert "CONFIG SET maxmemory-policy noeviction" in ran.out
    assert "warn  appendonly is off" in ran.out


async def test_no_store_is_found_and_its_password_is_not_shown(tmp_path: Path) -> None:
    ran = await rtstore("doctor", "--redis", "redis://ann:pw-of-ann@127.0.0.1:1", home=tmp_path)
    assert ran.status == 1
    assert "FAIL  no store at redis://ann:***@127.0.0.1:1: connection refused" in ran.out
    assert "pw-of-ann" not in ran.out


async def test_a_rival_that_a_user_enables_is_found(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    enabled = {"ServerApp": {"jpserver_extensions": {"rtstore": False, "jupyter_lsp": True}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(enabled))
    # In a virtual environment of one's own, its files go over the user's unless this says no.
    ran = await rtstore("doctor", home=tmp_path, JUPYTER_PREFER_ENV_PATH="0")
    assert ran.status == 1
    assert f"rtstore is switched off in {config}/jupyter_server_config.json" in ran.out
    assert "jupyter server extension enable rtstore" in ran.out


@pytest.mark.parametrize("store", flavours(clusters=False), indirect=True)
async def test_the_acl_line_lets_workers_and_commands_do_their_work(
    store: Store, tmp_path: Path
) -> None:
    async with connect(store.url, name="admin") as link:
        await link.command(*acl_line("rt").replace(">PASSWORD", ">pw-of-workers").split())
    url = store.url.replace("unix://", "unix://rtstore:pw-of-workers@")
    async with running_worker(url, "w1") as one, running_worker(url, "w2") as two:
        await make_document(one.link)
        async with texts(one, two) as (mine, theirs):
            mine.append("!")
            await theirs.until(lambda: theirs.value == "hello!")
            for command in (("docs", "--all"), ("log", "a.txt"), ("cat", "a.txt"), ("doctor",)):
                ran = await rtstore(*command, "--redis", url, home=tmp_path)
                assert ran.status == 0, ran
        with pytest.raises(StoreRefused, match="NOPERM"):
            await one.link.command("SET", "not-ours", "1")
        denied = await rtstore("doctor", "--redis", url, home=tmp_path, RTSTORE_KEY_PREFIX="own")
        assert denied.status == 1
        assert "NOPERM" in denied.out
        assert "give its user the rights of the line below" in denied.out
        assert "~own:* &own:*" in denied.out
