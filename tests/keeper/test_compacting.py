"""Logs that grow, entries that can't be applied, updates whose causes are missing."""

from __future__ import annotations

import asyncio

import pytest
from pycrdt import Doc, Text

from rtstore.keeper import compactor, keeper
from rtstore.redis_backend.history import History
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import updates
from rtstore.schema.varint import write_uint
from rtstore.tasks import background
from tests.gateway.team import Worker
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, opened, write
from tests.support.waiting import until

Pair = tuple[Worker, Worker]


async def test_a_long_log_is_compacted_and_archived(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compactor, "CHECK_S", 0.1)
    monkeypatch.setattr(compactor, "TAIL_ENTRIES_MAX", 50)
    monkeypatch.setattr(compactor, "KEEP_ENTRIES", 20)
    path = write(jupyter, "")
    async with (
        a_worker(jupyter, "w1") as one,
        a_worker(jupyter, "w2") as two,
        opened(one, path, kind="file", form="text") as ada,
    ):
        for number in range(300):
            await ada.person.type(f"{number},")
        wanted = "".join(f"{number}," for number in range(300))

        async with opened(two, path, "bob", kind="file", form="text") as bob:
            await bob.until(lambda: bob.text == wanted)
            async with asyncio.timeout(30):
                while len(left := await ada.log.read()) >= 120:
                    await ada.person.hear_for(0.05)
            snapshot = (await ada.log.load()).snapshot
            assert len(snapshot) < 4 * len(wanted), "a struct for each keystroke"
        async with opened(two, path, "eve", kind="file", form="text") as eve:
            assert eve.text == wanted
        history = History(one.link, ada.keys, ada.keys.tag, directory=None)
        archived = {
            entry.id: entry
            for block in await history.blocks()
            for entry in await history.read(block)
        }
        everything = sorted(archived.keys() | {e.id for e in left})
        assert [i.revision for i in everything] == list(range(len(everything)))
        doc: Doc[Text] = Doc()
        told = [e for e in [*archived.values(), *left] if e.is_content]
        doc.apply_update(updates.merge(e.update for e in told))
        assert str(doc.get("source", type=Text)) == wanted
        assert {e.user for e in archived.values() if e.kind == "u"} == {"", "ada"}


async def test_a_document_that_nobody_has_open_sleeps_and_wakes(jupyter: Jupyter) -> None:
    path = write(jupyter, "a")
    async with a_worker(jupyter, "w1", presence_ttl_s=2.0, linger_s=0.1) as one:
        async with opened(one, path, kind="file", form="text") as ada:
            await ada.person.type("b")
            gen = (await ada.log.meta())["gen"]
        log, lease = ada.log, ada.keys.lease("keep")

        async def sleeps() -> bool:
            return not await log.read() and not await one.link.command("EXISTS", lease)

        await until(sleeps, what="its log is empty, and nobody keeps it")
        assert (jupyter.files / path).read_text() == "ab"
        async with opened(one, path, kind="file", form="text") as again:
            assert again.text == "ab"
            await again.person.type("c")
            await again.until(lambda: (jupyter.files / path).read_text() == "abc")
        assert (await log.meta())["gen"] == gen


async def test_updates_without_their_causes_make_the_rooms_ask(
    jupyter: Jupyter, workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "PENDING_S", 0.2)
    monkeypatch.setattr(keeper, "LOOK_S", 0.1)
    path = write(jupyter, "a")
    async with opened(workers[0], path, kind="file", form="text") as ada:
        doc = ada.person.doc
        doc.get("source", type=Text).insert(1, "b")  # never sent
        state = doc.get_state()
        doc.get("source", type=Text).insert(2, "c")
        epoch = (await ada.log.read())[-1].id.epoch
        update = doc.get_update(state)
        await ada.log.append(update, Origin(), epoch=epoch, tag=ada.log.next_tag())
        await ada.until(lambda: (jupyter.files / path).read_text() == "abc")


async def test_what_waits_for_its_causes_outlives_a_compaction(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter after one that never came, and a deletion of another; who wrote them is away."""
    monkeypatch.setattr(compactor, "CHECK_S", 0.1)
    monkeypatch.setattr(compactor, "TAIL_ENTRIES_MAX", 50)
    monkeypatch.setattr(compactor, "KEEP_ENTRIES", 20)
    path = write(jupyter, "a")
    file = jupyter.files / path
    async with (
        a_worker(jupyter, "w1") as one,
        a_worker(jupyter, "w2") as two,
        opened(one, path, kind="file", form="text") as ada,
    ):
        cause, *waiting = _by_somebody_who_is_away(ada.person.doc.get_update())
        epoch = (await ada.log.read())[-1].id.epoch
        for update in waiting:
            last = await ada.log.append(update, Origin(), epoch=epoch, tag=ada.log.next_tag())
        for number in range(120):
            await ada.person.type(f"{number},")
        typed = "".join(f"{number}," for number in range(120))
        whole = {f"abc{typed}", f"a{typed}bc"}  # which of them, Yjs client ids decide

        async def is_compacted() -> bool:
            return (await ada.log.read(limit=1))[0].id > last

        async with background(ada.person.hear_for(60)):
            await until(is_compacted, what="they are in the snapshot only")
        await ada.until(lambda: file.read_text() == f"a{typed}")
        async with opened(two, path, "bob", kind="file", form="text") as bob:
            assert bob.text == f"a{typed}"
            await ada.log.append(cause, Origin(), epoch=epoch, tag=ada.log.next_tag())
            await bob.until(lambda: bob.text in whole)
            await bob.until(lambda: file.read_text() in whole)
        async with opened(one, path, "eve", kind="file", form="text") as eve:
            assert eve.text == bob.text == file.read_text()


def _by_somebody_who_is_away(known: bytes) -> list[bytes]:
    """Types "bx" at the end, then "c", then takes the "x" back."""
    doc: Doc[Text] = Doc()
    doc.apply_update(known)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    text = doc.get("source", type=Text)
    text += "bx"
    text += "c"
    del text[len(str(text)) - 2]
    doc.unobserve(subscription)
    return made


async def test_an_entry_that_can_not_be_applied_is_set_aside(
    jupyter: Jupyter, workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_S", 0.1)
    path = write(jupyter, "a")
    async with opened(workers[0], path, kind="file", form="text") as ada:
        await ada.person.type("b")
        await ada.until(lambda: (jupyter.files / path).read_text() == "ab")
        # Well-formed: a letter whose parent is a letter.
        parent = write_uint(ada.person.doc.client_id) + write_uint(0)
        bad = b"\x01\x01\x07\x00\x04\x00" + parent + b"\x01x\x00"
        updates.check(bad)
        epoch = (await ada.log.read())[-1].id.epoch
        bad_id = await ada.log.append(bad, Origin(), epoch=epoch, tag=ada.log.next_tag())

        async def is_set_aside() -> bool:
            entries = await ada.log.read()
            return any(e.kind == "q" and e.update == str(bad_id).encode() for e in entries)

        await until(is_set_aside, what="an entry says that it is bad")
        async with opened(workers[1], path, "bob", kind="file", form="text") as bob:
            await bob.person.type("c")
            await bob.until(lambda: (jupyter.files / path).read_text() == "abc")
        async with opened(workers[1], path, "eve", kind="file", form="text") as eve:
            assert eve.text == "abc"
