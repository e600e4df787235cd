"""What a bridge does for one kernel besides copying."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtstore.kernel_bridge import bridge, service
from rtstore.kernel_bridge.launcher import IOPUB, Journal
from rtstore.kernel_bridge.ring import Ring
from rtstore.kernel_bridge.service import Desk, Service
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.kernel_message import Sender
from rtstore.tasks import background
from tests.support.fake_link import FakeLink
from tests.support.waiting import until

KERNEL = Keys().kernel("c-1", "k-1")


async def test_journals_of_earlier_starts_go_when_a_later_one_is_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(service, "TRIM_EVERY_S", 0.01)
    for name in (
        "1.journal",
        "2.journal",
        "9.journal",
        "10.journal",
        "11.journal",
        "2.json",
        "9.journal.given",
    ):
        (tmp_path / name).touch()
    link = FakeLink()
    lease = Lease.of_kernel(link, KERNEL, owner="w")
    serving = Service(Desk(link, KernelIndex(link, Keys(), "c-1"), "w"), "k-1", lease)

    async def are_gone() -> bool:
        return len(list(tmp_path.iterdir())) == 3

    async with background(serving.tidy(str(tmp_path / "10.journal"))):
        await until(are_gone, what="the earlier ones are gone")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["10.journal", "11.journal", "2.json"]


async def test_a_kernel_that_never_stops_talking_does_not_fill_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "OUT_BYTES_MAX", 100_000)
    link = FakeLink()
    log = OutputLog(link, KERNEL)
    lease = Lease.of_kernel(link, KERNEL, owner="w")
    serving = Service(Desk(link, KernelIndex(link, Keys(), "c-1"), "w"), "k-1", lease)
    epoch = (await log.begin("journal:1", {})).epoch
    told = json.dumps({"text": "x" * 10_000})
    for number in range(1, 21):
        at = EntryId(epoch, number * ROOM)
        await log.append([OutputEntry(at, "iopub", "stream", "", "", str(number), told)])

    assert await serving.trim() == 0  # who follows has a minute
    monkeypatch.setattr(service, "FRESH_S", -1.0)
    assert await serving.trim() > 10
    assert await log.end() == EntryId(epoch, 20 * ROOM)


@pytest.mark.parametrize(("repeats", "sends_again"), [("refused", True), ("", False)])
def test_what_may_have_arrived_is_sent_again_only_to_who_refuses_it(
    repeats: str, *, sends_again: bool
) -> None:
    link = FakeLink()
    lease = Lease.of_kernel(link, KERNEL, owner="w")
    desk = Desk(link, KernelIndex(link, Keys(), "c-1"), "w")
    serving = Service(desk, "k-1", lease, ring=Ring(OutputLog(link, KERNEL), b""))
    serving._meta = {"repeats": repeats}
    assert serving._refuses_repeats() is sends_again
    assert Service(desk, "k-1", lease)._refuses_repeats()  # what writes a journal is IPython's


async def test_what_a_store_lost_is_copied_again_though_nothing_failed_while_it_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "AGAIN_S", 0.01)
    ports = {f"{one}_port": 1 for one in ("shell", "stdin", "iopub", "hb", "control")}
    connection = tmp_path / "kernel.json"
    connection.write_text(json.dumps(ports | {"ip": "127.0.0.1", "key": ""}))
    content = {"name": "stdout", "text": "1"}
    frames = Sender("s", b"").request("stream", content, msg_id="m", date="d")
    Journal(str(tmp_path / "1.journal")).write(IOPUB, frames)
    link, keys = FakeLink(), Keys()
    index, log = KernelIndex(link, keys, "c-1"), OutputLog(link, KERNEL)
    meta = {"capture": "journal", "journal": str(tmp_path / "1.journal"), "generation": "1"}
    host = {"host": "h", "state": "idle", "connection_file": str(connection)}
    await index.put("k-1", meta | host)

    class Reach:
        def reaches(self, host: str) -> bool:
            return True

    async def is_copied() -> bool:
        return "stream" in [one.type for one in await log.read(BEGINNING)]

    made = bridge.Bridge(
        Desk(link, index, "w"), Reach(), root_feed=keys.root("c-1").feed, host="h"  # type: ignore[arg-type]
    )  # fmt: skip
    async with background(made.run()):
        await until(is_copied, what="it is copied")
        await link.command("DEL", KERNEL.out)
        assert not await is_copied()
        link.cut()
        link.mend()  # before anything of ours was told that it is away
        await until(is_copied, what="it is copied again")
