"""Who asks and does not read: what waits for one socket is bounded, whatever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pycrdt import Doc, Text

from rtstore.gateway import global_room
from rtstore.gateway.global_room import GlobalRoom
from rtstore.gateway.member import Member
from rtstore.gateway.room import Room
from rtstore.pubsub.content import content_of
from rtstore.schema import awareness, frames, updates
from rtstore.schema.awareness import ClientState
from rtstore.tasks import background
from tests.gateway.team import PATIENCE_S, Person, Worker, joined, make_document, running_worker
from tests.support.stores import Store
from tests.support.waiting import until

OUTBOX = 2**20
DOCUMENT = 2**20
TIMES = 300


@pytest.fixture
async def one(store: Store) -> AsyncIterator[Worker]:
    async with running_worker(store.url, "w1", outbox_bytes_max=OUTBOX) as worker:
        yield worker


async def _ask_often(room: Room | GlobalRoom, person: Person, questions: list[bytes]) -> int:
    """Send them all without reading; returns the most bytes that ever waited."""
    (member,) = (m for m in room._fan.members() if m.identity.user.username == person.name)
    taken, receive, most = [], room.receive, [0]

    async def counting(who: Member, data: bytes) -> None:
        await receive(who, data)
        taken.append(data)
        most[0] = max(most[0], member.outbox._transport.get_write_buffer_size())

    room.receive = counting  # type: ignore[method-assign, assignment]
    for question in questions:
        await person.socket.send_bytes(question)

    async def all_taken() -> bool:
        return sum(data in questions for data in taken) >= len(questions) or member.outbox.closed

    await until(all_taken, what="all questions are taken in", timeout_s=60)
    room.receive = receive  # type: ignore[method-assign]
    return most[0]


async def test_many_questions_of_who_does_not_read_are_answered_once(one: Worker) -> None:
    await make_document(one.link, text="x" * DOCUMENT)
    async with joined(one, "eve") as eve, joined(one, "ada") as ada:
        await eve.until(lambda: eve.synced)
        await ada.until(lambda: ada.synced)
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        questions = [frames.sync_step1(frames.EMPTY_STATE_VECTOR)] * TIMES
        newest = frames.sync_step1(eve.doc.get_state())
        most = await _ask_often(room, eve, [*questions, newest])
        assert most < OUTBOX + 2 * DOCUMENT

        await ada.type("!")
        answers: list[bytes] = []
        seen: Doc[Text] = Doc()
        while not str(seen.get("source", type=Text)).endswith("!"):
            message = await eve.socket.receive(timeout=PATIENCE_S)
            match frames.decode(message.data):
                case frames.SyncStep2(update):
                    answers.append(update)
                    seen.apply_update(update)
                case frames.Update(update):
                    seen.apply_update(update)
        assert len(answers) < 50
        assert len(answers[-1]) < 100, "the newest question has the answer"


async def test_what_a_slow_reader_missed_is_trimmed_before_it_reads(one: Worker) -> None:
    """It lags behind from an entry on that the log has no more."""
    log = await make_document(one.link)
    async with joined(one, "eve") as eve, joined(one, "ada", acknowledge="1") as ada:
        await eve.until(lambda: eve.synced)
        await ada.until(lambda: ada.synced)
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        (slow,) = (m for m in room._fan.members() if m.identity.user.username == "eve")
        told = [f"<{number}>" for number in range(60)]
        for marker in told:  # more than its socket and the outbox hold
            await ada.type(marker + "y" * 200_000)
        await ada.type("<last>")
        said = len(told) + 2  # with the answer to the sync step 1
        await ada.until(lambda: ada.stored[-1:] == [said], within_s=60)
        lag = slow.lag
        assert lag is not None

        loaded = await log.load()
        last = loaded.entries[-1].id
        whole = updates.merge(content_of(loaded))
        await log.compact(loaded.snapshot_id, last, whole, keep=last)
        (left,) = await log.read()
        assert left.id > lag.position._replace(revision=lag.position.revision + 1)

        async with background(ada.hear_for(60)):
            await eve.until(lambda: "<last>" in eve.text, within_s=60)
        assert [marker for marker in told if eve.text.count(marker) != 1] == []
        assert eve.text.count("<last>") == 1
        assert eve.text == ada.text


async def test_many_questions_who_is_here_are_answered_once(one: Worker) -> None:
    await make_document(one.link)
    async with joined(one, "eve") as eve, joined(one, "ada") as ada:
        await eve.until(lambda: eve.synced)
        await _talk(ada)
        await eve.until(lambda: len(eve.people) == 10)
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        most = await _ask_often(room, eve, [b"\x03"] * TIMES)
        assert most < OUTBOX + 2 * 2**20
        await ada.type("!")
        await eve.until(lambda: eve.text == "hello!")


async def test_in_the_global_room_who_does_not_read_is_closed(one: Worker) -> None:
    room = global_room.NAME
    async with joined(one, "eve", room=room) as eve, joined(one, "ada", room=room) as ada:
        await eve.until(lambda: eve.was_told)
        await _talk(ada)
        await eve.until(lambda: len(eve.people) == 10)
        most = await _ask_often(one.gateway.global_room, eve, [b"\x03"] * TIMES)
        assert most < OUTBOX + 2 * 2**20
        assert await eve.until_closed() in (1006, 1013)  # 1006: it took not even the close


async def _talk(person: Person) -> None:
    """Much presence: 600 kB."""
    told = [ClientState(n, 1, {"x": "y" * 60_000}) for n in range(10)]
    await person.socket.send_bytes(frames.awareness(awareness.encode(told)))
