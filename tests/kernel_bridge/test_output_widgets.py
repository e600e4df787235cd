"""What a bridge tells a kernel of its Output widgets, in each order, without a kernel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from rtstore.errors import LeaseLost
from rtstore.kernel_bridge import output_widgets
from rtstore.kernel_bridge.output_widgets import OutputWidgets
from rtstore.kernel_bridge.turn import Turn
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.widget_book import WidgetBook
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import Sender
from tests.support.stores import Store

KERNEL = Keys().kernel("c-1", "k-1")
MODEL = {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel", "outputs": []}


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    async with connect(store.url, name="test") as made:
        await made.command("HSET", KERNEL.run("run"), "state", "running")
        yield made


class Kernel:
    """Writes a kernel's log, and keeps what it is told."""

    def __init__(self, link: Link) -> None:
        self.log = OutputLog(link, KERNEL)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.shown: list[tuple[str, dict[str, Any]]] = []
        self._number = 0

    async def request(self, frames: Sequence[bytes]) -> None:
        """As Channels."""
        header, content = json.loads(frames[2]), json.loads(frames[5])
        assert header["msg_type"] == "comm_msg"
        self.told.append((header["msg_id"], content["data"]))

    async def show(self, frames: Sequence[bytes]) -> None:
        """As Channels."""
        content = json.loads(frames[5])
        self.shown.append((json.loads(frames[2])["msg_id"], content["data"]))

    async def answer_show(self) -> None:
        """As our launcher does."""
        name, data = self.shown[-1]
        await self.say("comm_msg", name, comm_id="w", data=data)

    @property
    def outputs(self) -> list[str]:
        """The texts of the widget, as the kernel was told last."""
        states = [data["state"] for _, data in self.told if data["method"] == "update"]
        return [output["text"] for output in states[-1]["outputs"]]

    async def say(self, msg_type: str, parent: str = "run", /, **content: Any) -> None:
        epoch = (await self.log.begin("journal:1", {})).epoch
        self._number += 1
        entry_id = EntryId(epoch, self._number * ROOM)
        await self.log.append(
            [OutputEntry(entry_id, "iopub", msg_type, parent, "", "1", json.dumps(content))]
        )

    async def open(self) -> None:
        await self.say(
            "comm_open", comm_id="w", target_name="jupyter.widget", data={"state": MODEL}
        )

    async def update(self, parent: str = "run", method: str = "update", **state: Any) -> None:
        await self.say("comm_msg", parent, comm_id="w", data={"method": method, "state": state})

    async def print(self, text: str, parent: str = "run") -> None:
        await self.say("stream", parent, name="stdout", text=text)


class Bridge:
    """One bridge's turn."""

    def __init__(self, link: Link, kernel: Kernel, name: str = "w1") -> None:
        self.lease = Lease.of_kernel(link, KERNEL, owner=name)
        self.widgets = OutputWidgets(
            kernel.log,
            RunQueue(link, KERNEL),
            WidgetBook(link, KERNEL),
            kernel,  # type: ignore[arg-type]
            sender=Sender("s", b"k"),
            turn=Turn("1", lambda: self.lease.holding, lambda: True, lambda: None, may_show=True),
        )
        self._link, self._kernel = link, kernel

    async def take_over(self) -> None:
        assert await self.lease.acquire()
        await self.follow(await self.widgets.begin())

    async def follow(self, after: EntryId | None = None) -> None:
        for entry in await self._kernel.log.read(after or EntryId(0, 0)):
            await self.widgets.take(entry)

    async def die(self) -> None:
        """As a SIGKILL, and the lease's time."""
        await self._link.command("DEL", KERNEL.lease)


async def test_the_heir_tells_what_the_one_before_it_took(link: Link) -> None:
    kernel = Kernel(link)
    one, two = Bridge(link, kernel), Bridge(link, kernel, "w2")
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a ")
    await one.take_over()
    await one.widgets.keep()
    await kernel.print("b ")
    await one.follow()
    await one.die()  # it knew of b, and told nobody
    await kernel.print("c ")

    await two.take_over()
    await two.widgets.flush()

    assert kernel.outputs == ["a b c "]


async def test_what_the_kernel_has_not_answered_is_told_again(link: Link) -> None:
    kernel = Kernel(link)
    one, two, three = (Bridge(link, kernel, name) for name in ("w1", "w2", "w3"))
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await one.take_over()
    await one.widgets.flush()
    await one.widgets.keep()
    await one.die()

    await two.take_over()
    await two.widgets.flush()
    assert len(kernel.told) == 2
    name = kernel.told[-1][0]
    await kernel.update(name, "echo_update", outputs=kernel.told[-1][1]["state"]["outputs"])
    await kernel.say("status", name, execution_state="idle")
    await two.follow()
    await two.widgets.flush()
    await two.die()

    await three.take_over()
    await three.widgets.flush()
    assert len(kernel.told) == 2


async def test_one_that_was_replaced_keeps_nothing_more(link: Link) -> None:
    kernel = Kernel(link)
    one, two = Bridge(link, kernel), Bridge(link, kernel, "w2")
    await kernel.open()
    await one.take_over()
    await one.die()
    await two.take_over()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await one.follow()
    with pytest.raises(LeaseLost):
        await one.widgets.flush()
    assert kernel.told == []


async def test_one_thing_is_told_after_the_other(link: Link) -> None:
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await bridge.take_over()
    await bridge.widgets.flush()
    await kernel.print("b")
    await bridge.follow()
    await bridge.widgets.flush()
    assert len(kernel.told) == 1
    await bridge.widgets.flush(must=True)  # the next cell waits
    assert kernel.outputs == ["ab"]
    await kernel.update(kernel.told[0][0], "echo_update", outputs=[])  # older than what we know
    await kernel.print("c")
    await bridge.follow()
    await bridge.widgets.flush(must=True)
    assert kernel.outputs == ["abc"]


async def test_a_kernel_that_echoes_nothing_is_asked_for_all(link: Link) -> None:
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await bridge.take_over()
    await bridge.widgets.flush()
    await kernel.say("status", kernel.told[0][0], execution_state="busy")
    await kernel.say("status", kernel.told[0][0], execution_state="idle")
    await bridge.follow()
    assert [data["method"] for _, data in kernel.told] == ["update", "request_state"]
    await kernel.update(
        kernel.told[1][0], msg_id="run", outputs=kernel.told[0][1]["state"]["outputs"]
    )
    await kernel.say("status", kernel.told[1][0], execution_state="idle")
    await bridge.follow()
    await bridge.widgets.flush()
    assert len(kernel.told) == 2
    assert bridge.widgets.takes("run")


async def test_what_a_page_does_that_page_takes_care_of(link: Link) -> None:
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.open()
    await kernel.update("a page's", msg_id="a page's")
    await kernel.print("x", "a page's")
    await bridge.take_over()
    await bridge.widgets.flush()
    assert kernel.told == []
    await kernel.update("a page's", msg_id="")
    await kernel.update("a page's own", "echo_update", outputs=[{"output_type": "stream",
                        "name": "stdout", "text": "x"}])  # fmt: skip
    await kernel.update(msg_id="run")
    await kernel.print("y")
    await bridge.follow()
    await bridge.widgets.flush()
    assert kernel.outputs == ["xy"]
    assert len(kernel.told) == 1


async def test_a_kernel_that_was_started_again_is_told_nothing_of_before(link: Link) -> None:
    kernel = Kernel(link)
    one, two = Bridge(link, kernel), Bridge(link, kernel, "w2")
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await one.take_over()
    await one.widgets.keep()
    await one.die()
    await kernel.say("status", "", execution_state="starting")
    await two.take_over()
    await two.widgets.flush()
    assert kernel.told == []
    assert await WidgetBook(link, KERNEL).read() == {
        "at": str(await kernel.log.end()),
        "captures": "{}",
    }


async def test_odd_messages_stop_nothing(link: Link) -> None:
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.say("comm_open", comm_id="w", data=7)
    await kernel.say("comm_open", comm_id="w", data={"state": [1]})
    await kernel.say("comm_msg", comm_id="w", data='"msg_id"')
    await kernel.open()
    await kernel.update(msg_id="run", outputs=7)
    await kernel.say("display_data", data=3, transient=[1])
    await kernel.print("a")
    await bridge.take_over()
    await bridge.widgets.flush()
    assert kernel.told[-1][1]["state"]["outputs"][-1]["text"] == "a"


async def test_pages_are_shown_what_a_running_cell_says(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_widgets, "SHOW_EVERY_S", 0.0)
    monkeypatch.setattr(output_widgets, "SHOW_CHARS_PER_S", 10**9)
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.open()
    await kernel.update(msg_id="run")
    await bridge.take_over()
    await bridge.widgets.show()
    assert kernel.shown == []
    for text in "ab":
        await kernel.print(text)
        await bridge.follow()
        await bridge.widgets.show()
    assert len(kernel.shown) == 1  # the kernel has not answered
    assert not await bridge.widgets.flush(must=True)  # so the next cell has to wait

    await kernel.answer_show()
    await bridge.follow()
    await bridge.widgets.show()
    assert kernel.shown[-1][1]["state"]["outputs"][0]["text"] == "ab"
    await kernel.answer_show()
    await bridge.follow()
    assert await bridge.widgets.flush(must=True)
    assert kernel.outputs == ["ab"]


async def test_a_kernel_that_shows_nothing_is_not_asked_again(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_widgets, "SHOW_EVERY_S", 0.0)
    monkeypatch.setattr(output_widgets, "SHOW_CHARS_PER_S", 10**9)
    kernel = Kernel(link)
    bridge = Bridge(link, kernel)
    await kernel.open()
    await kernel.update(msg_id="run")
    await kernel.print("a")
    await bridge.take_over()
    await bridge.widgets.show()
    await kernel.say("status", kernel.shown[0][0], execution_state="idle")
    await kernel.print("b")
    await bridge.follow()
    await bridge.widgets.show()
    assert len(kernel.shown) == 1
    assert await bridge.widgets.flush(must=True)
    assert kernel.outputs == ["ab"]
