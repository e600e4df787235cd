"""Which kernels a bridge takes though it does not reach their sockets, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from rtstore.kernel_bridge import afar as afar_module
from rtstore.kernel_bridge.afar import Afar, Reach, is_at_hand
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from tests.support.waiting import until

KERNEL = Keys().kernel("c-1", "k-1")
GATEWAY = {"host": "here", "generation": "1", "capture": "ws"}
RING = {"host": "here", "generation": "1", "capture": "ring", "connection_file": "/nowhere"}
JOURNAL = RING | {"capture": "journal", "journal": "/nowhere/1.journal"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afar_module, "NEAR_S", 0.1)
    monkeypatch.setattr(afar_module, "FAR_S", 0.1)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as made:
        yield made


def bridge(link: Link, http: ClientSession, host: str, url: str | None = None) -> Afar:
    reach = Reach(host, url, "a secret of sixteen")
    return Afar(link, Keys(), http, contents_id="c-1", reach=reach)


async def test_a_gateways_kernel_is_taken_at_once_by_who_reaches_its_server(
    link: Link, http: ClientSession
) -> None:
    assert await bridge(link, http, "here").may_take(KERNEL, GATEWAY)
    assert not await bridge(link, http, "elsewhere").may_take(KERNEL, GATEWAY)
    assert await bridge(link, http, "elsewhere", "http://here/").may_take(KERNEL, GATEWAY)


async def test_a_kernel_that_somebody_serves_is_left_to_them(
    link: Link, http: ClientSession
) -> None:
    here = bridge(link, http, "here")
    assert not await here.may_take(KERNEL, RING)  # its own bridges may be about to
    await until(partial(here.may_take, KERNEL, RING), what="it is left to us")
    await link.command("SET", KERNEL.lease, "w 1")
    assert not await here.may_take(KERNEL, RING)
    await link.command("DEL", KERNEL.lease)
    assert not await here.may_take(KERNEL, RING)


async def test_a_kernel_of_another_host_is_taken_when_that_has_no_bridge(
    link: Link, http: ClientSession
) -> None:
    there, registry = bridge(link, http, "elsewhere", "http://here/"), Registry(link, Keys())
    told = {"host": "here", "roles": "bridge,gateway", "contents": "c-1"}
    await registry.beat("w-1", told)
    await registry.beat("w-2", told | {"roles": "gateway"})
    looks: list[bool] = []

    async def looked_often() -> bool:
        looks.append(await there.may_take(KERNEL, RING))
        return len(looks) > 20

    await until(looked_often, what="it had its time")
    assert not any(looks)
    await registry.leave("w-1")
    await until(partial(there.may_take, KERNEL, RING), what="it is left to us")


@pytest.mark.parametrize("told", [RING, JOURNAL])
def test_at_hand_is_what_can_be_read_here(told: dict[str, Any], tmp_path: Path) -> None:
    file, journal = tmp_path / "kernel.json", tmp_path / "1.journal"
    meta = told | {"connection_file": str(file), "journal": str(journal)}
    assert not is_at_hand(meta, host="here")
    file.touch()
    assert is_at_hand(meta, host="here") == (told is RING)
    journal.touch()
    assert is_at_hand(meta, host="here")
    assert not is_at_hand(meta, host="elsewhere")
    assert not is_at_hand(meta | {"afar": "1"}, host="here")
    assert is_at_hand(meta | {"afar": "0"}, host="here")  # of an earlier start
    assert not is_at_hand(GATEWAY, host="here")
    assert is_at_hand({"host": "here"}, host="here")  # it starts
