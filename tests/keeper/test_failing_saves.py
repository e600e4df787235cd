"""Saves that fail: tried again without an edit, and told when it lasts."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from rtstore.errors import JupyterUnavailable, LoadFailed
from rtstore.keeper import failures
from rtstore.keeper.failures import RETRY_MAX_S, RETRY_S, UNSAVED_S, Failures
from rtstore.keeper.saver import NotSaved
from rtstore.schema.session_events import ALARM
from rtstore.tasks import background
from tests.jupyter.conftest import Jupyter, until
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import Desk, at_desk

FULL = LoadFailed("no space left on device")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "RETRY_S", 0.02)
    monkeypatch.setattr(failures, "RETRY_MAX_S", 0.1)
    monkeypatch.setattr(failures, "UNSAVED_S", 0.5)


async def edited(desk: Desk, text: str) -> None:
    await desk.typed(text)
    desk.charge.replica.edited.set()  # as by the feed


async def until_on_disk(desk: Desk, wanted: list[str]) -> None:
    async def is_there() -> bool:
        return sources(desk.file) == wanted

    await until(is_there)


async def until_tried(desk: Desk, times: int) -> None:
    wanted = desk.contents.asked["save"] + times

    async def is_tried() -> bool:
        return desk.contents.asked["save"] >= wanted

    await until(is_tried)


@pytest.mark.parametrize("error", [FULL, JupyterUnavailable("503")])
@pytest.mark.usefixtures("quick")
async def test_a_failed_autosave_is_tried_again_though_nobody_edits(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(failures, "UNSAVED_S", 600.0)  # whatever three tries take
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk, background(desk.saver.run()):
        desk.contents.refusals["save"] = error
        await edited(desk, "typed ")
        await until_tried(desk, 3)

        desk.contents.refusals.clear()
        await until_on_disk(desk, ["typed x"])
        assert desk.told(ALARM) == []


@pytest.mark.usefixtures("quick")
async def test_who_is_long_unsaved_is_told_once_until_a_save_succeeds(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk, background(desk.saver.run()):

        async def is_told() -> bool:
            return bool(desk.told(ALARM))

        for text in ("one ", "two "):
            desk.contents.events.clear()
            desk.contents.refusals["save"] = FULL
            await edited(desk, text)
            await until(is_told)
            await until_tried(desk, 5)
            (told,) = desk.told(ALARM)
            assert path in told
            assert FULL.args[0] in told

            desk.contents.refusals.clear()
            await until_on_disk(desk, [text + "x" if text == "one " else "two one x"])


@pytest.mark.usefixtures("quick")
async def test_what_can_not_be_told_is_told_later(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk, background(desk.saver.run()):
        desk.contents.refusals |= {"save": FULL, "event": JupyterUnavailable("away")}
        await edited(desk, "typed ")

        async def is_tried() -> bool:
            return desk.contents.asked["event"] > 2

        await until(is_tried)
        del desk.contents.refusals["event"]

        async def is_told() -> bool:
            return bool(desk.told(ALARM))

        await until(is_told)


@pytest.mark.usefixtures("quick")
async def test_a_reason_that_was_told_is_not_told_again(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    (jupyter.files / path).chmod(0o444)
    async with at_desk(jupyter, path) as desk, background(desk.saver.run()):
        await edited(desk, "typed ")
        await until_tried(desk, 12)  # over a second
        assert desk.told(ALARM) == [f"{path} is read-only: not saved"]

        desk.file.chmod(0o644)
        await until_on_disk(desk, ["typed x"])


@pytest.mark.usefixtures("quick")
async def test_with_autosave_off_only_a_person_tries_again(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        said = json.dumps({"autosave": False})
        await desk.charge.office.link.command("HSET", desk.charge.keys.who, "w.1", said)
        desk.contents.refusals["save"] = FULL
        await desk.typed("typed ")
        with pytest.raises(NotSaved):
            await desk.saver.save(is_asked=True)
        assert desk.saver._failures.again_at is not None

        async with background(desk.saver.run()):

            async def is_left_alone() -> bool:
                return desk.saver._failures.again_at is None

            await until(is_left_alone)
        assert desk.contents.asked["save"] == 1


async def test_a_deletion_that_a_save_finds_first_is_told_too(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        desk.file.unlink()
        await desk.typed("typed ")
        with pytest.raises(NotSaved, match="deleted"):
            await desk.saver.save()
        for _ in range(3):
            await desk.outside.told(None)

        assert desk.told(ALARM) == [f"{path} was deleted; the open document is kept"]
        with pytest.raises(NotSaved) as failed:
            await desk.saver.save()
        assert failed.value.is_told


def test_it_is_tried_less_and_less_often_and_told_in_time() -> None:
    failing = Failures()
    now, times, told = 100.0, [100.0], []
    while now < 400.0:
        if failing.note(now):
            told.append(now)
            failing.is_told = True
        assert failing.again_at is not None
        now = failing.again_at
        times.append(now)

    assert told == [100.0 + UNSAVED_S]
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] == RETRY_S
    assert max(waits) == waits[-1] == RETRY_MAX_S
    failing.clear()
    failing.note(now)
    assert failing.again_at == now + RETRY_S
